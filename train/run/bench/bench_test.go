package bench

import (
	"context"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train/run"
)

func TestSpeedIsOfTheNetworkThatWasAsked(t *testing.T) {
	settings := run.Defaults()
	settings.Arch, settings.Size, settings.Batch, settings.Threads = "tiny", 32, 4, 1
	s, err := run.OpenNetwork(settings, nil, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := Time(context.Background(), s, Options{Steps: 3, Warmup: 1, Ops: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.Arch != "tiny" || r.Batch != 4 || r.Threads != 1 || r.Steps != 3 || len(r.Ops) == 0 || r.EpochSpeed != nil {
		t.Errorf("got %+v", r)
	}
	if !(r.Minimum > 0 && r.Minimum <= r.Median && r.PerSecond > 0 && r.GFLOPS > 0) {
		t.Errorf("got minimum %g and median %g ms, %g images/s, %g GFLOP/s", r.Minimum, r.Median, r.PerSecond, r.GFLOPS)
	}
}

func TestAnEpochIsComparedWithItsSteps(t *testing.T) {
	settings := run.Defaults()
	settings.Arch, settings.Size, settings.Batch, settings.Drawn = "tiny", 32, 7, 30 // 24 to train on: a last batch of 3
	s, err := run.Open(context.Background(), settings, run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := Time(context.Background(), s, Options{Steps: 1})
	if err != nil {
		t.Fatal(err)
	}
	e := r.EpochSpeed
	if e == nil || e.Steps != s.Training.Steps() || !(e.Seconds > 0 && e.Alone > 0) || e.Overhead != e.Seconds/e.Alone-1 {
		t.Errorf("got %+v for %d steps", e, s.Training.Steps())
	}
}

func TestTheMedianIsTheMiddle(t *testing.T) {
	for n, want := range map[int]float64{1: 1, 2: 1, 3: 2, 4: 2, 5: 3} {
		var took []time.Duration
		for i := range n {
			took = append(took, time.Duration(i+1)*time.Millisecond)
		}
		if got := median(took); got != want {
			t.Errorf("of %d: got %g, want %g", n, got, want)
		}
	}
}
