//go:build unix

package machine

import "golang.org/x/sys/unix"

// FreeDisk is what a user can still write where path is, bytes.
func FreeDisk(path string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}
