package numbers

import (
	"math"
	"testing"
)

var (
	nan      = math.NaN()
	infinity = math.Inf(1)
)

func TestFinite(t *testing.T) {
	for _, v := range []float64{0, -1, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		if !Finite(v) {
			t.Errorf("%g is not finite", v)
		}
	}
	for _, v := range []float64{nan, infinity, -infinity} {
		if Finite(v) || Finite(float32(v)) {
			t.Errorf("%g is finite", v)
		}
	}
	if !Finite(float32(math.MaxFloat32)) {
		t.Error("the largest float32 is not finite")
	}
}

func TestArgMax(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   int
	}{
		{nil, -1},
		{[]float64{3}, 0},
		{[]float64{1, 5, 2}, 1},
		{[]float64{-1, -5}, 0},
		{[]float64{1, 5, 5}, 1}, // the first of equals
		{[]float64{nan, 1, 2}, 2},
		{[]float64{2, nan, 1}, 0},
		{[]float64{nan, -infinity}, 1},
		{[]float64{nan, nan}, 0},
		{[]float64{1, infinity, infinity}, 1},
	} {
		if got := ArgMax(c.values); got != c.want {
			t.Errorf("%v: got %d, want %d", c.values, got, c.want)
		}
	}
}
