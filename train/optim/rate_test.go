package optim

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRateIsAFactorOnTheLearningRate: with a Rate of 0.5 every optimizer takes the steps
// that it takes at half the learning rate, bit for bit; a Rate of 0 or 1 changes nothing.
func TestRateIsAFactorOnTheLearningRate(t *testing.T) {
	steps := func(name string, cfg Config, rate, lr float64) []Param {
		rng := rand.New(rand.NewPCG(5, 6))
		params := problem(rng)
		params[0].Rate = rate
		o, err := New(name, cfg)
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			randomGradient(params, rng)
			o.Update(params, lr)
		}
		return params
	}
	check := func(name string, cfg Config) {
		plain, half := steps(name, cfg, 0, 0.02), steps(name, cfg, 0, 0.01)
		one, got := steps(name, cfg, 1, 0.02), steps(name, cfg, 0.5, 0.02)
		if !slices.Equal(got[0].Value, half[0].Value) {
			t.Errorf("%s: a rate of 0.5 is not half the learning rate", name)
		}
		if slices.Equal(got[0].Value, plain[0].Value) {
			t.Errorf("%s: a rate of 0.5 changed nothing", name)
		}
		if !slices.Equal(got[1].Value, plain[1].Value) {
			t.Errorf("%s: the rate of one parameter changed the steps of another", name)
		}
		if !slices.Equal(one[0].Value, plain[0].Value) {
			t.Errorf("%s: a rate of 1 changed the steps", name)
		}
	}
	for name, cfg := range configs() {
		check(name, cfg)
	}
	check("sgd", Config{}) // without momentum
}

// ratesSeen is a Vector with a fast path of sgd that notes its learning rates.
type ratesSeen struct {
	Vector
	rates []float32
}

func (r *ratesSeen) SGD(_, _ []float32, lr float32) { r.rates = append(r.rates, lr) }

func (r *ratesSeen) Momentum(_, _, _ []float32, lr, _ float32, _ bool) {
	r.rates = append(r.rates, lr)
}

func TestFastPathsTakeTheRate(t *testing.T) {
	params := []Param{
		{Name: "a", Value: make([]float32, 2), Grad: make([]float32, 2)},
		{Name: "b", Value: make([]float32, 2), Grad: make([]float32, 2), Rate: 0.25},
	}
	for _, momentum := range []float64{0, 0.9} {
		fast := &ratesSeen{Vector: NewVector(1)}
		o, err := New("sgd", Config{Momentum: momentum, Vector: fast})
		if err != nil {
			t.Fatal(err)
		}
		o.Update(params, 0.5)
		if want := []float32{0.5, 0.125}; !slices.Equal(fast.rates, want) {
			t.Errorf("momentum %g: the fast path got the rates %v, want %v",
				momentum, fast.rates, want)
		}
	}
}
