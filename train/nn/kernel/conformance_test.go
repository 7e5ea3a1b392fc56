package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// testEngineAgainst compares every pass of every layer, over shapes whose sizes
// are odd and differ, with another engine: to 1e-4 of the largest value for
// float32, to 1e-11 for float64. Masks and winners must be the same.
func testEngineAgainst[T Float](t *testing.T, got Engine[T], want Engine[float64]) {
	for _, s := range convShapes {
		compare(t, s, runConv(t, got, s), once(want, s, func() results[float64] { return runConv(t, want, s) }))
	}
	for _, s := range denseShapes {
		compare(t, s, runDense(t, got, s), once(want, s, func() results[float64] { return runDense(t, want, s) }))
	}
	for _, s := range normShapes {
		compare(t, s, runNorm(t, got, s), once(want, s, func() results[float64] { return runNorm(t, want, s) }))
	}
	for _, s := range poolShapes {
		compare(t, s, runMaxPool(t, got, s), runMaxPool(t, want, s))
		compare(t, s, runAvgPool(t, got, s), runAvgPool(t, want, s))
	}
	for _, s := range []ImageShape{{2, 5, 7, 3}, {3, 1, 1, 17}, {1, 9, 4, 33}} {
		l := layerName(fmt.Sprintf("globalavgpool %v", s))
		compare(t, l, runGlobalAvgPool(t, got, s), runGlobalAvgPool(t, want, s))
	}
	// The second length makes an engine use all of its threads.
	for _, n := range []int{3 * 5 * 7, 3 * 5 * 7 * 331} {
		l := layerName(fmt.Sprintf("elementwise of %d", n))
		compare(t, l, runElementwise(got, n), once(want, l, func() results[float64] { return runElementwise(want, n) }))
	}
}

var known = map[string]results[float64]{}

// once remembers the results of an engine that many are compared with.
func once[L fmt.Stringer](e Engine[float64], layer L, run func() results[float64]) results[float64] {
	key := fmt.Sprintf("%s %d %#v", e.Name(), e.Threads(), layer)
	r, ok := known[key]
	if !ok {
		r = run()
		known[key] = r
	}
	return r
}

// result is what a pass computed.
type result struct {
	name   string
	values []float64
}

// results collects copies of slices; each is filled with NaN before a pass.
type results[T Float] []result

// add runs f on fresh slices of the given sizes, twice into the same memory, to
// find what is not overwritten or remembered by mistake.
func (r *results[T]) add(names []string, sizes []int, f func(y [][]T)) {
	y := make([][]T, len(sizes))
	for i, n := range sizes {
		if n > 0 {
			y[i] = slices.Repeat([]T{T(math.NaN())}, n)
		}
	}
	f(y)
	f(y)
	for i, name := range names {
		*r = append(*r, result{name, convert[float64](y[i])})
	}
}

func compare[L fmt.Stringer, T Float](t *testing.T, layer L, got results[T], want results[float64]) {
	t.Helper()
	tolerance := 1e-4
	if unsafe.Sizeof(T(0)) == 8 {
		tolerance = 1e-11
	}
	for i, w := range want {
		g := got[i].values
		if len(g) != len(w.values) {
			t.Errorf("%v: %s has %d values, want %d", layer, w.name, len(g), len(w.values))
			continue
		}
		scale := 1e-3
		for _, v := range w.values {
			if v-v == 0 { // neither NaN nor infinite
				scale = max(scale, math.Abs(v))
			}
		}
		for j, v := range w.values {
			same := g[j] == v || math.IsNaN(g[j]) && math.IsNaN(v)
			if !same && !(math.Abs(g[j]-v) <= tolerance*scale) {
				t.Errorf("%v: %s: value %d of %d is %v, want %v", layer, w.name, j, len(g), g[j], v)
				break
			}
		}
	}
}

func convert[To, From Float](x []From) []To {
	y := make([]To, len(x))
	for i, v := range x {
		y[i] = To(v)
	}
	return y
}

// gaussian are n numbers that float32 holds exactly, so that both precisions
// start from the same; each name has its own.
func gaussian[T Float](name string, n int) []T {
	seed := uint64(n)
	for _, c := range name {
		seed = seed*31 + uint64(c)
	}
	r := rand.New(rand.NewPCG(seed, 7))
	x := make([]T, n)
	for i := range x {
		x[i] = T(float32(r.NormFloat64()))
	}
	return x
}

