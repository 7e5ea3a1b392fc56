//go:build !unix

package main

import "errors"

// freeDisk is known on Unix only.
func freeDisk(string) (uint64, error) { return 0, errors.New("free space is not known on this system") }
