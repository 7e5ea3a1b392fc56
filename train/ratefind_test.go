package train

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
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
	if !errors.Is(err, ErrNoFall) || len(points) != 25 {
		t.Errorf("got %d points, %v, want those before the infinite loss, at rates that are too small", len(points), err)
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

// TestFindRateSeesThroughTheNoiseOfBatches: the loss falls by 0.6 around a rate of
// 0.01 and explodes from 1 on; that of a batch is up to 0.4 off.
func TestFindRateSeesThroughTheNoiseOfBatches(t *testing.T) {
	for seed := range uint64(200) {
		for _, fall := range []float64{0.6, 0} {
			points, best, err := findNoisy(t, seed, fall)
			switch {
			case fall > 0 && (err != nil || !(best > 2e-3 && best < 5e-2)):
				t.Errorf("seed %d: got rate %g, %v, want one near 0.01", seed, best, err)
			case fall == 0 && (!errors.Is(err, ErrNoFall) || len(points) == 0):
				t.Errorf("seed %d: got rate %g, %v, want that the loss never fell", seed, best, err)
			}
		}
	}
}

// findNoisy is FindRate on losses that fall by that much.
func findNoisy(t *testing.T, seed uint64, fall float64) ([]RatePoint, float64, error) {
	cfg := fakeConfig(t, "")
	f := cfg.Stepper.(*fakeStepper)
	rng, step := rand.New(rand.NewPCG(seed, 1)), 0.0
	f.stepHook = func(uint64) (float64, bool) {
		decade := -7 + 8*step/99
		step++
		learnt := fall / (1 + math.Exp(-(decade+2)*4))
		return 1.8 - learnt + math.Exp(8*decade) + max(-0.4, min(0.15*rng.NormFloat64(), 0.4)), true
	}
	return FindRate(t.Context(), f, cfg.Train, RateTest{})
}

func TestFindRateSuitsTheOptimizer(t *testing.T) {
	rate := map[string]float64{}
	for _, optimizer := range []string{"sgd", "adam", "rmsprop"} {
		cfg := fakeConfig(t, "")
		cfg.Stepper = newFake(t, optimizer, 1)
		_, best, err := FindRate(t.Context(), cfg.Stepper, cfg.Train, RateTest{})
		if err != nil {
			t.Fatalf("%s: %v", optimizer, err)
		}
		rate[optimizer] = best
	}
	if !(rate["sgd"] > 0.01 && rate["sgd"] < 5 && rate["adam"] < 1 && rate["rmsprop"] < 1) {
		t.Errorf("got rates %v", rate)
	}
}
