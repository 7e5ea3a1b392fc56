package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWritableLeavesNothing: neither the folders that it made, nor a file.
func TestWritableLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := Writable(filepath.Join(dir, "a", "b")); err != nil {
		t.Errorf("got %v", err)
	}
	if err := Writable(dir); err != nil {
		t.Errorf("a folder that is there: got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("got %v, %v, want an empty folder", entries, err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, below := range []string{file, filepath.Join(file, "logs")} {
		if err := Writable(below); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: got %v, want an error that names it", below, err)
		}
	}
}
