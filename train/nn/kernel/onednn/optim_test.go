//go:build onednn

package onednn

import (
	"math"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train/nn/kernel/kerneltest"
	"github.com/flowerctl/flowerctl/train/optim"
)

// TestOptimizersAgreeWithGo compares every optimizer on the engine's fast paths with
// the same one in Go, through three steps.
func TestOptimizersAgreeWithGo(t *testing.T) {
	for _, c := range []struct {
		name, optimizer string
		config          optim.Config
	}{
		{"sgd", "sgd", optim.Config{}},
		{"momentum", "sgd", optim.Config{Momentum: 0.9}},
		{"nesterov", "sgd", optim.Config{Momentum: 0.9, Nesterov: true}},
		{"adam", "adam", optim.Config{Beta2: 0.99, Epsilon: 1e-3}},
		{"adamw", "adamw", optim.Config{Beta2: 0.99, Epsilon: 1e-3, WeightDecay: 0.1}},
		{"rmsprop", "rmsprop", optim.Config{Epsilon: 1e-3}},
		{"adagrad", "adagrad", optim.Config{Epsilon: 1e-3}},
		{"adadelta", "adadelta", optim.Config{Epsilon: 1e-3}},
	} {
		got := updated(t, c.optimizer, c.config, open(t, 2))
		want := updated(t, c.optimizer, c.config, optim.NewVector(2))
		for name := range want {
			near(t, c.name+": "+name, got[name], want[name])
		}
	}
}

// updated returns weights, and the accumulators of an optimizer, after three steps
// from random ones.
func updated(t *testing.T, name string, cfg optim.Config, v optim.Vector) map[string][]float32 {
	t.Helper()
	const n = 100_003
	cfg.Vector = v
	o, err := optim.New(name, cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := optim.Param{Name: "w", Value: kerneltest.Gaussian[float32]("w", n),
		Grad: kerneltest.Gaussian[float32]("g", n)}
	o.Update([]optim.Param{p}, 0) // makes the accumulators
	start := o.State()
	for slot, values := range start.Slots {
		for i, x := range kerneltest.Gaussian[float32](slot, n) {
			values[i] = x * x // most are of squares
		}
	}
	if err := o.Restore(start); err != nil {
		t.Fatal(err)
	}
	copy(p.Value, kerneltest.Gaussian[float32]("w", n))
	for range 3 {
		o.Update([]optim.Param{p}, 0.1)
	}
	results := o.State().Slots
	results["w"] = p.Value
	return results
}

func TestScaleEMAAndSumSquaresAgreeWithGo(t *testing.T) {
	const n = 100_003
	fast, plain := open(t, 2), optim.NewVector(2)
	x, w := kerneltest.Gaussian[float32]("x", n), kerneltest.Gaussian[float32]("w", n)
	for name, f := range map[string]func(v optim.Vector, x []float32){
		"scale":          func(v optim.Vector, x []float32) { v.Scale(x, 0.3) },
		"ema":            func(v optim.Vector, x []float32) { v.EMA(x, w, 0.02) },
		"sum of squares": func(v optim.Vector, x []float32) { x[0] = float32(v.SumSquares(w)) },
	} {
		got, want := slices.Clone(x), slices.Clone(x)
		for range 3 {
			f(fast, got)
			f(plain, want)
		}
		near(t, name, got, want)
	}
}

func near(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i, w := range want {
		if !(math.Abs(float64(got[i]-w)) <= 2e-6*(1+math.Abs(float64(w)))) {
			t.Errorf("%s: value %d is %v, want %v", name, i, got[i], w)
			return
		}
	}
}

func TestOptimizersDoNotAllocate(t *testing.T) {
	e := open(t, 2)
	y := make([]float32, 100_003)
	if n := testing.AllocsPerRun(5, func() {
		e.Adam(y, y, y, y, optim.AdamStep{})
		e.SumSquares(y)
	}); n > 0 {
		t.Errorf("%v allocations a step, want none", n)
	}
}

func TestSumSquaresIsTheSameForEveryThreadCount(t *testing.T) {
	x := kerneltest.Gaussian[float32]("x", 1_000_003)
	want := open(t, 1).SumSquares(x)
	for _, threads := range []int{2, 3, 5} {
		if got := open(t, threads).SumSquares(x); got != want {
			t.Errorf("%d threads: %v, want %v", threads, got, want)
		}
	}
}
