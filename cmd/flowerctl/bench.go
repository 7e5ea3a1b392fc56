package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/urfave/cli/v2"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:        "bench",
		Usage:       "measure how fast this machine trains and answers",
		Subcommands: []*cli.Command{benchInferCommand(), benchTrainCommand()},
	}
}

// quantile is the value that a share q of the sorted durations is at or under
// (nearest rank), in milliseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(q*float64(len(sorted))+0.999999) - 1
	return milliseconds(sorted[min(max(i, 0), len(sorted)-1)])
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// repeat calls f for about as long as it is told, 3 times at least, and returns
// how long each call took, sorted.
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
