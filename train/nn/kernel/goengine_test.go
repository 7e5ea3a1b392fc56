package kernel

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/nn/kernel/gemm"
)

// newGo is closed when the test ends.
func newGo[T Float](t testing.TB, threads int) Engine[T] {
	e := NewGo[T](threads)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func TestGoEngineIsWhatTheFormulasSay(t *testing.T) {
	for _, threads := range []int{1, 2, 3} {
		t.Run(fmt.Sprintf("%d threads", threads), func(t *testing.T) {
			testEngineAgainst(t, newGo[float64](t, threads), naive{})
		})
	}
}

// Every matrix product that this processor runs, not only the fastest.
func TestGoEngineInFloat32(t *testing.T) {
	for _, k := range gemm.All[float32]() {
		for _, threads := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s, %d threads", k.Name, threads), func(t *testing.T) {
				e := newGoEngine(threads, k)
				defer e.Close()
				testEngineAgainst[float32](t, e, naive{})
			})
		}
	}
}

func TestGoEngineIsDeterministic(t *testing.T) {
	for range 3 {
		a, b := newGo[float32](t, 3), newGo[float32](t, 3)
		for _, s := range convShapes {
			mustEqual(t, s, runConv(t, a, s), runConv(t, b, s))
		}
		for _, s := range normShapes {
			mustEqual(t, s, runNorm(t, a, s), runNorm(t, b, s))
		}
		for _, s := range poolShapes {
			mustEqual(t, s, runAvgPool(t, a, s), runAvgPool(t, b, s))
		}
	}
}

func mustEqual(t *testing.T, l fmt.Stringer, a, b results[float32]) {
	t.Helper()
	for i := range a {
		if !slices.Equal(a[i].values, b[i].values) {
			t.Errorf("%v: %s differs between two runs", l, a[i].name)
		}
	}
}

func TestGoEngineDoesNotAllocate(t *testing.T) {
	e := newGo[float32](t, 2)
	s := convShapes[1]
	c := mustPrepared[Conv[float32]](t)(e.Conv(s))
	x, y := make([]float32, s.In.Len()), make([]float32, s.Out().Len())
	w, b := make([]float32, s.weights()), make([]float32, s.Filters)
	n := mustPrepared[BatchNorm[float32]](t)(e.BatchNorm(BatchNormShape{In: s.Out()}))
	p := PoolShape{In: s.In, Window: window(3, 2, 1)}
	pool := mustPrepared[MaxPool[float32]](t)(e.MaxPool(p))
	pooled := make([]float32, p.Out().Len())
	allocs := testing.AllocsPerRun(5, func() {
		c.Forward(y, x, w, b)
		c.BackwardData(x, y, w)
		c.BackwardWeights(w, b, x, y)
		n.Train(y, y, b, b, b, b)
		n.Backward(y, b, b, y, y, b)
		pool.Forward(pooled, x)
		pool.Backward(x, pooled, pooled)
		e.ReLU(y, y, 0)
		e.Dropout(y, y, 0.5, 1)
		e.Softmax(y, y, s.Filters)
	})
	if allocs > 0 {
		t.Errorf("%v allocations a step, want none", allocs)
	}
}

func TestDropoutKeepsItsShare(t *testing.T) {
	const n = 1 << 20
	for _, rate := range []float64{0.1, 0.25, 0.5, 0.9} {
		for seed := range uint64(4) {
			kept, alike, pairs, last := 0, 0, 0, false
			for i := range n {
				keep := DropoutKeeps(rate, seed, i)
				if keep {
					kept++
				}
				if keep == DropoutKeeps(rate, seed+1, i) {
					alike++
				}
				if i > 0 && keep == last {
					pairs++
				}
				last = keep
			}
			// Values, and two values, agree as often as independent ones: 6
			// standard deviations of a share are at most 3/sqrt(n).
			same := rate*rate + (1-rate)*(1-rate)
			for what, got := range map[string][2]float64{
				"kept":               {float64(kept) / n, 1 - rate},
				"alike in two seeds": {float64(alike) / n, same},
				"alike in a row":     {float64(pairs) / n, same},
			} {
				if math.Abs(got[0]-got[1]) > 3/math.Sqrt(n) {
					t.Errorf("rate %v, seed %d: %s: %v, want %v", rate, seed, what, got[0], got[1])
				}
			}
		}
	}
}

// The values fix the definition: checkpoints and other engines rely on it.
func TestDropoutMaskIsFixed(t *testing.T) {
	mask := ""
	for i := range 64 {
		mask += map[bool]string{true: "1", false: "0"}[DropoutKeeps(0.5, 42, i)]
	}
	const want = "0100111101110110110111111000111110001010111101011000111111010110"
	if mask != want {
		t.Errorf("mask is %s, want %s", mask, want)
	}
}

func TestShapesThatCannotBeAreRefused(t *testing.T) {
	e := newGo[float64](t, 1)
	in := ImageShape{2, 5, 6, 4}
	for want, s := range map[string]ConvShape{
		"larger than the input": {In: in, Filters: 3, Groups: 1, Window: window(7, 1, 0)},
		"want 1 or more":        {In: in, Filters: 3, Groups: 1, Window: window(3, 0, 0)},
		"under the kernel":      {In: in, Filters: 3, Groups: 1, Window: window(3, 1, 3)},
		"groups that divide":    {In: in, Filters: 6, Groups: 3, Window: window(3, 1, 1)},
		"sizes of 1 or more":    {In: ImageShape{2, 5, 0, 4}, Filters: 6, Groups: 1, Window: window(3, 1, 1)},
	} {
		if _, err := e.Conv(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error is %v, want %q", s, err, want)
		}
	}
	if _, err := e.MaxPool(PoolShape{In: in, Window: window(2, 2, 2)}); err == nil {
		t.Error("a pool over nothing but padding is accepted")
	}
	if _, err := e.Dense(DenseShape{N: 1, In: 0, Out: 3}); err == nil {
		t.Error("a dense layer without inputs is accepted")
	}
	if _, err := e.BatchNorm(BatchNormShape{In: ImageShape{1, 1, 1, 0}}); err == nil {
		t.Error("a batch norm without channels is accepted")
	}
}

func TestSlicesOfTheWrongLengthPanic(t *testing.T) {
	e := newGo[float64](t, 1)
	c := mustPrepared[Conv[float64]](t)(e.Conv(convShapes[0]))
	defer func() {
		if msg := fmt.Sprint(recover()); !strings.Contains(msg, "x has 3 values, want 378") {
			t.Errorf("panic is %q", msg)
		}
	}()
	c.Forward(nil, make([]float64, 3), nil, nil)
}

func TestCloseTwice(t *testing.T) {
	e := NewGo[float64](3)
	for range 2 {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
