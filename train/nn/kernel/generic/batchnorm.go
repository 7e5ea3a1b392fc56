package generic

import (
	"math"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// batchNorm sums in float64, a part a worker, added up in the workers' order.
type batchNorm[T kernel.Float] struct {
	shape     kernel.BatchNormShape
	workers   *workers
	rows      int
	mean, inv []T // of the batch, kept by Train: mean and 1/sqrt(variance+epsilon)
	// What the last forward pass computed, before its ReLU: y = scale*(x-m) + offset.
	scale, offset []T
	limit         T // of that ReLU, infinite for none

	// Of the pass that is running.
	y, x, dx, dy []T
	centre       []float64   // what the sums subtract
	m, a, b, c   []T         // y = a*(x-m) + b, dx = a*dy + b*(x-m) + c
	sums         [][]float64 // per worker: two sums per channel
}

func newBatchNorm[T kernel.Float](w *workers, s kernel.BatchNormShape) *batchNorm[T] {
	c := s.In.C
	b := &batchNorm[T]{
		shape: s, workers: w, rows: s.In.N * s.In.H * s.In.W,
		mean: make([]T, c), inv: make([]T, c), centre: make([]float64, c),
		m: make([]T, c), a: make([]T, c), b: make([]T, c), c: make([]T, c),
		scale: make([]T, c), offset: make([]T, c), limit: T(math.Inf(1)),
	}
	if s.Max > 0 {
		b.limit = T(s.Max)
	}
	for range w.n {
		b.sums = append(b.sums, make([]float64, 2*c))
	}
	return b
}

func (b *batchNorm[T]) Train(y, x, gamma, beta, runMean, runVar []T) {
	b.check(x, gamma, runMean, runVar)
	kernel.MustHold(b.shape, "y", y, len(x))
	kernel.MustHold(b.shape, "beta", beta, b.shape.In.C)
	b.x, b.y = x, y
	n, m := float64(b.rows), b.shape.Momentum
	b.workers.run((*normSum[T])(b), len(x))
	for c, sum := range b.total()[:b.shape.In.C] {
		b.centre[c] = sum / n
	}
	b.workers.run((*normSquares[T])(b), len(x))
	for c, sum := range b.total()[:b.shape.In.C] {
		mean, variance := b.centre[c], sum/n
		inv := 1 / math.Sqrt(variance+b.shape.Epsilon)
		b.mean[c], b.inv[c] = T(mean), T(inv)
		runMean[c] = T(m*float64(runMean[c]) + (1-m)*mean)
		runVar[c] = T(m*float64(runVar[c]) + (1-m)*variance)
		b.scale[c] = T(float64(gamma[c]) * inv)
	}
	copy(b.m, b.mean)
	copy(b.offset, beta)
	b.workers.run((*normApply[T])(b), len(x))
}

func (b *batchNorm[T]) Frozen(y, x, gamma, beta, runMean, runVar []T) {
	b.check(x, gamma, runMean, runVar)
	kernel.MustHold(b.shape, "y", y, len(x))
	kernel.MustHold(b.shape, "beta", beta, b.shape.In.C)
	b.x, b.y = x, y
	for c := range b.scale {
		b.scale[c] = T(float64(gamma[c]) / math.Sqrt(float64(runVar[c])+b.shape.Epsilon))
	}
	copy(b.m, runMean)
	copy(b.offset, beta)
	b.workers.run((*normApply[T])(b), len(x))
}

// Backward: with g = dy, h = (x-mean)*inv and n rows,
// dx = gamma*inv*(g - mean of g - h * mean of g*h).
func (b *batchNorm[T]) Backward(dx, dgamma, dbeta, dy, x, gamma []T) {
	b.check(x, gamma, gamma, gamma)
	copy(b.m, b.mean)
	sums := b.gradients(dx, dgamma, dbeta, dy, x, b.inv)
	if dx == nil {
		return
	}
	channels, n := b.shape.In.C, float64(b.rows)
	for c := range channels {
		inv := float64(b.inv[c])
		a := float64(gamma[c]) * inv
		b.a[c] = T(a)
		b.b[c] = T(-a * inv * inv * sums[c+channels] / n)
		b.c[c] = T(-a * sums[c] / n)
	}
	b.workers.run((*normGradient[T])(b), len(x))
}

func (b *batchNorm[T]) FrozenBackward(dx, dgamma, dbeta, dy, x, gamma, runMean, runVar []T) {
	b.check(x, gamma, runMean, runVar)
	copy(b.m, runMean)
	for c := range b.a {
		b.a[c] = T(1 / math.Sqrt(float64(runVar[c])+b.shape.Epsilon))
	}
	b.gradients(dx, dgamma, dbeta, dy, x, b.a)
	if dx == nil {
		return
	}
	for c := range b.a {
		b.a[c], b.b[c], b.c[c] = b.a[c]*gamma[c], 0, 0
	}
	b.workers.run((*normGradient[T])(b), len(x))
}

func (b *batchNorm[T]) check(x, gamma, runMean, runVar []T) {
	kernel.MustHold(b.shape, "x", x, b.shape.In.Len())
	kernel.MustHold(b.shape, "gamma", gamma, b.shape.In.C)
	kernel.MustHold(b.shape, "the running mean", runMean, b.shape.In.C)
	kernel.MustHold(b.shape, "the running variance", runVar, b.shape.In.C)
}

// gradients sums dy, and dy*(x-m), and from these dgamma and dbeta.
func (b *batchNorm[T]) gradients(dx, dgamma, dbeta, dy, x, inv []T) (sums []float64) {
	kernel.MustHold(b.shape, "dy", dy, len(x))
	if dx != nil {
		kernel.MustHold(b.shape, "dx", dx, len(x))
	}
	b.dx, b.dy, b.x = dx, dy, x
	for c, m := range b.m {
		b.centre[c] = float64(m)
	}
	b.workers.run((*normGradientSums[T])(b), 2*len(x))
	sums = b.total()
	channels := b.shape.In.C
	for c := range dbeta {
		dbeta[c] = T(sums[c])
	}
	for c := range dgamma {
		dgamma[c] = T(sums[c+channels] * float64(inv[c]))
	}
	return sums
}

// total adds the sums of the workers into the first one's.
func (b *batchNorm[T]) total() []float64 {
	for _, part := range b.sums[1:] {
		for c, v := range part {
			b.sums[0][c] += v
		}
	}
	return b.sums[0]
}
