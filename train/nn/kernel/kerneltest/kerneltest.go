// Package kerneltest tests that an engine computes what the contract of package
// kernel says. An engine's own test is one line,
//
//	func TestConformance(t *testing.T) { kerneltest.Run(t, open) }
//
// beside what only it can do. The reference is package naive. Start at [Run].
package kerneltest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// Run tests an engine on one, two and three threads. Every layer must
//
//   - compute what the naive engine does, and gradients that central differences
//     confirm (in float64);
//   - give the same bits in two runs;
//   - refuse shapes that cannot be, and panic at slices of the wrong length.
//
// Run closes the engines that it opens, each twice.
func Run[T kernel.Float](t *testing.T, open func(threads int) (kernel.Engine[T], error)) {
	for _, threads := range []int{1, 2, 3} {
		t.Run(fmt.Sprintf("formulas/%d threads", threads), func(t *testing.T) {
			e := mustOpen(t, open, threads)
			if e.Threads() != threads {
				t.Skipf("%s runs on %d threads", e.Name(), e.Threads())
			}
			formulas(t, e)
		})
	}
	t.Run("gradients", func(t *testing.T) {
		e, ok := any(mustOpen(t, open, 2)).(kernel.Engine[float64])
		if !ok {
			t.Skip("central differences take float64; the formulas are compared with those of naive")
		}
		gradients(t, e)
	})
	t.Run("the same bits", func(t *testing.T) {
		for range 3 {
			deterministic(t, mustOpen(t, open, 3), mustOpen(t, open, 3))
		}
	})
	t.Run("refusals", func(t *testing.T) { refusals(t, mustOpen(t, open, 1)) })
	t.Run("wrong lengths", func(t *testing.T) { wrongLengths(t, mustOpen(t, open, 1)) })
}

// mustOpen opens an engine, which is closed twice when the test ends.
func mustOpen[T kernel.Float](t *testing.T, open func(int) (kernel.Engine[T], error),
	threads int) kernel.Engine[T] {

	t.Helper()
	e, err := open(threads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return e
}

// LargeConvs compares an engine with another one where the naive one would take too
// long: blocks of several rows or several images, and threads that share the pixels
// or the filters.
func LargeConvs[T kernel.Float](t *testing.T, e kernel.Engine[T], want kernel.Engine[float64]) {
	for _, s := range largeConvShapes {
		compare(t, s, runConv(t, e, s), runConv(t, want, s))
	}
}

func deterministic[T kernel.Float](t *testing.T, a, b kernel.Engine[T]) {
	for _, s := range convShapes {
		mustEqual(t, s, runConv(t, a, s), runConv(t, b, s))
	}
	for _, s := range denseShapes {
		mustEqual(t, s, runDense(t, a, s), runDense(t, b, s))
	}
	for _, s := range normShapes {
		mustEqual(t, s, runNorm(t, a, s), runNorm(t, b, s))
	}
	for _, s := range poolShapes {
		mustEqual(t, s, runAvgPool(t, a, s), runAvgPool(t, b, s))
	}
	p, ok := a.(kernel.NormPooler[T])
	if !ok {
		return
	}
	for _, s := range normPoolShapes() {
		mustEqual(t, s, runNormPool(t, p, s), runNormPool(t, b.(kernel.NormPooler[T]), s))
	}
}

func mustEqual[L fmt.Stringer, T kernel.Float](t *testing.T, layer L, a, b results[T]) {
	t.Helper()
	for i := range a {
		if !slices.Equal(a[i].values, b[i].values) {
			t.Errorf("%v: %s differs between two runs", layer, a[i].name)
		}
	}
}

func refusals[T kernel.Float](t *testing.T, e kernel.Engine[T]) {
	in := image(2, 5, 6, 4)
	for want, s := range map[string]kernel.ConvShape{
		"larger than the input": {In: in, Filters: 3, Groups: 1, Window: window(7, 1, 0)},
		"want 1 or more":        {In: in, Filters: 3, Groups: 1, Window: window(3, 0, 0)},
		"under the kernel":      {In: in, Filters: 3, Groups: 1, Window: window(3, 1, 3)},
		"groups that divide":    {In: in, Filters: 6, Groups: 3, Window: window(3, 1, 1)},
		"sizes of 1 or more":    {In: image(2, 5, 0, 4), Filters: 6, Groups: 1, Window: window(3, 1, 1)},
	} {
		if _, err := e.Conv(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error is %v, want %q", s, err, want)
		}
	}
	refused := func(layer string, err error) {
		if err == nil {
			t.Errorf("%s is accepted", layer)
		}
	}
	_, err := e.MaxPool(kernel.PoolShape{In: in, Window: window(2, 2, 2)})
	refused("a max-pool over nothing but padding", err)
	_, err = e.MaxPool(kernel.PoolShape{In: image(1, 2, 2, 3), Window: window(3, 1, 0)})
	refused("a max-pool larger than its input", err)
	_, err = e.AvgPool(kernel.PoolShape{In: in, Window: window(2, 2, 2)})
	refused("an average pool over nothing but padding", err)
	_, err = e.Dense(kernel.DenseShape{N: 1, In: 0, Out: 3})
	refused("a dense layer without inputs", err)
	_, err = e.BatchNorm(kernel.BatchNormShape{In: image(1, 1, 1, 0)})
	refused("a batch norm without channels", err)
}

func wrongLengths[T kernel.Float](t *testing.T, e kernel.Engine[T]) {
	s := convShapes[0]
	c := mustPrepared[kernel.Conv[T]](t)(e.Conv(s))
	defer func() {
		if msg := fmt.Sprint(recover()); !strings.Contains(msg, "x has 3 values, want 378") {
			t.Errorf("panic is %q", msg)
		}
	}()
	c.Forward(make([]T, s.Out().Len()), make([]T, 3), make([]T, s.Weights()), make([]T, s.Filters))
}

// NoAllocations fails if passes of an engine allocate.
func NoAllocations(t *testing.T, e kernel.Engine[float32]) {
	s := convShapes[1]
	c := mustPrepared[kernel.Conv[float32]](t)(e.Conv(s))
	x, y := make([]float32, s.In.Len()), make([]float32, s.Out().Len())
	w, b := make([]float32, s.Weights()), make([]float32, s.Filters)
	n := mustPrepared[kernel.BatchNorm[float32]](t)(e.BatchNorm(kernel.BatchNormShape{In: s.Out()}))
	p := kernel.PoolShape{In: s.In, Window: window(3, 2, 1)}
	pool := mustPrepared[kernel.MaxPool[float32]](t)(e.MaxPool(p))
	pooled := make([]float32, p.Out().Len())
	parts, channels := [][]float32{y, nil}, []int{s.Filters, 1}
	joined := make([]float32, len(y)/s.Filters*(s.Filters+1))
	turned := make([]float32, len(y))
	allocs := testing.AllocsPerRun(5, func() {
		c.Forward(y, x, w, b)
		c.BackwardData(x, y, w)
		c.BackwardWeights(w, b, x, y)
		n.Train(y, y, b, b, b, b)
		n.Backward(y, b, b, y, y, b)
		pool.Forward(pooled, x)
		pool.Backward(x, pooled, pooled)
		e.ReLU(y, y, 0)
		e.Split(parts, joined, len(y)/s.Filters, channels)
		e.ToNCHW(turned, y, s.Out())
		e.Dropout(y, y, 0.5, 1)
		e.Softmax(y, y, s.Filters)
	})
	if allocs > 0 {
		t.Errorf("%v allocations a step, want none", allocs)
	}
}
