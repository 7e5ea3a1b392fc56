//go:build !unix

package atomicfile

import (
	"path/filepath"
	"syscall"
)

// What Windows says where there is no room: ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL,
// ERROR_DISK_QUOTA_EXCEEDED, ERROR_FILE_TOO_LARGE.
var (
	fullCodes  = []syscall.Errno{112, 39}
	quotaCodes = []syscall.Errno{1295}
	limitCodes = []syscall.Errno{223}
)

// diskOf is the volume of path, such as C:, "" where that is not known.
func diskOf(path string) string { return filepath.VolumeName(nearest(path)) }
