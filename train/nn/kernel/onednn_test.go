//go:build onednn

package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/optim"
)

// newOneDNN is closed when the test ends.
func newOneDNN(t testing.TB, threads int) *oneDNN {
	t.Helper()
	e, err := NewOneDNN(threads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e.(*oneDNN)
}

func TestOneDNNIsWhatTheFormulasSay(t *testing.T) {
	for _, threads := range []int{1, 2, 3} {
		t.Run(fmt.Sprintf("%d threads", threads), func(t *testing.T) {
			testEngineAgainst(t, newOneDNN(t, threads), naive{})
		})
	}
}

// TestOneDNNOnLargerShapes compares with the Go engine where the naive one would
// take too long: blocks of several rows or several images, and threads that share
// the pixels or the filters.
func TestOneDNNOnLargerShapes(t *testing.T) {
	want := newGo[float64](t, 2)
	for _, s := range []ConvShape{
		{In: ImageShape{2, 61, 83, 3}, Filters: 40, Window: window(3, 1, 1), Groups: 1, Bias: true},
		{In: ImageShape{1, 70, 91, 3}, Filters: 64, Window: window(7, 2, 3), Groups: 1, Bias: true},
		{In: ImageShape{5, 9, 7, 24}, Filters: 144, Window: window(3, 1, 1), Groups: 1},
		{In: ImageShape{7, 13, 11, 33}, Filters: 130, Window: window(5, 1, 2), Groups: 1, Bias: true},
		{In: ImageShape{9, 6, 5, 70}, Filters: 97, Window: window(1, 1, 0), Groups: 1, Bias: true},
		{In: ImageShape{1, 30, 30, 2}, Filters: 16, Window: window(13, 1, 6), Groups: 1, Bias: true},
	} {
		for _, threads := range []int{1, 2, 3} {
			compare(t, s, runConv(t, newOneDNN(t, threads), s), runConv(t, want, s))
		}
	}
}

func TestOneDNNIsDeterministic(t *testing.T) {
	for range 3 {
		a, b := newOneDNN(t, 3), newOneDNN(t, 3)
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
		for _, s := range normPoolShapes() {
			first, second := results[float32]{}, results[float32]{}
			runNormPool(t, a, s, &first)
			runNormPool(t, b, s, &second)
			mustEqual(t, s, first, second)
		}
	}
}

func TestOneDNNDoesNotAllocate(t *testing.T) {
	e := newOneDNN(t, 2)
	s := convShapes[1]
	c := mustPrepared[Conv[float32]](t)(e.Conv(s))
	x, y := make([]float32, s.In.Len()), make([]float32, s.Out().Len())
	w, b := make([]float32, s.weights()), make([]float32, s.Filters)
	n := mustPrepared[BatchNorm[float32]](t)(e.BatchNorm(BatchNormShape{In: s.Out()}))
	p := PoolShape{In: s.In, Window: window(3, 2, 1)}
	pool := mustPrepared[MaxPool[float32]](t)(e.MaxPool(p))
	pooled := make([]float32, p.Out().Len())
	parts, channels := [][]float32{y, nil}, []int{s.Filters, 1}
	whole := make([]float32, len(y)/s.Filters*(s.Filters+1))
	allocs := testing.AllocsPerRun(5, func() {
		c.Forward(y, x, w, b)
		c.BackwardData(x, y, w)
		c.BackwardWeights(w, b, x, y)
		n.Train(y, y, b, b, b, b)
		n.Backward(y, b, b, y, y, b)
		pool.Forward(pooled, x)
		pool.Backward(x, pooled, pooled)
		e.ReLU(y, y, 0)
		e.Split(parts, whole, len(y)/s.Filters, channels)
		e.ToNCHW(y, y, s.Out())
		e.Dropout(y, y, 0.5, 1)
		e.Softmax(y, y, s.Filters)
		e.Adam(y, y, y, y, optim.AdamStep{})
		e.SumSquares(y)
	})
	if allocs > 0 {
		t.Errorf("%v allocations a step, want none", allocs)
	}
}

// TestOneDNNOptimizersAgreeWithGo compares the loops of optim.Vector with its own.
func TestOneDNNOptimizersAgreeWithGo(t *testing.T) {
	const n = 100_003
	r := rand.New(rand.NewPCG(3, 4))
	start := make([][]float32, 4)
	for i := range start {
		start[i] = make([]float32, n)
		for j := range start[i] {
			start[i][j] = float32(r.NormFloat64())
			if i == 1 || i == 2 { // accumulators of squares
				start[i][j] *= start[i][j]
			}
		}
	}
	rules := map[string]func(v optim.Vector, w, a, b, g []float32){
		"sgd":      func(v optim.Vector, w, a, b, g []float32) { v.SGD(w, g, 0.1) },
		"momentum": func(v optim.Vector, w, a, b, g []float32) { v.Momentum(w, a, g, 0.1, 0.9, false) },
		"nesterov": func(v optim.Vector, w, a, b, g []float32) { v.Momentum(w, a, g, 0.1, 0.9, true) },
		"adam": func(v optim.Vector, w, a, b, g []float32) {
			v.Adam(w, a, b, g, optim.AdamStep{Rate: 0.1, NewM: 0.1, NewV: 0.01, Epsilon: 1e-3, Keep: 0.99})
		},
		"rmsprop":  func(v optim.Vector, w, a, b, g []float32) { v.RMSprop(w, a, g, 0.1, 0.1, 1e-3) },
		"adagrad":  func(v optim.Vector, w, a, b, g []float32) { v.Adagrad(w, a, g, 0.1, 1e-3) },
		"adadelta": func(v optim.Vector, w, a, b, g []float32) { v.Adadelta(w, a, b, g, 0.1, 0.05, 1e-3) },
		"scale":    func(v optim.Vector, w, a, b, g []float32) { v.Scale(w, 0.3) },
		"ema":      func(v optim.Vector, w, a, b, g []float32) { v.EMA(w, g, 0.02) },
		"sum of squares": func(v optim.Vector, w, a, b, g []float32) {
			w[0] = float32(v.SumSquares(g))
		},
	}
	fast, plain := newOneDNN(t, 2), optim.NewVector(2)
	for name, rule := range rules {
		got, want := clone(start), clone(start)
		for range 3 {
			rule(fast, got[0], got[1], got[2], got[3])
			rule(plain, want[0], want[1], want[2], want[3])
		}
		for i := range want {
			for j, w := range want[i] {
				if !(math.Abs(float64(got[i][j]-w)) <= 2e-6*(1+math.Abs(float64(w)))) {
					t.Errorf("%s: slice %d, value %d is %v, want %v", name, i, j, got[i][j], w)
					break
				}
			}
		}
	}
}

func clone(x [][]float32) [][]float32 {
	y := make([][]float32, len(x))
	for i := range x {
		y[i] = slices.Clone(x[i])
	}
	return y
}

func TestSumSquaresIsTheSameForEveryThreadCount(t *testing.T) {
	x := gaussian[float32]("x", 1_000_003)
	want := newOneDNN(t, 1).SumSquares(x)
	for _, threads := range []int{2, 3, 5} {
		if got := newOneDNN(t, threads).SumSquares(x); got != want {
			t.Errorf("%d threads: %v, want %v", threads, got, want)
		}
	}
}

func TestOneDNNRefusesWhatCannotBe(t *testing.T) {
	if _, err := NewOneDNN(-1); err == nil {
		t.Error("-1 threads are accepted")
	}
	e := newOneDNN(t, 1)
	for name, prepare := range map[string]func() error{
		"conv": func() error {
			_, err := e.Conv(ConvShape{In: ImageShape{1, 2, 2, 3}, Filters: 2, Groups: 2, Window: window(1, 1, 0)})
			return err
		},
		"dense": func() error { _, err := e.Dense(DenseShape{N: 1, In: 0, Out: 3}); return err },
		"maxpool": func() error {
			_, err := e.MaxPool(PoolShape{In: ImageShape{1, 2, 2, 3}, Window: window(3, 1, 0)})
			return err
		},
		"batchnorm": func() error { _, err := e.BatchNorm(BatchNormShape{}); return err },
	} {
		if prepare() == nil {
			t.Errorf("a %s that cannot be is accepted", name)
		}
	}
	c := mustPrepared[Conv[float32]](t)(e.Conv(convShapes[0]))
	defer func() {
		if msg := fmt.Sprint(recover()); !strings.Contains(msg, "x has 3 values, want 378") {
			t.Errorf("panic is %q", msg)
		}
	}()
	c.Forward(make([]float32, convShapes[0].Out().Len()), make([]float32, 3), nil, nil)
}

func TestAllocIsZeroedAndOnPages(t *testing.T) {
	e := newOneDNN(t, 1)
	for _, n := range []int{0, 1, 1 << 20} {
		x, err := e.Alloc(n)
		if err != nil || len(x) != n {
			t.Fatalf("%d values: %d, %v", n, len(x), err)
		}
		if slices.ContainsFunc(x, func(v float32) bool { return v != 0 }) {
			t.Errorf("%d values are not all 0", n)
		}
	}
}
