package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// text is a file to write.
func text(path, content string) File {
	return File{path, func(w io.Writer) error {
		_, err := io.WriteString(w, content)
		return err
	}}
}

func TestSeveralFilesAreAllWrittenOrNone(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	full := &os.PathError{Op: "write", Path: b, Err: fullCodes[0]}
	err := WriteAll(text(a, "new"), File{b, func(io.Writer) error { return full }})
	var f *Full
	if !errors.As(err, &f) || f.Path != b || !strings.Contains(f.Hint(), "no part of "+b+" was written") {
		t.Errorf("got %v, want that there is no room for b", err)
	}
	wantFiles(t, dir)
	if err := WriteAll(text(a, "new"), text(b, "old")); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "a", "b")
	err = WriteAll(text(a, "newer"), File{b, func(io.Writer) error { return full }})
	if got, _ := os.ReadFile(a); string(got) != "new" || !errors.As(err, &f) ||
		!strings.Contains(f.Hint(), b+" is as it was before") {
		t.Errorf("a holds %q after %v", got, err)
	}
	wantFiles(t, dir, "a", "b")
}

func TestOnDiskTellsOtherErrorsApart(t *testing.T) {
	other := errors.New("other")
	if OnDisk(nil, "a") != nil || OnDisk(other, "a") != other {
		t.Error("an error that is about no room was made one")
	}
	dir := t.TempDir()
	err := OnDisk(&os.PathError{Op: "mkdir", Path: "x", Err: fullCodes[0]}, filepath.Join(dir, "not", "there"))
	var f *Full
	if !errors.As(err, &f) || f.Disk == "" || !errors.Is(err, fullCodes[0]) || f.Hint() != f.Room()+
		", or write to another disk" {
		t.Errorf("got %v", err)
	}
	if OnDisk(err, "b") != err {
		t.Error("an error that names its path got another one")
	}
}

func TestLinesAreAddedWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for _, step := range []func() error{
		func() error { return AppendLine(path, []byte("one")) },
		func() error { return AppendLine(path, []byte("two")) },
		func() error { // a process that was killed
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("hal")
			return errors.Join(err, f.Close())
		},
		func() error { return AppendLine(path, []byte("three")) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); string(got) != "one\ntwo\nhal\nthree\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWhatIsLeftOfOtherFilesGoesToo(t *testing.T) {
	dir := t.TempDir()
	left := []string{".other.writing-0", ".a.b.writing-15"}
	kept := []string{".other.writing-16", ".writing-1", "other.writing-1", ".x.writing-01", ".x.writing-"}
	for _, name := range append(left, kept...) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteBytes(filepath.Join(dir, "mine"), nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range left {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there, %v", name, err)
		}
	}
	for _, name := range kept {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
}

func TestFoldersForAWhile(t *testing.T) {
	parent := t.TempDir()
	one, removeOne, err := TempDir(parent, "x")
	if err != nil {
		t.Fatal(err)
	}
	two, removeTwo, err := TempDir(parent, "x")
	if err != nil || one == two {
		t.Fatalf("got %s twice, %v", two, err)
	}
	if err := errors.Join(os.WriteFile(filepath.Join(one, "a"), nil, 0o644), removeOne(), removeTwo()); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
		t.Errorf("%v is left, %v", entries, err)
	}
}
