package train

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
)

func TestFindRateLeavesTheNetworkAsItWas(t *testing.T) {
	cfg := fakeConfig(t, "")
	s := cfg.Stepper
	before, state := s.Weights().Clone(), s.State()
	points, best, err := FindRate(context.Background(), s, cfg.Train, RateTest{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s.Weights(), before) || !reflect.DeepEqual(s.State(), state) {
		t.Error("weights or state have changed")
	}
	if points[0].Rate != 1e-7 || math.Abs(points[0].Loss-points[0].Smoothed) > 1e-12 {
		t.Errorf("got first point %+v, want rate 1e-7 and its own loss", points[0])
	}
	// Adam on inputs of size 1: learns from 1e-3 on, and jumps about from 1 on.
	if !(best > 1e-3 && best < 1) {
		t.Errorf("got rate %g, want one from 0.001 to 1", best)
	}
	cfg.LearningRate, cfg.Epochs = best, 4
	if o := mustRun(t, cfg); o.Best.ValAccuracy < 0.8 {
		t.Errorf("with that rate the accuracy is %g, want over 0.8", o.Best.ValAccuracy)
	}
}

func TestFindRateEndsWhenTheLossExplodes(t *testing.T) {
	cfg := fakeConfig(t, "")
	f := cfg.Stepper.(*fakeStepper)
	f.stepHook = func(step uint64) (float64, bool) { return math.Inf(1), step == 25 }
	points, _, err := FindRate(context.Background(), f, cfg.Train, RateTest{})
	if err != nil || len(points) != 25 {
		t.Errorf("got %d points, %v, want those before the infinite loss", len(points), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := FindRate(ctx, f, cfg.Train, RateTest{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if _, _, err := FindRate(context.Background(), f, cfg.Train, RateTest{Low: 1, High: 0.1}); err == nil {
		t.Error("a range that falls was accepted")
	}
}