func mustPrepared[L any](t *testing.T) func(L, error) L {
	return func(l L, err error) L {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
}

func runConv[T Float](t *testing.T, e Engine[T], s ConvShape) (r results[T]) {
	t.Helper()
	c := mustPrepared[Conv[T]](t)(e.Conv(s))
	in, out := s.In.Len(), s.Out().Len()
	x, w, dy := gaussian[T]("x", in), gaussian[T]("w", s.weights()), gaussian[T]("dy", out)
	var b []T
	if s.Bias {
		b = gaussian[T]("b", s.Filters)
	}
	r.add([]string{"y"}, []int{out}, func(y [][]T) { c.Forward(y[0], x, w, b) })
	if s.Inference {
		return r
	}
	if !s.NoBackwardData {
		r.add([]string{"dx"}, []int{in}, func(d [][]T) { c.BackwardData(d[0], dy, w) })
	}
	r.add([]string{"dw", "db"}, []int{len(w), len(b)}, func(d [][]T) { c.BackwardWeights(d[0], d[1], x, dy) })
	return r
}

func runDense[T Float](t *testing.T, e Engine[T], s DenseShape) (r results[T]) {
	t.Helper()
	d := mustPrepared[Dense[T]](t)(e.Dense(s))
	x, w, dy := gaussian[T]("x", s.N*s.In), gaussian[T]("w", s.In*s.Out), gaussian[T]("dy", s.N*s.Out)
	var b []T
	if s.Bias {
		b = gaussian[T]("b", s.Out)
	}
	r.add([]string{"y"}, []int{len(dy)}, func(y [][]T) { d.Forward(y[0], x, w, b) })
	if s.Inference {
		return r
	}
	if !s.NoBackwardData {
		r.add([]string{"dx"}, []int{len(x)}, func(y [][]T) { d.BackwardData(y[0], dy, w) })
	}
	r.add([]string{"dw", "db"}, []int{len(w), len(b)}, func(y [][]T) { d.BackwardWeights(y[0], y[1], x, dy) })
	return r
}

func runNorm[T Float](t *testing.T, e Engine[T], s BatchNormShape) (r results[T]) {
	t.Helper()
	b := mustPrepared[BatchNorm[T]](t)(e.BatchNorm(s))
	n, c := s.In.Len(), s.In.C
	x, dy := gaussian[T]("x", n), gaussian[T]("dy", n)
	gamma, beta := gaussian[T]("gamma", c), gaussian[T]("beta", c)
	mean, variance := gaussian[T]("mean", c), gaussian[T]("variance", c)
	for i, v := range variance {
		variance[i] = T(float32(v*v + 0.5))
	}
	for i := range x {
		x[i] += T(i % c) // channels with means unlike 0
		if s.InputReLU {
			x[i] = max(x[i]-T(i%c), 0)
		}
	}
	gradients, sizes := []string{"dx", "dgamma", "dbeta"}, []int{n, c, c}
	r.add([]string{"y", "running mean", "running variance"}, sizes, func(y [][]T) {
		copy(y[1], mean)
		copy(y[2], variance)
		b.Train(y[0], x, gamma, beta, y[1], y[2])
	})
	r.add(gradients, sizes, func(d [][]T) { b.Backward(d[0], d[1], d[2], dy, x, gamma) })
	r.add(gradients[1:], sizes[1:], func(d [][]T) { b.Backward(nil, d[0], d[1], dy, x, gamma) })
	r.add(gradients[:1], sizes[:1], func(d [][]T) { b.Backward(d[0], nil, nil, dy, x, gamma) })
	r.add([]string{"frozen y"}, sizes[:1], func(y [][]T) { b.Frozen(y[0], x, gamma, beta, mean, variance) })
	r.add([]string{"frozen dx", "frozen dgamma", "frozen dbeta"}, sizes, func(d [][]T) {
		b.FrozenBackward(d[0], d[1], d[2], dy, x, gamma, mean, variance)
	})
	return r
}

func runMaxPool[T Float](t *testing.T, e Engine[T], s PoolShape) (r results[T]) {
	t.Helper()
	p := mustPrepared[MaxPool[T]](t)(e.MaxPool(s))
	in, out := s.In.Len(), s.Out().Len()
	x, dy := gaussian[T]("x", in), gaussian[T]("dy", out)
	for i, v := range x {
		x[i] = T(math.Round(2 * float64(v))) // few values: many are equal
		if s.InputReLU {
			x[i] = max(x[i], 0)
			continue
		}
		switch i % 29 {
		case 3, 4:
			x[i] = T(math.NaN())
		case 5, 6:
			x[i] = T(math.Inf(1 - i%2*2))
		}
	}
	var last []T
	r.add([]string{"y"}, []int{out}, func(y [][]T) {
		p.Forward(y[0], x)
		last = y[0]
	})
	if !s.Inference {
		r.add([]string{"dx"}, []int{in}, func(d [][]T) { p.Backward(d[0], dy, last) })
	}
	return r
}

func runAvgPool[T Float](t *testing.T, e Engine[T], s PoolShape) (r results[T]) {
	t.Helper()
	return runAverage(mustPrepared[AvgPool[T]](t)(e.AvgPool(s)), s.In.Len(), s.Out().Len(), s.Inference)
}

func runGlobalAvgPool[T Float](t *testing.T, e Engine[T], s ImageShape) (r results[T]) {
	t.Helper()
	return runAverage(mustPrepared[AvgPool[T]](t)(e.GlobalAvgPool(s)), s.Len(), s.N*s.C, false)
}

func runAverage[T Float](p AvgPool[T], in, out int, inference bool) (r results[T]) {
	x, dy := gaussian[T]("x", in), gaussian[T]("dy", out)
	r.add([]string{"y"}, []int{out}, func(y [][]T) { p.Forward(y[0], x) })
	if !inference {
		r.add([]string{"dx"}, []int{in}, func(d [][]T) { p.Backward(d[0], dy) })
	}
	return r
}

// runElementwise takes n values, a multiple of 105.
func runElementwise[T Float](e Engine[T], n int) (r results[T]) {
	x, b, bytes := gaussian[T]("x", n), gaussian[T]("b", n), make([]uint8, n)
	for i := range bytes {
		bytes[i] = uint8(i * 7)
	}
	x[1], x[2], x[3] = 0, T(math.NaN()), T(math.Inf(1))
	one := func(name string, f func(y []T)) {
		r.add([]string{name}, []int{n}, func(y [][]T) { f(y[0]) })
	}
	one("relu", func(y []T) { e.ReLU(y, x, 0) })
	one("relu cut", func(y []T) { e.ReLU(y, x, 0.75) })
	one("relu in place", func(y []T) { copy(y, x); e.ReLU(y, y, 0) })
	relu, cut := make([]T, n), make([]T, n)
	e.ReLU(relu, x, 0)
	e.ReLU(cut, x, 0.75)
	one("relu backward", func(y []T) { e.ReLUBackward(y, b, relu, 0) })
	one("relu backward cut", func(y []T) { e.ReLUBackward(y, b, cut, 0.75) })
	one("relu backward in place", func(y []T) { copy(y, b); e.ReLUBackward(y, y, relu, 0) })
	one("rescale", func(y []T) { e.Rescale(y, x, 0.3, -1.5) })
	one("rescale in place", func(y []T) { copy(y, b); e.Rescale(y, y, 0.3, -1.5) })
	one("from bytes", func(y []T) { e.FromBytes(y, bytes) })
	one("add", func(y []T) { e.Add(y, x, b) })
	one("add in place", func(y []T) { copy(y, b); e.Add(y, y, y) })
	rows, channels := n/15, []int{3, 1, 11}
	part := func(c int) []T { return gaussian[T]("part", rows*c) }
	one("concat", func(y []T) { e.Concat(y, [][]T{part(3), part(1), part(11)}, rows, channels) })
	r.add([]string{"split 0", "split 2"}, []int{rows * 3, rows * 11}, func(y [][]T) {
		e.Split([][]T{y[0], nil, y[1]}, x, rows, channels)
	})
	s := ImageShape{N: n / 105, H: 5, W: 7, C: 3}
	one("to NCHW", func(y []T) { e.ToNCHW(y, x, s) })
	one("to NHWC", func(y []T) { e.ToNHWC(y, x, s) })
	one("to NHWC, one channel", func(y []T) { e.ToNHWC(y, x, ImageShape{1, n / 5, 5, 1}) })
	one("dropout", func(y []T) { e.Dropout(y, b, 0.3, 11) })
	one("dropout in place", func(y []T) { copy(y, b); e.Dropout(y, y, 0.5, 1<<40+3) })
	one("dropout of nothing", func(y []T) { e.Dropout(y, b, 0, 5) })
	one("softmax", func(y []T) { e.Softmax(y, b, 15) })
	one("softmax in place", func(y []T) { copy(y, b); e.Softmax(y, y, 5) })
	one("softmax of large values", func(y []T) { e.Rescale(y, b, 1000, 0); e.Softmax(y, y, 7) })
	return r
}
