//go:build !unix

package machine

import "errors"

// FreeDisk is known on Unix only.
func FreeDisk(string) (uint64, error) {
	return 0, errors.New("free space is not known on this system")
}
