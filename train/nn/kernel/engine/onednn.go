//go:build onednn

package engine

import (
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/onednn"
)

// Default returns the fastest engine that the program was built with: oneDNN.
// Zero threads means as many as Go uses.
func Default(threads int) (kernel.Engine[float32], error) { return onednn.New(threads) }

// BF16 says whether convolutions take less time in bfloat16, by instructions of the
// processor that the engine uses; else they are emulated, and take more.
func BF16() bool { return onednn.BF16() }

// Description names what Default returns: "onednn 2.6.3".
func Description() string { return onednn.Version() }
