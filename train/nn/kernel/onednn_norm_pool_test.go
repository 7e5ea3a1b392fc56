//go:build onednn

package kernel

import (
	"math"
	"testing"
)

// normPoolShapes are the pools with a batch norm before them.
func normPoolShapes() (shapes []NormPoolShape) {
	for _, p := range poolShapes {
		if p.Inference {
			continue
		}
		shapes = append(shapes, NormPoolShape{Window: p.Window, BatchNormShape: BatchNormShape{
			In: p.In, Epsilon: 1e-3, Momentum: 0.9, InputReLU: p.InputReLU}})
	}
	return append(shapes, NormPoolShape{Window: window(17, 3, 2), // places over 255
		BatchNormShape: BatchNormShape{In: ImageShape{2, 18, 19, 5}, Epsilon: 1e-3, Momentum: 0.9}})
}

// TestNormPoolIsBatchNormAndMaxPool, also where gamma is 0 or turns the order round.
func TestNormPoolIsBatchNormAndMaxPool(t *testing.T) {
	for _, s := range normPoolShapes() {
		want := results[float64]{}
		runNormPool(t, twoLayers{naive{}}, s, &want)
		for _, threads := range []int{1, 2, 3} {
			got := results[float32]{}
			runNormPool(t, newOneDNN(t, threads), s, &got)
			compare(t, s, got, want)
		}
	}
}

// twoLayers is a NormPooler of two layers.
type twoLayers struct{ naive }

type twoLayerNormPool struct {
	norm BatchNorm[float64]
	pool MaxPool[float64]
	y    []float64 // of norm
}

func (e twoLayers) NormPool(s NormPoolShape) (NormPool[float64], error) {
	norm, err := e.BatchNorm(s.BatchNormShape)
	if err != nil {
		return nil, err
	}
	pool, err := e.MaxPool(PoolShape{In: s.In, Window: s.Window})
	return &twoLayerNormPool{norm, pool, make([]float64, s.In.Len())}, err
}

func (l *twoLayerNormPool) Train(y, x, gamma, beta, runMean, runVar []float64) {
	l.norm.Train(l.y, x, gamma, beta, runMean, runVar)
	l.pool.Forward(y, l.y)
}

func (l *twoLayerNormPool) Backward(dx, dgamma, dbeta, dy, x, gamma []float64) {
	d := make([]float64, len(x))
	l.pool.Backward(d, dy, nil)
	l.norm.Backward(dx, dgamma, dbeta, d, x, gamma)
}

func runNormPool[T Float](t *testing.T, e NormPooler[T], s NormPoolShape, r *results[T]) {
	t.Helper()
	l := mustPrepared[NormPool[T]](t)(e.NormPool(s))
	in, out, c := s.In.Len(), s.Out().Len(), s.In.C
	x, dy := gaussian[T]("x", in), gaussian[T]("dy", out)
	gamma, beta := gaussian[T]("gamma", c), gaussian[T]("beta", c)
	mean, variance := gaussian[T]("mean", c), gaussian[T]("variance", c)
	gamma[0] = 0
	for i, v := range x {
		x[i] = T(math.Round(3*float64(v))) / 2 // many are equal, the others clearly not
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
}
