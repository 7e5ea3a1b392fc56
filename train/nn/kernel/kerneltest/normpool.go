package kerneltest

import (
	"math"
	"testing"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// twoLayers is a NormPooler of two layers.
type twoLayers[T kernel.Float] struct{ kernel.Engine[T] }

type twoLayerNormPool[T kernel.Float] struct {
	norm      kernel.BatchNorm[T]
	pool      kernel.MaxPool[T]
	y, pooled []T // of norm, of pool
}

func (e twoLayers[T]) NormPool(s kernel.NormPoolShape) (kernel.NormPool[T], error) {
	norm, err := e.BatchNorm(s.BatchNormShape)
	if err != nil {
		return nil, err
	}
	pool, err := e.MaxPool(kernel.PoolShape{In: s.In, Window: s.Window})
	return &twoLayerNormPool[T]{norm, pool, make([]T, s.In.Len()), nil}, err
}

func (l *twoLayerNormPool[T]) Train(y, x, gamma, beta, runMean, runVar []T) {
	l.norm.Train(l.y, x, gamma, beta, runMean, runVar)
	l.pool.Forward(y, l.y)
	l.pooled = y
}

func (l *twoLayerNormPool[T]) Backward(dx, dgamma, dbeta, dy, x, gamma []T) {
	d := make([]T, len(x))
	l.pool.Backward(d, dy, l.pooled)
	l.norm.Backward(dx, dgamma, dbeta, d, x, gamma)
}

// runNormPool also has channels whose gamma is 0 or reverses the order of values.
func runNormPool[T kernel.Float](t *testing.T, e kernel.NormPooler[T], s kernel.NormPoolShape) (
	r results[T]) {

	t.Helper()
	l := mustPrepared[kernel.NormPool[T]](t)(e.NormPool(s))
	in, out, c := s.In.Len(), s.Out().Len(), s.In.C
	x, dy := Gaussian[T]("x", in), Gaussian[T]("dy", out)
	gamma, beta := Gaussian[T]("gamma", c), Gaussian[T]("beta", c)
	mean, variance := Gaussian[T]("mean", c), Gaussian[T]("variance", c)
	gamma[0] = 0
	for i, v := range x {
		x[i] = T(math.Round(3*float64(v))) / 2 // many are equal, the others far apart
		if s.InputReLU {
			x[i] = max(x[i], 0)
		}
	}
	r.add([]string{"y", "running mean", "running variance"}, []int{out, c, c}, func(y [][]T) {
		copy(y[1], mean)
		copy(y[2], variance)
		l.Train(y[0], x, gamma, beta, y[1], y[2])
	})
	r.add([]string{"dx", "dgamma", "dbeta"}, []int{in, c, c}, func(d [][]T) {
		l.Backward(d[0], d[1], d[2], dy, x, gamma)
	})
	return r
}
