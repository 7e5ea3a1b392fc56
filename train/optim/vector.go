package optim

import (
	"runtime"
	"sync"
)

// Vector is arithmetic on slices that all optimizers and the training loop share.
// [NewVector] does it in Go. A kernel library may bring a faster one that agrees
// with it to rounding.
//
// A rule needs no more than [Vector] to run: its loop is in Go, over as many
// goroutines as Threads says. Where the Vector also has the rule's fast path, an
// interface of its own such as [AdamVector], the rule uses that instead.
//
// In every method of a Vector and of the fast paths, w are the weights and g
// their gradient, which is only read; the other slices are accumulators, updated
// in place. Slices have equal lengths and each value is read and written once.
// The same slices give the same bits each time, whatever ran before.
type Vector interface {
	Threads() int
	// SumSquares is the sum of x*x, in float64; the order of the additions does
	// not depend on the number of threads.
	SumSquares(x []float32) float64
	// Scale is x *= s.
	Scale(x []float32, s float32)
	// EMA is average += newW*(w-average).
	EMA(average, w []float32, newW float32)
}

// NewVector returns the Vector in Go, on that many threads: 0 means all cores.
func NewVector(threads int) Vector {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return goVector{threads}
}

type goVector struct{ threads int }

func (v goVector) Threads() int { return v.threads }

// block is how many values one thread takes at least: about 20 microseconds of
// work, well over the cost of starting a goroutine. SumSquares adds up blocks,
// so that its result does not depend on the number of threads.
const block = 1 << 14

// spread calls f on parts [from, to) of n values, in parallel.
func spread(v Vector, n int, f func(from, to int)) {
	threads := min(v.Threads(), (n+block-1)/block)
	if threads <= 1 {
		f(0, n)
		return
	}
	var wg sync.WaitGroup
	for t := 1; t < threads; t++ {
		wg.Go(func() { f(n*t/threads, n*(t+1)/threads) })
	}
	f(0, n/threads)
	wg.Wait()
}

func (v goVector) SumSquares(x []float32) float64 {
	if len(x) <= block {
		return sumSquares(x)
	}
	sums := make([]float64, (len(x)+block-1)/block)
	// Threads share the blocks, not the values: one thread sums each block.
	threads := min(v.threads, len(sums))
	var wg sync.WaitGroup
	for t := range threads {
		wg.Go(func() {
			for b := t; b < len(sums); b += threads {
				sums[b] = sumSquares(x[b*block : min((b+1)*block, len(x))])
			}
		})
	}
	wg.Wait()
	var sum float64
	for _, s := range sums {
		sum += s
	}
	return sum
}

func sumSquares(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
}

func (v goVector) Scale(x []float32, s float32) {
	spread(v, len(x), func(from, to int) {
		x := x[from:to]
		for i := range x {
			x[i] *= s
		}
	})
}

func (v goVector) EMA(average, w []float32, newW float32) {
	spread(v, len(w), func(from, to int) {
		average, w := average[from:to], w[from:to]
		for i := range w {
			average[i] += newW * (w[i] - average[i])
		}
	})
}
