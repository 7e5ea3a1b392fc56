package data

import (
	"os"
	"path/filepath"
	"testing"
)

// A file that took the name, the size and the time of another is another.
func TestAFileIsNotKnownByItsTimeAlone(t *testing.T) {
	diskCache(t) // files count as old
	path := filepath.Join(t.TempDir(), "a.png")
	if err := os.WriteFile(path, pngOf(t, 3), 0o666); err != nil {
		t.Fatal(err)
	}
	was, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	key := seenFile(path, "")
	if again := seenFile(path, ""); again != key {
		t.Error("a file has two keys")
	}
	err = os.Rename(path, path+".old")
	if err == nil {
		err = os.WriteFile(path, pngOf(t, 3), 0o666)
	}
	if err == nil {
		err = os.Chtimes(path, was.ModTime(), was.ModTime())
	}
	if err != nil {
		t.Fatal(err)
	}
	if other := seenFile(path, ""); other == key {
		t.Error("two files have one key")
	}
}
