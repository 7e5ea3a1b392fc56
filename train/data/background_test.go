package data

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train/data/augment"
)

func TestLeavingEarlyEndsTheBackgroundWork(t *testing.T) {
	c := drawn(t)
	l := newLoader(t, c, Train, LoaderOptions{Batch: 2, Workers: 6, Shuffle: true})
	want := fmt.Sprint(keep(t, l, 0))
	before := runtime.NumGoroutine()
	for stop := range 25 {
		step := 0
		for _, err := range l.Batches(context.Background(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			if step == stop {
				break
			}
			step++
		}
	}
	func() { // a panic in the loop's body leaves early too
		defer func() { recover() }()
		for range l.Batches(context.Background(), 1) {
			panic("in the loop")
		}
	}()
	for range 1000 { // goroutines that are done may take a moment to go
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
	if got := fmt.Sprint(keep(t, l, 0)); got != want {
		t.Error("after leaving early, an epoch has other batches")
	}
}

func TestBatchesStopWhenCancelled(t *testing.T) {
	l := newLoader(t, drawn(t), Train, LoaderOptions{Batch: 1})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	var last error
	for b, err := range l.Batches(ctx, 0) {
		if last = err; err != nil {
			if b != nil {
				t.Error("a batch beside an error")
			}
			continue
		}
		if n++; n == 3 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || n != 3 {
		t.Errorf("%d batches, then %v, want 3, then %v", n, last, context.Canceled)
	}
}

// Two epochs at the same time, as a validation in the middle of training: each
// has its own buffers.
func TestEpochsMayOverlap(t *testing.T) {
	l := newLoader(t, drawn(t), Train, LoaderOptions{Batch: 4, Shuffle: true})
	want := fmt.Sprint(keep(t, l, 1))
	for range l.Batches(context.Background(), 0) {
		if got := fmt.Sprint(keep(t, l, 1)); got != want {
			t.Fatal("an epoch inside another has other batches")
		}
	}
}

func TestBatchesReuseMemory(t *testing.T) {
	l := newLoader(t, drawn(t), Train, LoaderOptions{Batch: 1, Shuffle: true, Workers: 2,
		Augment: augment.Policy{FlipH: 0.5, Rotate: 10, Mixup: 0.2}})
	epoch := func() {
		for _, err := range l.Batches(context.Background(), 0) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	epoch()
	if n := testing.AllocsPerRun(10, epoch); n > 40 {
		t.Errorf("%v allocations in an epoch of 40 steps, want none a step", n)
	}
}
