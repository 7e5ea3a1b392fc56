package kerneltest

import (
	"math"
	"testing"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// The passes of each layer, on numbers that every engine is given.

func runConv[T kernel.Float](t *testing.T, e kernel.Engine[T], s kernel.ConvShape) (
	r results[T]) {

	t.Helper()
	c := mustPrepared[kernel.Conv[T]](t)(e.Conv(s))
	in, out := s.In.Len(), s.Out().Len()
	x, w, dy := Gaussian[T]("x", in), Gaussian[T]("w", s.Weights()), Gaussian[T]("dy", out)
	var b []T
	if s.Bias {
		b = Gaussian[T]("b", s.Filters)
	}
	r.add([]string{"y"}, []int{out}, func(y [][]T) { c.Forward(y[0], x, w, b) })
	if s.Inference {
		return r
	}
	if !s.NoBackwardData {
		r.add([]string{"dx"}, []int{in}, func(d [][]T) { c.BackwardData(d[0], dy, w) })
	}
	r.add([]string{"dw", "db"}, []int{len(w), len(b)}, func(d [][]T) {
		c.BackwardWeights(d[0], d[1], x, dy)
	})
	return r
}

func runDense[T kernel.Float](t *testing.T, e kernel.Engine[T], s kernel.DenseShape) (
	r results[T]) {

	t.Helper()
	d := mustPrepared[kernel.Dense[T]](t)(e.Dense(s))
	x, w, dy := Gaussian[T]("x", s.N*s.In), Gaussian[T]("w", s.In*s.Out), Gaussian[T]("dy", s.N*s.Out)
	var b []T
	if s.Bias {
		b = Gaussian[T]("b", s.Out)
	}
	r.add([]string{"y"}, []int{len(dy)}, func(y [][]T) { d.Forward(y[0], x, w, b) })
	if s.Inference {
		return r
	}
	if !s.NoBackwardData {
		r.add([]string{"dx"}, []int{len(x)}, func(y [][]T) { d.BackwardData(y[0], dy, w) })
	}
	r.add([]string{"dw", "db"}, []int{len(w), len(b)}, func(y [][]T) {
		d.BackwardWeights(y[0], y[1], x, dy)
	})
	return r
}

func runNorm[T kernel.Float](t *testing.T, e kernel.Engine[T], s kernel.BatchNormShape) (
	r results[T]) {

	t.Helper()
	b := mustPrepared[kernel.BatchNorm[T]](t)(e.BatchNorm(s))
	n, c := s.In.Len(), s.In.C
	x, dy := Gaussian[T]("x", n), Gaussian[T]("dy", n)
	gamma, beta := Gaussian[T]("gamma", c), Gaussian[T]("beta", c)
	mean, variance := Gaussian[T]("mean", c), Gaussian[T]("variance", c)
	for i, v := range variance {
		variance[i] = T(float32(v*v + 0.5))
	}
	for i := range x {
		x[i] += T(i % c) // so that the means of the channels are far from 0
		if s.InputReLU {
			x[i] = max(x[i]-T(i%c), 0)
		}
	}
	gradients, sizes := []string{"dx", "dgamma", "dbeta"}, []int{n, c, c}
	r.add([]string{"y", "running mean", "running variance"}, sizes, func(y [][]T) {
		copy(y[1], mean)
		copy(y[2], variance)
		b.Train(y[0], x, gamma, beta, y[1], y[2])
	})
	r.add(gradients, sizes, func(d [][]T) { b.Backward(d[0], d[1], d[2], dy, x, gamma) })
	r.add(gradients[1:], sizes[1:], func(d [][]T) { b.Backward(nil, d[0], d[1], dy, x, gamma) })
	r.add(gradients[:1], sizes[:1], func(d [][]T) { b.Backward(d[0], nil, nil, dy, x, gamma) })
	r.add([]string{"frozen y"}, sizes[:1], func(y [][]T) {
		b.Frozen(y[0], x, gamma, beta, mean, variance)
	})
	r.add([]string{"frozen dx", "frozen dgamma", "frozen dbeta"}, sizes, func(d [][]T) {
		b.FrozenBackward(d[0], d[1], d[2], dy, x, gamma, mean, variance)
	})
	return r
}

func runMaxPool[T kernel.Float](t *testing.T, e kernel.Engine[T], s kernel.PoolShape) (
	r results[T]) {

	t.Helper()
	p := mustPrepared[kernel.MaxPool[T]](t)(e.MaxPool(s))
	in, out := s.In.Len(), s.Out().Len()
	x, dy := Gaussian[T]("x", in), Gaussian[T]("dy", out)
	for i, v := range x {
		x[i] = T(math.Round(2 * float64(v))) // few values: many are equal
		if s.InputReLU {
			x[i] = max(x[i], 0)
			continue
		}
		switch i % 29 {
		case 3, 4:
			x[i] = T(math.NaN())
		case 5, 6:
			x[i] = T(math.Inf(1 - i%2*2))
		}
	}
	var last []T
	r.add([]string{"y"}, []int{out}, func(y [][]T) {
		p.Forward(y[0], x)
		last = y[0]
	})
	if !s.Inference {
		r.add([]string{"dx"}, []int{in}, func(d [][]T) { p.Backward(d[0], dy, last) })
	}
	return r
}

func runAvgPool[T kernel.Float](t *testing.T, e kernel.Engine[T], s kernel.PoolShape) (
	r results[T]) {

	t.Helper()
	p := mustPrepared[kernel.AvgPool[T]](t)(e.AvgPool(s))
	return runAverage(p, s.In.Len(), s.Out().Len(), s.Inference)
}

func runGlobalAvgPool[T kernel.Float](t *testing.T, e kernel.Engine[T], s kernel.ImageShape) (
	r results[T]) {

	t.Helper()
	p := mustPrepared[kernel.AvgPool[T]](t)(e.GlobalAvgPool(s))
	return runAverage(p, s.Len(), s.N*s.C, false)
}

func runAverage[T kernel.Float](p kernel.AvgPool[T], in, out int, inference bool) (r results[T]) {
	x, dy := Gaussian[T]("x", in), Gaussian[T]("dy", out)
	r.add([]string{"y"}, []int{out}, func(y [][]T) { p.Forward(y[0], x) })
	if !inference {
		r.add([]string{"dx"}, []int{in}, func(d [][]T) { p.Backward(d[0], dy) })
	}
	return r
}

// runElementwise takes n values, a multiple of 105.
func runElementwise[T kernel.Float](e kernel.Engine[T], n int) (r results[T]) {
	x, b, bytes := Gaussian[T]("x", n), Gaussian[T]("b", n), make([]uint8, n)
	for i := range bytes {
		bytes[i] = uint8(i * 7)
	}
	x[1], x[2], x[3] = 0, T(math.NaN()), T(math.Inf(1))
	one := func(name string, f func(y []T)) {
		r.add([]string{name}, []int{n}, func(y [][]T) { f(y[0]) })
	}
	one("relu", func(y []T) { e.ReLU(y, x, 0) })
	one("relu cut", func(y []T) { e.ReLU(y, x, 0.75) })
	one("relu in place", func(y []T) { copy(y, x); e.ReLU(y, y, 0) })
	relu, cut := make([]T, n), make([]T, n)
	e.ReLU(relu, x, 0)
	e.ReLU(cut, x, 0.75)
	one("relu backward", func(y []T) { e.ReLUBackward(y, b, relu, 0) })
	one("relu backward cut", func(y []T) { e.ReLUBackward(y, b, cut, 0.75) })
	one("relu backward in place", func(y []T) { copy(y, b); e.ReLUBackward(y, y, relu, 0) })
	one("rescale", func(y []T) { e.Rescale(y, x, 0.3, -1.5) })
	one("rescale in place", func(y []T) { copy(y, b); e.Rescale(y, y, 0.3, -1.5) })
	one("from bytes", func(y []T) { e.FromBytes(y, bytes) })
	one("add", func(y []T) { e.Add(y, x, b) })
	one("add in place", func(y []T) { copy(y, b); e.Add(y, y, y) })
	rows, channels := n/15, []int{3, 1, 11}
	part := func(c int) []T { return Gaussian[T]("part", rows*c) }
	one("concat", func(y []T) { e.Concat(y, [][]T{part(3), part(1), part(11)}, rows, channels) })
	r.add([]string{"split 0", "split 2"}, []int{rows * 3, rows * 11}, func(y [][]T) {
		e.Split([][]T{y[0], nil, y[1]}, x, rows, channels)
	})
	s := kernel.ImageShape{N: n / 105, H: 5, W: 7, C: 3}
	one("to NCHW", func(y []T) { e.ToNCHW(y, x, s) })
	one("to NHWC", func(y []T) { e.ToNHWC(y, x, s) })
	one("to NHWC, one channel", func(y []T) { e.ToNHWC(y, x, image(1, n/5, 5, 1)) })
	one("dropout", func(y []T) { e.Dropout(y, b, 0.3, 11) })
	one("dropout in place", func(y []T) { copy(y, b); e.Dropout(y, y, 0.5, 1<<40+3) })
	one("dropout of nothing", func(y []T) { e.Dropout(y, b, 0, 5) })
	one("softmax", func(y []T) { e.Softmax(y, b, 15) })
	one("softmax in place", func(y []T) { copy(y, b); e.Softmax(y, y, 5) })
	one("softmax of large values", func(y []T) { e.Rescale(y, b, 1000, 0); e.Softmax(y, y, 7) })
	return r
}
