//go:build unix

package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// hold locks the file or folder called name until it is closed or this process ends.
// The error is errNoLocks where that cannot be done, and another one where somebody
// else has the lock, or name became another file meanwhile.
func hold(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrPermission) {
		return nil, errNoLocks
	}
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err != nil && !errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("%w: %w", errNoLocks, err)
	}
	if err == nil {
		err = same(f, name)
	}
	if err != nil {
		f.Close() // it was only read
		return nil, err
	}
	return f, nil
}

// same returns an error unless f is the file called name.
func same(f *os.File, name string) error {
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Lstat(name)
	if err == nil && !os.SameFile(opened, there) {
		err = fmt.Errorf("%s: another file by now", name)
	}
	return err
}
