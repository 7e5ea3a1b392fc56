package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// writeDir makes dir with the file name in it; fill fails with failure.
func writeDir(dir string, replace bool, name string, failure error) error {
	return WriteDir(dir, replace, func(tmp string) error {
		return errors.Join(os.WriteFile(filepath.Join(tmp, name), nil, 0o644), failure)
	})
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

func TestWriteDir(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "a", "b")
	failure := errors.New("full")
	if err := writeDir(dir, false, "x", failure); !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	wantFiles(t, filepath.Join(top, "a"))
	if err := writeDir(dir+"/", false, "x", nil); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "x")
	if err := writeDir(dir, false, "y", nil); !errors.Is(err, ErrThere) {
		t.Errorf("got %v, want %v", err, ErrThere)
	}
	if err := writeDir(dir, true, "y", failure); !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	wantFiles(t, dir, "x")
	if err := writeDir(dir, true, "y", nil); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "y")
	wantFiles(t, filepath.Join(top, "a"), "b")
}

func TestWriteDirIntoAnEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	if err := writeDir(dir, false, "x", nil); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "x")
}

func TestAFileIsNotReplaced(t *testing.T) {
	top := t.TempDir()
	file := filepath.Join(top, "file")
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeDir(file, true, "x", nil); err == nil {
		t.Error("a folder took the place of a file")
	}
	wantFiles(t, top, "file")
}
