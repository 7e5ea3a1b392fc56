package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// only fails unless dir holds exactly the file name with that content.
func only(t *testing.T, dir, name, content string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("got %v, %v in the folder, want only %s", entries, err, name)
	}
	if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != content {
		t.Errorf("%s holds %q, %v, want %q", name, got, err, content)
	}
}

func TestFailedWriteLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := WriteBytes(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk is full")
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, strings.Repeat("half", 1<<20))
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("got error %v, want the writer's", err)
	}
	only(t, dir, "a", "old")
	if err := WriteBytes(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	only(t, dir, "a", "new")
}

func TestWriteIntoAMissingFolderFails(t *testing.T) {
	if err := WriteBytes(filepath.Join(t.TempDir(), "no", "a"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v, want one that says the folder is not there", err)
	}
}

func TestWriteOverAFolderLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(filepath.Join(dir, "a"), nil); err == nil {
		t.Error("a folder was overwritten")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("got %v, want only the folder", entries)
	}
}
