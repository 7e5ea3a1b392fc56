package atomicfile

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFullDisk limits the size of files instead of filling a disk: write fails
// after its first part in the same way.
func TestFullDisk(t *testing.T) {
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := WriteBytes(filepath.Join(dir, "a"), []byte("old")); err != nil {
		t.Fatal(err)
	}
	limited := old
	limited.Cur = 2_500_000 // over what the test binary itself writes meanwhile
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited); err != nil {
		t.Fatal(err)
	}
	err := WriteBytes(filepath.Join(dir, "a"), make([]byte, 3<<20))
	if restore := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); restore != nil {
		t.Fatal(restore)
	}
	want := "write " + filepath.Join(dir, "a") + ": file too large"
	if !errors.Is(err, syscall.EFBIG) || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	only(t, dir, "a", "old")
}
