package bench

import (
	"cmp"
	"slices"
	"time"
)

// warmup is how many runs are not counted. They allocate memory, and on a GPU cuDNN
// chooses its algorithms.
const warmup = 3

// quantile is the least duration that a share q of the sorted ones does not exceed
// (nearest rank), in milliseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(q*float64(len(sorted))+0.999999) - 1
	return milliseconds(sorted[min(max(i, 0), len(sorted)-1)])
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// repeat calls f for about as long as the limit, at least 3 times, and returns how
// long each call took, sorted.
func repeat(limit time.Duration, f func() error) ([]time.Duration, error) {
	var took []time.Duration
	for start := time.Now(); len(took) < 3 || time.Since(start) < limit; {
		before := time.Now()
		if err := f(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(before))
	}
	slices.SortFunc(took, cmp.Compare[time.Duration])
	return took, nil
}
