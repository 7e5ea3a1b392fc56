package atomicfile

import (
	"errors"
	"path/filepath"
	"strings"
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
	var full *Full
	if !errors.Is(err, syscall.EFBIG) || !errors.As(err, &full) ||
		full.Path != filepath.Join(dir, "a") || !strings.HasPrefix(dir, full.Disk) {
		t.Fatalf("got error %v, want one about a disk with %s", err, dir)
	}
	want := full.Path + ": larger than files may become here (ulimit -f), or on the disk of " +
		full.Disk + ": file too large"
	if err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	only(t, dir, "a", "old")
}
