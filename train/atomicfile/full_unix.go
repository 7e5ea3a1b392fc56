//go:build unix

package atomicfile

import (
	"os"
	"path/filepath"
	"syscall"
)

// What systems say where there is no room.
var (
	fullCodes  = []syscall.Errno{syscall.ENOSPC}
	quotaCodes = []syscall.Errno{syscall.EDQUOT}
	limitCodes = []syscall.Errno{syscall.EFBIG}
)

// diskOf is the folder at which the disk of path is mounted, "" where that is not known.
func diskOf(path string) string {
	path = nearest(path)
	device, ok := deviceOf(path)
	if !ok {
		return ""
	}
	for {
		above := filepath.Dir(path)
		if other, ok := deviceOf(above); !ok || other != device || above == path {
			return path
		}
		path = above
	}
}

// deviceOf is the number of the disk that path is on.
func deviceOf(path string) (number uint64, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return uint64(stat.Dev), true
}
