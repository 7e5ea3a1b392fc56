package optim

import (
	"fmt"
	"strings"
)

// Config has the settings of an optimizer but the learning rate, which is given
// with each update. A zero field means the optimizer's default, which is Keras'; a
// field that the optimizer does not have must be zero.
type Config struct {
	Momentum float64 `json:"momentum,omitempty"` // sgd: 0 without
	Nesterov bool    `json:"nesterov,omitempty"` // sgd with momentum
	Beta1    float64 `json:"beta1,omitempty"`    // adam, adamw: 0.9
	Beta2    float64 `json:"beta2,omitempty"`    // adam, adamw: 0.999
	Rho      float64 `json:"rho,omitempty"`      // rmsprop: 0.9, adadelta: 0.95
	Epsilon  float64 `json:"epsilon,omitempty"`  // all but sgd: 1e-7 (PyTorch: 1e-8, 1e-10, 1e-6)
	// InitialAccumulator is the start of adagrad's sum of squares: 0.1 (PyTorch: 0).
	InitialAccumulator float64 `json:"initial_accumulator,omitempty"`
	// WeightDecay is adamw's: 0.004 (PyTorch: 0.01), of all parameters.
	WeightDecay float64 `json:"weight_decay,omitempty"`

	// Vector does the arithmetic, by the optimizer's fast path if it has one; nil
	// means NewVector(0).
	Vector Vector `json:"-"`
}

// rule is one optimizer: a row of the table.
type rule struct {
	name string
	// lr is Keras' default learning rate.
	lr float64
	// slots name the accumulators, which hold a value for each weight; velocity
	// names those of a rule that has a momentum, when it is over 0.
	slots, velocity []string
	// defaults has a value for each field of Config that the optimizer has, but
	// for Momentum and Nesterov.
	defaults Config
	// update takes one step on a parameter: step o.step, by the settings o.cfg.
	update func(o *optimizer, p Param, slots [][]float32, lr float64)
}

// rules is the one table of optimizers, the default first. To add one, write its
// update in a file of its own, as adagrad.go, and its row here; a fast path in an
// engine is optional. The recorded steps that every optimizer is tested against
// come from fixtures/golden/optim.py.
var rules = []rule{
	{name: "adam", lr: 1e-3, slots: []string{"m", "v"}, update: adam,
		defaults: Config{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7}},
	{name: "sgd", lr: 1e-2, velocity: []string{"v"}, update: sgd},
	{name: "adamw", lr: 1e-3, slots: []string{"m", "v"}, update: adam,
		defaults: Config{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, WeightDecay: 0.004}},
	{name: "rmsprop", lr: 1e-3, slots: []string{"v"}, update: rmsprop,
		defaults: Config{Rho: 0.9, Epsilon: 1e-7}},
	{name: "adagrad", lr: 1e-3, slots: []string{"v"}, update: adagrad,
		defaults: Config{Epsilon: 1e-7, InitialAccumulator: 0.1}},
	{name: "adadelta", lr: 1e-3, slots: []string{"v", "u"}, update: adadelta,
		defaults: Config{Rho: 0.95, Epsilon: 1e-7}},
}

// Names lists the optimizers.
func Names() []string {
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = r.name
	}
	return names
}

// DefaultLearningRate returns Keras' default for that optimizer: 0.01 for sgd,
// 0.001 for all others. (The original study ran sgd at 0.001 too.)
func DefaultLearningRate(name string) (float64, error) {
	r, err := find(name)
	return r.lr, err
}

func find(name string) (rule, error) {
	for _, r := range rules {
		if r.name == name {
			return r, nil
		}
	}
	return rule{}, fmt.Errorf("no optimizer is called %q, want one of %s",
		name, strings.Join(Names(), ", "))
}

// resolve fills in the defaults and checks every field.
func (r rule) resolve(c Config) (Config, error) {
	out := c
	for _, f := range []struct {
		name               string
		value              *float64
		standard, low, top float64
	}{
		{"beta1", &out.Beta1, r.defaults.Beta1, 0, 1},
		{"beta2", &out.Beta2, r.defaults.Beta2, 0, 1},
		{"rho", &out.Rho, r.defaults.Rho, 0, 1},
		{"epsilon", &out.Epsilon, r.defaults.Epsilon, 0, 1},
		{"initial accumulator", &out.InitialAccumulator, r.defaults.InitialAccumulator, 0, 1e6},
		{"weight decay", &out.WeightDecay, r.defaults.WeightDecay, 0, 1},
	} {
		if *f.value == 0 {
			*f.value = f.standard
			continue
		}
		if f.standard == 0 {
			return c, fmt.Errorf("optimizer %s has no %s, got %g", r.name, f.name, *f.value)
		}
		if !(*f.value > f.low && *f.value < f.top) {
			return c, fmt.Errorf("optimizer %s: %s is %g, want over %g and under %g",
				r.name, f.name, *f.value, f.low, f.top)
		}
	}
	switch {
	case (c.Momentum != 0 || c.Nesterov) && r.velocity == nil:
		return c, fmt.Errorf("optimizer %s has no momentum of its own: use sgd", r.name)
	case !(c.Momentum >= 0 && c.Momentum < 1):
		return c, fmt.Errorf("optimizer %s: momentum is %g, want at least 0 and under 1",
			r.name, c.Momentum)
	case c.Nesterov && c.Momentum == 0:
		return c, fmt.Errorf("optimizer %s: nesterov wants a momentum over 0", r.name)
	}
	if out.Vector == nil {
		out.Vector = NewVector(0)
	}
	return out, nil
}
