package optim

import (
	"math"
	"runtime"
	"sync"
)

// NewVector returns the plain Go arithmetic on the given number of threads, 0
// for all cores.
func NewVector(threads int) Vector {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return goVector{threads}
}

type goVector struct{ threads int }

// block is how many values one thread takes at least: about 20 microseconds of
// work, well over the cost of starting a goroutine. SumSquares adds up blocks,
// so that its result does not depend on the number of threads.
const block = 1 << 14

// spread calls f on parts [from, to) of n values, in parallel.
func (v goVector) spread(n int, f func(from, to int)) {
	threads := min(v.threads, (n+block-1)/block)
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

func (v goVector) SGD(w, g []float32, lr float32) {
	v.spread(len(w), func(from, to int) {
		w, g := w[from:to], g[from:to]
		for i := range w {
			w[i] -= lr * g[i]
		}
	})
}

func (v goVector) Momentum(w, velocity, g []float32, lr, momentum float32, nesterov bool) {
	v.spread(len(w), func(from, to int) {
		w, velocity, g := w[from:to], velocity[from:to], g[from:to]
		for i := range w {
			step := lr * g[i]
			velocity[i] = momentum*velocity[i] - step
			if nesterov {
				w[i] += momentum*velocity[i] - step
			} else {
				w[i] += velocity[i]
			}
		}
	})
}

func (v goVector) Adam(w, m, u, g []float32, s AdamStep) {
	v.spread(len(w), func(from, to int) {
		w, m, u, g := w[from:to], m[from:to], u[from:to], g[from:to]
		for i := range w {
			m[i] += s.NewM * (g[i] - m[i])
			u[i] += s.NewV * (g[i]*g[i] - u[i])
			w[i] = w[i]*s.Keep - s.Rate*m[i]/(sqrt(u[i])+s.Epsilon)
		}
	})
}

func (v goVector) RMSprop(w, u, g []float32, lr, newV, epsilon float32) {
	v.spread(len(w), func(from, to int) {
		w, u, g := w[from:to], u[from:to], g[from:to]
		for i := range w {
			u[i] += newV * (g[i]*g[i] - u[i])
			w[i] -= lr * g[i] / (sqrt(u[i]) + epsilon)
		}
	})
}

func (v goVector) Adagrad(w, u, g []float32, lr, epsilon float32) {
	v.spread(len(w), func(from, to int) {
		w, u, g := w[from:to], u[from:to], g[from:to]
		for i := range w {
			u[i] += g[i] * g[i]
			w[i] -= lr * g[i] / (sqrt(u[i]) + epsilon)
		}
	})
}

func (v goVector) Adadelta(w, squares, updates, g []float32, lr, newV, epsilon float32) {
	v.spread(len(w), func(from, to int) {
		w, squares, updates, g := w[from:to], squares[from:to], updates[from:to], g[from:to]
		for i := range w {
			squares[i] += newV * (g[i]*g[i] - squares[i])
			d := g[i] * sqrt(updates[i]+epsilon) / sqrt(squares[i]+epsilon)
			updates[i] += newV * (d*d - updates[i])
			w[i] -= lr * d
		}
	})
}

func (v goVector) SumSquares(x []float32) float64 {
	if len(x) <= block {
		return sumSquares(x)
	}
	sums := make([]float64, (len(x)+block-1)/block)
	// Blocks are shared out by number, not by value: each is summed by one thread.
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
	v.spread(len(x), func(from, to int) {
		x := x[from:to]
		for i := range x {
			x[i] *= s
		}
	})
}

func (v goVector) EMA(average, w []float32, newW float32) {
	v.spread(len(w), func(from, to int) {
		average, w := average[from:to], w[from:to]
		for i := range w {
			average[i] += newW * (w[i] - average[i])
		}
	})
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
