package main

import "time"

// The most that flags may ask for: beyond what serves anybody, and a bound for what a
// slip of the hand can allocate.
const (
	maxBatch   = 1024 // pictures a run; beyond some hundred, no run gets faster
	maxThreads = 1024 // more cores than the machines have that this runs on
	maxSeconds = 3600 // to spend on a figure
)

// checkBatch compares sizes of --batch with the limit.
func checkBatch(sizes ...int) error {
	for _, n := range sizes {
		if n < 1 || n > maxBatch {
			return usagef("--batch: got %d, want 1 to %d", n, maxBatch)
		}
	}
	return nil
}

// checkThreads compares --threads with the limit.
func checkThreads(n int) error {
	if n < 0 || n > maxThreads {
		return usagef("--threads: got %d, want 0 to %d", n, maxThreads)
	}
	return nil
}

// secondsOf is the time that --seconds means.
func secondsOf(s float64) (time.Duration, error) {
	d := time.Duration(min(s, maxSeconds) * float64(time.Second))
	if !(s <= maxSeconds) || d <= 0 {
		return 0, usagef("--seconds: got %v, want more than 0, at most %d", s, maxSeconds)
	}
	return d, nil
}
