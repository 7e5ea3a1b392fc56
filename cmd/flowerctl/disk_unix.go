//go:build unix

package main

import "golang.org/x/sys/unix"

// freeDisk is what a user can still write where path is, bytes.
func freeDisk(path string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}
