package optim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/golden"
)

// recorded are ten steps of each optimizer, made by
// fixtures/golden/optim.py.
type recorded struct {
	Start     []float64   `json:"start"`
	Gradients [][]float64 `json:"gradients"`
	Cases     []struct {
		Name    string    `json:"name"`
		Config  Config    `json:"config"`
		LR      float64   `json:"lr"`
		PyTorch bool      `json:"pytorch"`
		Want    []float64 `json:"want"`
	} `json:"cases"`
}

func TestTenStepsAreThoseOfKeras(t *testing.T) {
	g, err := golden.Read[recorded]("optim.json")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range g.Cases {
		seen[c.Name] = true
		t.Run(fmt.Sprintf("%s %+v", c.Name, c.Config), func(t *testing.T) {
			o, err := New(c.Name, c.Config)
			if err != nil {
				t.Fatal(err)
			}
			w := floats(g.Start)
			grad := make([]float32, len(w))
			params := []Param{
				{Name: "a", Value: w[:2], Grad: grad[:2]},
				{Name: "b", Value: w[2:], Grad: grad[2:]},
			}
			for _, step := range g.Gradients {
				copy(grad, floats(step))
				o.Update(params, c.LR)
			}
			for i, want := range c.Want {
				// Rounding of w itself, and four digits of how far it went.
				tolerance := 1e-6*math.Abs(want) + 1e-4*math.Abs(want-g.Start[i])
				if diff := math.Abs(float64(w[i]) - want); !(diff <= tolerance) {
					t.Errorf("weight %d: got %.8g, want %.8g, %.2g apart", i, w[i], want, diff)
				}
			}
		})
	}
	for _, name := range Names() {
		if !seen[name] {
			t.Errorf("no recorded steps of %s", name)
		}
	}
}

