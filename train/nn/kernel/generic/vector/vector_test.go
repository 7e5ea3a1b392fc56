package vector

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// bothWays runs f with the assembly and without.
func bothWays(t *testing.T, f func(t *testing.T)) {
	t.Run("fast", f)
	slow(t)
	t.Run("go", f)
}

func noise[T Float](n int) []T {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}

var channelCounts = []int{1, 7, 8, 9, 31, 32, 40, 75}

func TestProducts(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		for _, n := range channelCounts {
			testProducts[float32](t, n, 1e-5)
			testProducts[float64](t, n, 1e-14)
		}
	})
}

func testProducts[T Float](t *testing.T, n int, tolerance float64) {
	t.Helper()
	s := Sum{Segments: 3, Steps: 2, XStep: n + 2, XSegment: 4*n + 5}
	x, w := noise[T](2*s.XSegment+s.XStep+n), noise[T](6*n)
	y, start := noise[T](n+1), noise[T](n)
	if n%2 == 0 {
		copy(y, start)
		start = y[:n] // in place
	}
	want := make([]float64, n)
	for c := range n {
		want[c] = float64(start[c])
		for g := range s.Segments {
			for i := range s.Steps {
				want[c] += float64(x[g*s.XSegment+i*s.XStep+c]) * float64(w[(g*s.Steps+i)*n+c])
			}
		}
	}
	after := y[n]
	Products(&s, y[:n], start, x, w)
	for c, v := range want {
		if !(math.Abs(float64(y[c])-v) <= tolerance*10) {
			t.Fatalf("%d channels: channel %d is %v, want %v", n, c, y[c], v)
		}
	}
	if y[n] != after {
		t.Errorf("%d channels: the next value is overwritten", n)
	}
}

func TestMax(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		for _, n := range channelCounts {
			testMax[float32](t, n)
			testMax[float64](t, n)
		}
	})
}

func testMax[T Float](t *testing.T, n int) {
	t.Helper()
	const at = 1000
	s := Sum{Segments: 3, Steps: 4, XStep: n, XSegment: 5*n + 3}
	x := noise[T](2*s.XSegment + 3*s.XStep + n)
	for i, v := range x {
		switch x[i] = T(math.Round(float64(v))); i % 11 { // equal ones
		case 3:
			x[i] = T(math.NaN())
		case 5:
			x[i] = T(math.Inf(-1))
		}
	}
	y, winner := make([]T, n), make([]int32, n)
	Max(&s, y, winner, x, at)
	for c := range n {
		best := -1
		for g := range s.Segments {
			for i := range s.Steps {
				p := g*s.XSegment + i*s.XStep + c
				if best < 0 || x[best] == x[best] && (x[p] > x[best] || x[p] != x[p]) {
					best = p
				}
			}
		}
		if int(winner[c]) != at+best || y[c] != x[best] && x[best] == x[best] {
			t.Fatalf("%d channels: maximum of %d is %v at %d, want %v at %d",
				n, c, y[c], winner[c], x[best], at+best)
		}
	}
	again := make([]T, n)
	Max(&s, again, nil, x, at)
	if !slices.EqualFunc(y, again, func(a, b T) bool { return a == b || a != a && b != b }) {
		t.Errorf("%d channels: without winners the maxima are others", n)
	}
}

func TestReLU(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		testReLU[float32](t)
		testReLU[float64](t)
	})
}

func testReLU[T Float](t *testing.T) {
	t.Helper()
	nan, inf := T(math.NaN()), T(math.Inf(1))
	x := []T{-2, -0.5, 0, 0.5, 1, 2, 6, 7, nan, inf, -inf, 3, 0.25, -1, 5, nan, 4}
	dy := noise[T](len(x))
	for _, limit := range []T{0, 1, 6} {
		y, dx := make([]T, len(x)), make([]T, len(x))
		ReLU(y, x, limit)
		ReLUBackward(dx, dy, y, limit)
		for i, v := range x {
			want, gradient := v, dy[i]
			if !(v > 0) {
				gradient = 0
			}
			if v <= 0 {
				want = 0
			}
			if limit > 0 && v >= limit {
				want, gradient = limit, 0
			}
			if y[i] != want && v == v || v != v && y[i] == y[i] {
				t.Errorf("ReLU(%v) cut at %v is %v", v, limit, y[i])
			}
			if dx[i] != gradient {
				t.Errorf("gradient %v at %v cut at %v is %v", dy[i], v, limit, dx[i])
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	x, w, winner := make([]float32, 40), make([]float32, 40), make([]int32, 40)
	s := Sum{Segments: 1, Steps: 1}
	if n := testing.AllocsPerRun(10, func() {
		Products(&s, x, x, x, w)
		Max(&s, x, winner, w, 0)
		ReLU(x, x, 0)
		ReLUBackward(x, x, x, 0)
	}); n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
