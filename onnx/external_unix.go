//go:build unix

package onnx

import (
	"io/fs"
	"syscall"
)

// hardLinks is the number of names that a file has.
func hardLinks(info fs.FileInfo) uint64 {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 1
	}
	return uint64(s.Nlink)
}
