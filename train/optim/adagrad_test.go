package optim

import (
	"math"
	"testing"
)

// TestAdagradAddsEpsilonToTheRoot: with an epsilon of 0.1 its place shows.
func TestAdagradAddsEpsilonToTheRoot(t *testing.T) {
	o, err := New("adagrad", Config{Epsilon: 0.1, InitialAccumulator: 0.25})
	if err != nil {
		t.Fatal(err)
	}
	w, g := []float32{1}, []float32{2}
	want, sum := 1.0, 0.25
	for range 3 {
		o.Update([]Param{{"w", w, g}}, 0.5)
		sum += 2 * 2
		want -= 0.5 * 2 / (math.Sqrt(sum) + 0.1)
	}
	if !(math.Abs(float64(w[0])-want) < 1e-6) {
		t.Errorf("got %v, want %v", w[0], want)
	}
}
