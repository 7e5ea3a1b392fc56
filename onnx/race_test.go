//go:build race

package onnx

// raceEnabled: the race detector takes its time.
const raceEnabled = true
