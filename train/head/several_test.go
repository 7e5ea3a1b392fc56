package head

import (
	"math"
	"testing"
)

// TestSeveralLabelsAreOneRegressionEach: a label's row is that of a regression of having
// it and not having it, whose softmax over two classes has half the penalty on each row.
func TestSeveralLabelsAreOneRegressionEach(t *testing.T) {
	e := Examples{N: 6, D: 2, Classes: 2, Labels: make([]int, 6),
		Features: []float32{1, 0, 2, 1, -1, 0, -2, 1, 0.5, -1, -0.3, 2},
		Several:  [][]int{{0}, {0, 1}, {}, {1}, {0}, {}}}
	one, err := Fit(t.Context(), e, Options{Penalties: []float64{0.1}})
	if err != nil {
		t.Fatal(err)
	}
	for label := range 2 {
		two := e
		two.Several, two.Labels = nil, make([]int, 6)
		for i, labels := range e.Several {
			for _, l := range labels {
				if l == label {
					two.Labels[i] = 1
				}
			}
		}
		want, err := Fit(t.Context(), two, Options{Penalties: []float64{0.2}})
		if err != nil {
			t.Fatal(err)
		}
		for j := range 2 {
			got := float64(one.Weight[label*2+j])
			if w := float64(want.Weight[2+j] - want.Weight[j]); !(math.Abs(got-w) < 0.02*(1+math.Abs(w))) {
				t.Errorf("label %d, weight %d: got %v, want %v", label, j, got, w)
			}
		}
	}
	if loss, _ := one.Loss(&e); !(loss > 0 && loss < math.Log(2)) {
		t.Errorf("loss %v, want less than that of chance", loss)
	}
}
