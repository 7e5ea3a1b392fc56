package data

import (
	"io/fs"
	"syscall"
	"time"
)

// changeOf is when a file's data or facts changed last, which no program can set back, and
// its number. They tell a file from one that took its name with its time.
func changeOf(info fs.FileInfo) (changed time.Time, inode uint64) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, 0
	}
	return time.Unix(stat.Ctim.Unix()), stat.Ino
}
