// Package optim updates weights by their gradients, with the definitions and
// defaults of Keras 2.7, which the original study ran. Where PyTorch differs, the
// comments say so.
//
// It works on []float32 and keeps state that can be saved. It imports no other
// package of this module, and never gorgonia. Each optimizer is a file, adam.go and so
// on, and a row of the table in config.go. Start at [New].
package optim

import (
	"fmt"
	"slices"
	"strings"
)

// Param is one weight and its gradient, of equal length. Both keep their memory
// for the life of the optimizer: the network writes Grad, Update writes Value.
type Param struct {
	Name  string
	Value []float32
	Grad  []float32
}

// Optimizer updates parameters. It is for one goroutine.
type Optimizer interface {
	// Name is the name that New takes: "adam".
	Name() string
	// Update takes one step on all parameters with learning rate lr. It is
	// called with the same parameters, in the same order, every time. After the
	// first call it allocates nothing that grows with the parameters.
	Update(params []Param, lr float64)
	// State returns a copy of the accumulators, and Restore continues from it.
	// Restore fails on the state of another optimizer, or one that does not fit
	// the parameters that Update saw. Before the first Update it cannot know
	// these, and Update panics if the state does not fit them: check the lengths
	// of what comes from a file, as package checkpoint does.
	State() State
	Restore(State) error
}

// State is an optimizer's memory: plain data for a checkpoint.
type State struct {
	Name string // of the optimizer that made it
	Step uint64 // updates done
	// Slots are the accumulators: "m/conv1.weight".
	Slots map[string][]float32
}

// New returns the optimizer of that name; [Names] lists them.
func New(name string, cfg Config) (Optimizer, error) {
	r, err := find(name)
	if err != nil {
		return nil, err
	}
	cfg, err = r.resolve(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Momentum > 0 {
		r.slots = r.velocity
	}
	return &optimizer{rule: r, cfg: cfg}, nil
}

type optimizer struct {
	rule  rule
	cfg   Config               // resolved
	step  uint64               // updates done
	names []string             // of the parameters that Update saw
	slots [][][]float32        // by parameter, then as rule.slots
	saved map[string][]float32 // restored before the first Update
}

func (o *optimizer) Name() string { return o.rule.name }

func (o *optimizer) Update(params []Param, lr float64) {
	if o.slots == nil {
		o.bind(params)
	}
	o.step++
	for i, p := range params {
		o.rule.update(o, p, o.slots[i], lr)
	}
}

// bind makes the accumulators of params, with the restored state if there is one.
func (o *optimizer) bind(params []Param) {
	o.slots = make([][][]float32, len(params))
	for i, p := range params {
		o.names = append(o.names, p.Name)
		for range o.rule.slots {
			s := make([]float32, len(p.Value))
			for j := range s {
				s[j] = float32(o.cfg.InitialAccumulator)
			}
			o.slots[i] = append(o.slots[i], s)
		}
	}
	if o.saved == nil {
		return
	}
	if err := o.fill(o.saved); err != nil {
		panic(err)
	}
	o.saved = nil
}

func (o *optimizer) State() State {
	s := State{Name: o.rule.name, Step: o.step, Slots: map[string][]float32{}}
	for name, values := range o.saved {
		s.Slots[name] = slices.Clone(values)
	}
	for i, name := range o.names {
		for j, slot := range o.rule.slots {
			s.Slots[slot+"/"+name] = slices.Clone(o.slots[i][j])
		}
	}
	return s
}

func (o *optimizer) Restore(s State) error {
	if s.Name != o.rule.name {
		return fmt.Errorf("state is of optimizer %s, want %s", s.Name, o.rule.name)
	}
	for name := range s.Slots {
		if slot, _, _ := strings.Cut(name, "/"); !slices.Contains(o.rule.slots, slot) {
			return fmt.Errorf("optimizer %s: state holds %s, want only %q", s.Name, name, o.rule.slots)
		}
	}
	if s.Step == 0 && len(s.Slots) == 0 { // of an optimizer that has taken no step
		o.names, o.slots, o.saved, o.step = nil, nil, nil, 0
		return nil
	}
	if o.slots == nil {
		saved := make(map[string][]float32, len(s.Slots))
		for name, values := range s.Slots {
			saved[name] = slices.Clone(values)
		}
		o.saved, o.step = saved, s.Step
		return nil
	}
	if err := o.fill(s.Slots); err != nil {
		return err
	}
	o.step = s.Step
	return nil
}

// fill copies saved accumulators over o's, all or none.
func (o *optimizer) fill(saved map[string][]float32) error {
	if len(saved) != len(o.names)*len(o.rule.slots) {
		return fmt.Errorf("optimizer %s: state holds %d accumulators, want %d",
			o.rule.name, len(saved), len(o.names)*len(o.rule.slots))
	}
	for pass := range 2 {
		for i, name := range o.names {
			for j, slot := range o.rule.slots {
				key, to := slot+"/"+name, o.slots[i][j]
				if got, ok := saved[key]; !ok || len(got) != len(to) {
					return fmt.Errorf("optimizer %s: state has %d values of %s, want %d",
						o.rule.name, len(got), key, len(to))
				}
				if pass == 1 {
					copy(to, saved[key])
				}
			}
		}
	}
	return nil
}
