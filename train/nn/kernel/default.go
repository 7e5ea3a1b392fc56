//go:build !onednn

package kernel

import "fmt"

// Default returns the fastest engine that the program was built with: Go, for
// want of the build tag onednn. Zero threads means as many as Go uses.
func Default(threads int) (Engine[float32], error) {
	if threads < 0 {
		return nil, fmt.Errorf("kernel: %d threads, want 0 or more", threads)
	}
	return NewGo[float32](threads), nil
}

// Description names what Default gives, for --version: "go".
func Description() string { return "go" }
