//go:build !linux

package onnx

import (
	"testing"
	"time"
)

// cpuTime returns how long f takes, on systems without the time of a thread.
func cpuTime(_ *testing.T, f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
