// Package naive computes each layer straight from its formula: the reference that
// the other engines are tested against, and the code to read first.
//
// Each layer is a pair of functions, xForward and xBackward, over slices and
// sizes: N images of H rows and W columns of C channels; O filters or outputs. One
// goroutine runs the loops in the order of the formula, with no blocking, no
// packing and no scratch memory. engine.go makes a [kernel.Engine] of them, on
// which a small network can train. It imports no other engine, and never gorgonia.
// Start at convForward in conv.go.
package naive
