//go:build unix

package lease

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// errNoLocks means that files cannot be locked there.
var errNoLocks = errors.New("files cannot be locked here")

// tryLock locks a file until it is closed or the process ends, unless another has it.
func tryLock(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%w: %w", errNoLocks, err)
	}
	return true, nil
}

// alive says whether there is a process of that number.
func alive(pid int) bool { return !errors.Is(unix.Kill(pid, 0), unix.ESRCH) }
