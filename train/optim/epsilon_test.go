package optim

import (
	"math"
	"testing"
)

// TestAdagradAddsEpsilonToTheRoot: two steps by hand, with an epsilon that is large
// enough to be seen; Keras' default moves a weight by less than float32 shows.
func TestAdagradAddsEpsilonToTheRoot(t *testing.T) {
	const lr, epsilon = 0.5, 0.1
	o, err := New("adagrad", Config{Epsilon: epsilon, InitialAccumulator: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	p := Param{Name: "w", Value: []float32{1, -2}, Grad: []float32{0.3, -0.6}}
	want, sum := []float64{1, -2}, []float64{0.2, 0.2}
	for step := range 2 {
		o.Update([]Param{p}, lr)
		for i, g := range []float64{0.3, -0.6} {
			sum[i] += g * g
			want[i] -= lr * g / (math.Sqrt(sum[i]) + epsilon)
			if got := float64(p.Value[i]); !(math.Abs(got-want[i]) < 1e-6) {
				t.Errorf("step %d, weight %d: got %g, want %g", step+1, i, got, want[i])
			}
		}
	}
	// The same in numbers: 1 - 0.5*0.3/(sqrt(0.29)+0.1) - 0.5*0.3/(sqrt(0.38)+0.1).
	if got := float64(p.Value[0]); !(math.Abs(got-0.5557123) < 1e-6) {
		t.Errorf("got %g after two steps", got)
	}
}
