//go:build onednn

package onednn

import (
	"fmt"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic"
	"github.com/flowerctl/flowerctl/train/nn/kernel/kerneltest"
)

func TestConformance(t *testing.T) { kerneltest.Run(t, New) }

// TestConformanceWithoutBF16: as on processors that do not multiply bfloat16.
func TestConformanceWithoutBF16(t *testing.T) {
	emulateBF16 = true
	defer func() { emulateBF16 = false }()
	kerneltest.Run(t, New)
}

func TestLargerShapes(t *testing.T) {
	want := generic.New[float64](2)
	defer want.Close()
	for _, threads := range []int{1, 2, 3} {
		t.Run(fmt.Sprintf("%d threads", threads), func(t *testing.T) {
			kerneltest.LargeConvs(t, open(t, threads), want)
		})
	}
}

func TestPassesDoNotAllocate(t *testing.T) { kerneltest.NoAllocations(t, open(t, 2)) }

func TestThreadsUnderZeroAreRefused(t *testing.T) {
	if _, err := New(-1); err == nil {
		t.Error("-1 threads are accepted")
	}
}

// open returns an engine that is closed when the test ends.
func open(t testing.TB, threads int) *engine {
	t.Helper()
	e, err := New(threads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e.(*engine)
}

func TestAllocIsZeroedAndOnPages(t *testing.T) {
	e := open(t, 1)
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

// TestEmulatedBF16HasRoom: each pass of a convolution alone in an engine finds the rounded
// values a place in the work area.
func TestEmulatedBF16HasRoom(t *testing.T) {
	emulateBF16 = true
	defer func() { emulateBF16 = false }()
	for _, size := range []int{1, 3} {
		for _, stride := range []int{1, 2} {
			for _, filters := range []int{8, 200} {
				s := kernel.ConvShape{In: kernel.ImageShape{N: 2, H: 31, W: 29, C: 70}, Filters: filters,
					Groups: 1, BF16: true, Window: kernel.Window{Kernel: [2]int{size, size},
						Stride: [2]int{stride, stride}}}
				e, err := New(2)
				if err != nil {
					t.Fatal(err)
				}
				c, err := e.Conv(s)
				if err != nil {
					t.Fatal(err)
				}
				x, y := make([]float32, s.In.Len()), make([]float32, s.Out().Len())
				w := make([]float32, s.Weights())
				c.Forward(y, x, w, nil)
				c.BackwardData(x, y, w)
				c.BackwardWeights(w, nil, x, y)
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestYieldChangesNoBits, neither on nor off again, and may be asked for twice.
func TestYieldChangesNoBits(t *testing.T) {
	e, err := New(2)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	l, err := e.Dense(kernel.DenseShape{N: 16, In: 300, Out: 200, Bias: true})
	if err != nil {
		t.Fatal(err)
	}
	x, w, b := make([]float32, 16*300), make([]float32, 200*300), make([]float32, 200)
	for i := range x {
		x[i] = float32(i%17) / 17
	}
	for i := range w {
		w[i] = float32(i%13)/13 - 0.5
	}
	var first []float32
	for _, on := range []bool{false, true, true, false, true} {
		if err := e.(kernel.Yielder).Yield(on); err != nil {
			t.Fatal(err)
		}
		y := make([]float32, 16*200)
		l.Forward(y, x, w, b)
		if first == nil {
			first = y
		} else if !slices.Equal(y, first) {
			t.Errorf("yield %v: other values", on)
		}
	}
}
