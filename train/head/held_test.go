package head

import (
	"context"
	"errors"
	"testing"
)

// TestHeldAnswersHaveNotSeenTheExample: labels that are all wrong in one fold cannot be
// learnt from the others, but a head that has seen them would know them by heart.
func TestHeldAnswersHaveNotSeenTheExample(t *testing.T) {
	e := clouds(120, 200, 4, 0.3, 5)
	changed := map[int]bool{3: true, 20: true, 77: true}
	for i := range changed {
		e.Labels[i] = (e.Labels[i] + 1) % 4
	}
	held, trial, err := CrossValidate(context.Background(), e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range held {
		if h.Other == e.Labels[i] || h.Own < 0 || h.P < 0 || h.Own+h.P > 1+1e-9 {
			t.Fatalf("example %d of class %d: got %+v", i, e.Labels[i], h)
		}
		if changed[i] && (h.Margin() > 0 || h.Other != i%4) {
			t.Errorf("changed example %d: got %+v, want class %d", i, h, i%4)
		}
		if !changed[i] && h.Margin() < 0 {
			t.Errorf("example %d: got %+v, want class %d", i, h, e.Labels[i])
		}
	}
	if want := 117. / 120; trial.Accuracy < want-1e-9 || trial.Accuracy > want+1e-9 {
		t.Errorf("got accuracy %g, want %g", trial.Accuracy, want)
	}
}

// TestCopiesAreHeldTogether: a wrong label that its copy shares is not confirmed by it.
func TestCopiesAreHeldTogether(t *testing.T) {
	e := clouds(80, 300, 4, 0.3, 6)
	e.Groups = make([]int, e.N)
	for i := range e.Groups {
		e.Groups[i] = i
	}
	for k := 1; k < 6; k++ { // 0 and five copies, all with the label 1
		copy(e.Features[k*e.D:(k+1)*e.D], e.Features[:e.D])
		e.Labels[k], e.Groups[k] = 1, 0
	}
	e.Labels[0] = 1
	held, _, err := CrossValidate(context.Background(), e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if held[0].Margin() > 0 || held[0].Other != 0 {
		t.Errorf("got %+v, want class 0", held[0])
	}
	e.Groups = make([]int, e.N) // one group
	if _, _, err := CrossValidate(context.Background(), e, Options{}); !errors.Is(err, ErrFewGroups) {
		t.Errorf("one group: got %v", err)
	}
}
