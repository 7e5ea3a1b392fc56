package head

import (
	"context"
	"errors"
)

// Held is what a head says of an example that it was not fitted on, nor on any other of
// the example's group.
type Held struct {
	Own   float64 // probability of the example's label
	Other int     // the most probable of the other classes
	P     float64 // probability of Other
}

// Margin is by how much the label is more probable than any other class; negative where
// another one is more probable.
func (h Held) Margin() float64 { return h.Own - h.P }

// ErrFewGroups means that a class is in one group only: a head that has not seen it
// knows nothing of the class.
var ErrFewGroups = errors.New("a class has one group of examples, want two or more")

// CrossValidate is what heads say of the examples that they were not fitted on, with the
// penalty that [Fit] would choose, and how well that penalty does. A class without
// examples is no error; one with a single group is [ErrFewGroups].
func CrossValidate(ctx context.Context, e Examples, o Options) ([]Held, Trial, error) {
	if e.Several != nil {
		return nil, Trial{}, errors.New("examples with several labels have no margin")
	}
	o.fill(&e)
	if err := e.check(o.Folds); err != nil {
		return nil, Trial{}, err
	}
	p := newProblem(&e)
	fold, folds := p.folds(o.Folds, o.Seed)
	if folds < 2 {
		return nil, Trial{}, ErrFewGroups
	}
	var held [][]Held
	tried, err := p.validate(ctx, o.Penalties, fold, folds, &held)
	if err != nil {
		return nil, Trial{}, err
	}
	i := best(tried)
	return held[i], tried[i], nil
}

// newHeld turns an example's logits into probabilities, in place.
func newHeld(logits []float64, label int) (h Held) {
	softmax(logits)
	h.Own, h.Other, h.P = logits[label], -1, -1
	for class, p := range logits {
		if class != label && p > h.P {
			h.Other, h.P = class, p
		}
	}
	return h
}
