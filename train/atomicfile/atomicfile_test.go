package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
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

// about fails unless err names path, and no temporary file.
func about(t *testing.T, err error, path string) {
	t.Helper()
	var p *fs.PathError
	if !errors.As(err, &p) || p.Path != path || strings.Contains(err.Error(), ".a.") {
		t.Errorf("got error %v, want one about %s alone", err, path)
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
	path := filepath.Join(t.TempDir(), "no", "a")
	err := WriteBytes(path, nil)
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got error %v, want one that says the folder is not there", err)
	}
	about(t, err, path)
}

func TestWriteOverAFolderLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a")
	err := WriteBytes(path, nil)
	if err == nil {
		t.Fatal("a folder was overwritten")
	}
	about(t, err, path)
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("got %v, want only the folder", entries)
	}
}

// TestLinkReplacesWhatIsThere: a file first, then a link, to what need not exist.
func TestLinkReplacesWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "latest")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"a", "b"} {
		if err := Link(target, path); err != nil {
			t.Fatal(err)
		}
		if got, err := os.Readlink(path); got != target {
			t.Errorf("the link is to %q, %v, want %q", got, err, target)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v in the folder, want the link alone", entries, err)
	}
}

// Of several that create one file at the same time one does, and what is there stays.
func TestCreateReplacesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	var made atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			err := Create(path, []byte(strings.Repeat(fmt.Sprint(i), 1000)))
			if err == nil {
				made.Add(1)
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	text, err := os.ReadFile(path)
	if err != nil || made.Load() != 1 || string(text) != strings.Repeat(string(text[:1]), 1000) {
		t.Errorf("%d made it, got %.20q, %v", made.Load(), text, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("got %v, %v, want one file", left, err)
	}
}
