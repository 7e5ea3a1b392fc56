//go:build !linux

package onnx

import (
	"testing"
	"time"
)

// cpuTime is how long f takes, where a thread's own time is not to be had.
func cpuTime(_ *testing.T, f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