func floats(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

// problem is a pair of parameters large enough to be shared between threads.
func problem(rng *rand.Rand) []Param {
	var params []Param
	for i, n := range []int{3*block + 17, 5} {
		p := Param{fmt.Sprint("p", i, ".weight"), make([]float32, n), make([]float32, n)}
		for j := range p.Value {
			p.Value[j] = float32(rng.NormFloat64())
		}
		params = append(params, p)
	}
	return params
}

func randomGradient(params []Param, rng *rand.Rand) {
	for _, p := range params {
		for j := range p.Grad {
			p.Grad[j] = float32(rng.NormFloat64())
		}
	}
}

// configs has every optimizer with everything that changes its state.
func configs() map[string]Config {
	m := map[string]Config{}
	for _, name := range Names() {
		m[name] = Config{}
	}
	m["sgd"] = Config{Momentum: 0.9, Nesterov: true}
	return m
}

func TestRestoreContinuesBitForBit(t *testing.T) {
	for name, cfg := range configs() {
		rng := rand.New(rand.NewPCG(1, 2))
		straight, rest := problem(rng), problem(rand.New(rand.NewPCG(1, 2)))
		a, _ := New(name, cfg)
		b, _ := New(name, cfg)
		for step := range 6 {
			randomGradient(straight, rng)
			for i := range rest {
				copy(rest[i].Grad, straight[i].Grad)
			}
			if step == 3 { // a new optimizer takes over
				state := b.State()
				b, _ = New(name, cfg)
				if err := b.Restore(state); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if got := b.State(); !reflect.DeepEqual(got, state) {
					t.Errorf("%s: the restored state is not the saved one", name)
				}
			}
			if step == 4 { // one step too many, taken back
				state := b.State()
				b.Update(rest, 1)
				for i := range rest {
					copy(rest[i].Value, straight[i].Value)
					copy(rest[i].Grad, straight[i].Grad)
				}
				if err := b.Restore(state); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			a.Update(straight, 0.01)
			b.Update(rest, 0.01)
		}
		for i := range straight {
			if !slices.Equal(straight[i].Value, rest[i].Value) {
				t.Errorf("%s: weights differ after a restore", name)
			}
		}
	}
}

func TestWrongStatesAreRefused(t *testing.T) {
	params := []Param{{"a", make([]float32, 3), make([]float32, 3)}}
	state := func(change func(*State)) State {
		o, _ := New("adam", Config{})
		o.Update(params, 1)
		s := o.State()
		change(&s)
		return s
	}
	for want, s := range map[string]State{
		"of optimizer sgd":    state(func(s *State) { s.Name = "sgd" }),
		"holds q/a":           state(func(s *State) { s.Slots["q/a"] = nil }),
		"has 2 values of v/a": state(func(s *State) { s.Slots["v/a"] = s.Slots["v/a"][:2] }),
		"holds 1 accumul":     state(func(s *State) { delete(s.Slots, "m/a") }),
		"has 0 values of m/a": state(func(s *State) {
			s.Slots["m/b"] = s.Slots["m/a"]
			delete(s.Slots, "m/a")
		}),
	} {
		o, _ := New("adam", Config{})
		o.Update(params, 1)
		before := o.State()
		err := o.Restore(s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
		if !reflect.DeepEqual(o.State(), before) {
			t.Errorf("%s: a refused state changed the optimizer", want)
		}
	}
}

func TestStateBeforeTheFirstStepStartsAgain(t *testing.T) {
	params := []Param{{"a", make([]float32, 3), make([]float32, 3)}}
	o, _ := New("adagrad", Config{})
	fresh := o.State()
	o.Update(params, 1)
	if err := o.Restore(fresh); err != nil {
		t.Fatal(err)
	}
	o.Update(params, 1)
	if s := o.State(); s.Step != 1 || s.Slots["v/a"][0] != 0.1 {
		t.Errorf("got step %d and accumulator %g, want 1 and 0.1", s.Step, s.Slots["v/a"][0])
	}
}

func TestSameBitsForEveryThreadCount(t *testing.T) {
	for name, cfg := range configs() {
		var first []Param
		for _, threads := range []int{1, 2, 3, 7} {
			rng := rand.New(rand.NewPCG(3, 4))
			params := problem(rng)
			cfg.Vector = NewVector(threads)
			o, err := New(name, cfg)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				randomGradient(params, rng)
				o.Update(params, 0.01)
			}
			if first == nil {
				first = params
			}
			for i := range params {
				if !slices.Equal(params[i].Value, first[i].Value) {
					t.Errorf("%s: %d threads give other weights than one", name, threads)
				}
			}
		}
	}
}

func TestEMA(t *testing.T) {
	average, w := []float32{1, 2}, []float32{3, -2}
	NewVector(1).EMA(average, w, 0.25)
	if average[0] != 1.5 || average[1] != 1 {
		t.Errorf("got %v, want [1.5 1]", average)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"adma", Config{}, "want one of adam, sgd"},
		{"sgd", Config{Beta1: 0.9}, "sgd has no beta1"},
		{"adam", Config{Momentum: 0.9}, "no momentum of its own"},
		{"adam", Config{WeightDecay: 0.1}, "adam has no weight decay"},
		{"adamw", Config{Beta2: 1}, "beta2 is 1, want over 0 and under 1"},
		{"adam", Config{Epsilon: math.NaN()}, "epsilon is NaN"},
		{"sgd", Config{Momentum: 1}, "momentum is 1"},
		{"sgd", Config{Nesterov: true}, "wants a momentum"},
	} {
		_, err := New(c.name, c.cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %+v: got error %v, want one with %q", c.name, c.cfg, err, c.want)
		}
	}
	if lr, err := DefaultLearningRate("sgd"); lr != 0.01 || err != nil {
		t.Errorf("sgd's learning rate: got %g, %v, want Keras' 0.01", lr, err)
	}
}

func BenchmarkAdam(b *testing.B) {
	const n = 4_828_997 // v7-base
	p := []Param{{"w", make([]float32, n), make([]float32, n)}}
	randomGradient(p, rand.New(rand.NewPCG(1, 1)))
	o, _ := New("adam", Config{})
	b.SetBytes(n * 7 * 4) // reads w, m, v, g; writes w, m, v
	b.ReportAllocs()
	for b.Loop() {
		o.Update(p, 1e-3)
	}
}

// fastAdagrad is a Vector with a fast path of adagrad alone.
type fastAdagrad struct {
	Vector
	values int
}

func (f *fastAdagrad) Adagrad(w, _, _ []float32, _, _ float32) { f.values += len(w) }

func TestFastPathsAreOptional(t *testing.T) {
	fast := &fastAdagrad{Vector: NewVector(1)}
	for name, cfg := range configs() {
		cfg.Vector = fast
		o, err := New(name, cfg)
		if err != nil {
			t.Fatal(err)
		}
		params := []Param{{"a", []float32{1, 1, 1}, []float32{1, 2, 3}}}
		o.Update(params, 0.1)
		if inGo := params[0].Value[0] != 1; inGo != (name != "adagrad") {
			t.Errorf("%s: weights changed in Go: %v", name, inGo)
		}
	}
	if fast.values != 3 {
		t.Errorf("the fast path took %d values, want 3", fast.values)
	}
}
