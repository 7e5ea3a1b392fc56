package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/naive"
)

// formulas compares every pass of every layer, over shapes whose sizes are odd and
// differ, with the naive engine: to 1e-4 of the largest value for float32, to 1e-11
// for float64. Masks and winners must be the same.
func formulas[T kernel.Float](t *testing.T, e kernel.Engine[T]) {
	want := naive.New[float64]()
	for _, s := range convShapes {
		compare(t, s, runConv(t, e, s), once(s, func() results[float64] { return runConv(t, want, s) }))
	}
	for _, s := range denseShapes {
		compare(t, s, runDense(t, e, s), once(s, func() results[float64] { return runDense(t, want, s) }))
	}
	for _, s := range normShapes {
		compare(t, s, runNorm(t, e, s), once(s, func() results[float64] { return runNorm(t, want, s) }))
	}
	for _, s := range poolShapes {
		compare(t, s, runMaxPool(t, e, s), runMaxPool(t, want, s))
		compare(t, s, runAvgPool(t, e, s), runAvgPool(t, want, s))
	}
	for _, s := range []kernel.ImageShape{image(2, 5, 7, 3), image(3, 1, 1, 17), image(1, 9, 4, 33)} {
		l := kernel.LayerName(fmt.Sprintf("globalavgpool %v", s))
		compare(t, l, runGlobalAvgPool(t, e, s), runGlobalAvgPool(t, want, s))
	}
	// The second length makes an engine use all of its threads.
	for _, n := range []int{3 * 5 * 7, 3 * 5 * 7 * 331} {
		l := kernel.LayerName(fmt.Sprintf("elementwise of %d", n))
		reference := once(l, func() results[float64] { return runElementwise(want, n) })
		compare(t, l, runElementwise(e, n), reference)
	}
	if p, ok := e.(kernel.NormPooler[T]); ok {
		for _, s := range normPoolShapes() {
			compare(t, s, runNormPool(t, p, s), runNormPool(t, twoLayers[float64]{want}, s))
		}
	}
}

// reference remembers the results of the naive engine, which many engines are
// compared with.
var reference struct {
	sync.Mutex
	results map[string]results[float64]
}

func once[L fmt.Stringer](layer L, run func() results[float64]) results[float64] {
	reference.Lock()
	defer reference.Unlock()
	key := fmt.Sprintf("%#v", layer)
	if _, ok := reference.results[key]; !ok {
		if reference.results == nil {
			reference.results = map[string]results[float64]{}
		}
		reference.results[key] = run()
	}
	return reference.results[key]
}

// result is what a pass computed.
type result struct {
	name   string
	values []float64
}

// results collects copies of slices; each is filled with NaN before a pass.
type results[T kernel.Float] []result

// add runs f on new slices of the given sizes, twice into the same memory, to
// find values that are not overwritten, or remembered by mistake.
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

func compare[L fmt.Stringer, T kernel.Float](t *testing.T, layer L, got results[T],
	want results[float64]) {

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

func convert[To, From kernel.Float](x []From) []To {
	y := make([]To, len(x))
	for i, v := range x {
		y[i] = To(v)
	}
	return y
}

// Gaussian returns n random numbers that float32 holds exactly, so that both
// precisions start from the same ones. Each name has numbers of its own.
func Gaussian[T kernel.Float](name string, n int) []T {
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
