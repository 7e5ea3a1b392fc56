//go:build onednn

package kernel

// Default returns the fastest engine that the program was built with: oneDNN.
// Zero threads means as many as Go uses.
func Default(threads int) (Engine[float32], error) { return NewOneDNN(threads) }

// Description names what Default gives, for --version: "onednn 2.6.3".
func Description() string { return oneDNNVersion() }
