//go:build unix

package diskcache

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Hold marks a file as used until it is closed or the process ends: any number of
// processes may. Where files cannot be locked it does nothing.
func Hold(f *os.File) error { return ignoreNoLocks(flock(f, unix.LOCK_SH)) }

// Lock locks a file or folder for this process alone until it is closed or the process
// ends; ErrHeld where another one has or holds it.
func Lock(f *os.File) error { return flock(f, unix.LOCK_EX) }

func flock(f *os.File, how int) error {
	err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrHeld
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNoLocks, err)
	}
	return nil
}

func ignoreNoLocks(err error) error {
	if errors.Is(err, errNoLocks) {
		return nil
	}
	return err
}
