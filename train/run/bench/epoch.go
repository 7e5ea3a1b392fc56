package bench

import (
	"context"
	"slices"
	"time"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
)

// EpochSpeed says what an epoch of training costs besides its steps: augmenting and
// preparing the batches ahead, on the cores that the steps compute on.
type EpochSpeed struct {
	Steps    int     `json:"epoch_steps"`
	Seconds  float64 `json:"epoch_s"`
	Alone    float64 `json:"epoch_steps_s"`  // as many steps on batches that are there already
	Overhead float64 `json:"epoch_overhead"` // share by which the epoch takes longer
	Wait     float64 `json:"input_wait_ms"`  // for a batch, mean of a step
}

// timeEpoch times an epoch between two times its steps alone, so that a machine that
// slows down or speeds up meanwhile does not count. Validation and files are left out.
func timeEpoch(ctx context.Context, s *run.Session) (*EpochSpeed, error) {
	// One pass without steps: the batches, and the memory that preparing them takes.
	var full, last *data.Batch
	for b, err := range s.Training.Batches(ctx, 0) {
		if err != nil {
			return nil, err
		}
		if full == nil {
			full = cloneBatch(b)
		}
		if b.N != full.N {
			last = cloneBatch(b)
		}
	}
	e := &EpochSpeed{Steps: s.Training.Steps()}
	step := func(b *data.Batch) error { _, err := s.Network.Step(ctx, b, s.Settings.LR); return err }
	alone := func() (time.Duration, error) {
		start := time.Now()
		for i := range e.Steps {
			b := full
			if i == e.Steps-1 && last != nil {
				b = last
			}
			if err := step(b); err != nil {
				return 0, err
			}
		}
		return time.Since(start), nil
	}
	if last != nil { // a batch size of its own: its graph is made at the first step
		if err := step(last); err != nil {
			return nil, err
		}
	}
	before, err := alone()
	if err != nil {
		return nil, err
	}
	took, waited, err := runEpoch(ctx, s, step)
	if err != nil {
		return nil, err
	}
	after, err := alone()
	if err != nil {
		return nil, err
	}
	e.Seconds, e.Alone = took.Seconds(), (before+after).Seconds()/2
	e.Overhead = e.Seconds/e.Alone - 1
	e.Wait = milliseconds(waited) / float64(e.Steps)
	return e, nil
}

// runEpoch does the steps of an epoch and returns how long it took, and how long of
// it there was no batch.
func runEpoch(ctx context.Context, s *run.Session, step func(*data.Batch) error) (
	took, waited time.Duration, err error) {
	start := time.Now()
	asked := start
	for b, err := range s.Training.Batches(ctx, 1) {
		waited += time.Since(asked)
		if err != nil {
			return 0, 0, err
		}
		if err := step(b); err != nil {
			return 0, 0, err
		}
		asked = time.Now()
	}
	return time.Since(start), waited, nil
}

// cloneBatch copies a batch, which is its loader's only until the next.
func cloneBatch(b *data.Batch) *data.Batch {
	c := *b
	c.Pixels, c.Targets = slices.Clone(b.Pixels), slices.Clone(b.Targets)
	c.Weights = slices.Clone(b.Weights)
	c.Labels, c.Indices = slices.Clone(b.Labels), slices.Clone(b.Indices)
	return &c
}
