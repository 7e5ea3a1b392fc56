//go:build !onednn

package engine

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic"
)

// Default returns the fastest engine that the program was built with: Go, in a
// build without the tag onednn. Zero threads means as many as Go uses.
func Default(threads int) (kernel.Engine[float32], error) {
	if threads < 0 {
		return nil, fmt.Errorf("kernel: %d threads, want 0 or more", threads)
	}
	return generic.New[float32](threads), nil
}

// BF16 says whether convolutions take less time in bfloat16, by instructions of the
// processor that the engine uses; else they are emulated, and take more.
func BF16() bool { return false }

// Description names what Default returns: "go".
func Description() string { return "go" }
