package kerneltest

import (
	"math"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// gradients compares every gradient with central differences.
func gradients(t *testing.T, e kernel.Engine[float64]) {
	t.Run("conv", func(t *testing.T) { convGradients(t, e) })
	t.Run("dense", func(t *testing.T) { denseGradients(t, e) })
	t.Run("batchnorm", func(t *testing.T) { batchNormGradients(t, e) })
	t.Run("pool", func(t *testing.T) { poolGradients(t, e) })
	t.Run("elementwise", func(t *testing.T) { elementwiseGradients(t, e) })
}

// checkGradient compares d with central differences of loss, over v.
func checkGradient(t *testing.T, name string, v, d []float64, loss func() float64) {
	t.Helper()
	const h = 1e-5
	scale := 1e-2
	for _, g := range d {
		scale = max(scale, math.Abs(g))
	}
	step := 1 + len(v)/40 // all of a small tensor, a sample of a large one
	for i := 0; i < len(v); i += step {
		old := v[i]
		v[i] = old + h
		above := loss()
		v[i] = old - h
		below := loss()
		v[i] = old
		if want := (above - below) / (2 * h); !(math.Abs(d[i]-want) <= 1e-6*scale) {
			t.Errorf("%s: gradient %d of %d is %v, central difference %v", name, i, len(v), d[i], want)
			return
		}
	}
}

// dot is the loss whose gradient in y is dy.
func dot(y, dy []float64) (sum float64) {
	for i := range y {
		sum += y[i] * dy[i]
	}
	return sum
}

// nonzero returns numbers away from 0, where a ReLU has no gradient, no two of
// which are equal, because a maximum of equal ones has none either.
func nonzero(name string, n int) []float64 {
	x := Gaussian[float64](name, n)
	for i, v := range x {
		x[i] = v + math.Copysign(0.01, v) + 1e-3*float64(i%89)*math.Copysign(1, v)
	}
	return x
}

func convGradients(t *testing.T, e kernel.Engine[float64]) {
	for _, s := range convShapes {
		if s.Inference || s.BF16 { // rounded: no gradient in small steps
			continue
		}
		s.NoBackwardData = false
		c := mustPrepared[kernel.Conv[float64]](t)(e.Conv(s))
		x, w := nonzero("x", s.In.Len()), Gaussian[float64]("w", s.Weights())
		dy := Gaussian[float64]("dy", s.Out().Len())
		b := Gaussian[float64]("b", s.Biases())
		y, before := make([]float64, len(dy)), make([]float64, len(dy))
		dx, dw, db := make([]float64, len(x)), make([]float64, len(w)), make([]float64, len(b))
		loss := func() float64 { c.Forward(y, x, w, b); return dot(y, dy) }
		loss()
		copy(before, dy)
		if s.ReLU {
			e.ReLUBackward(before, dy, y, s.Max)
		}
		c.BackwardData(dx, before, w)
		c.BackwardWeights(dw, db, x, before)
		checkGradient(t, s.String()+": x", x, dx, loss)
		checkGradient(t, s.String()+": w", w, dw, loss)
		checkGradient(t, s.String()+": b", b, db, loss)
	}
}

func denseGradients(t *testing.T, e kernel.Engine[float64]) {
	for _, s := range denseShapes {
		if s.Inference {
			continue
		}
		s.NoBackwardData = false
		d := mustPrepared[kernel.Dense[float64]](t)(e.Dense(s))
		x, w := Gaussian[float64]("x", s.N*s.In), Gaussian[float64]("w", s.Weights())
		dy := Gaussian[float64]("dy", s.N*s.Out)
		b := Gaussian[float64]("b", s.Biases())
		y, before := make([]float64, len(dy)), make([]float64, len(dy))
		dx, dw, db := make([]float64, len(x)), make([]float64, len(w)), make([]float64, len(b))
		loss := func() float64 { d.Forward(y, x, w, b); return dot(y, dy) }
		loss()
		copy(before, dy)
		if s.ReLU {
			e.ReLUBackward(before, dy, y, 0)
		}
		d.BackwardData(dx, before, w)
		d.BackwardWeights(dw, db, x, before)
		checkGradient(t, s.String()+": x", x, dx, loss)
		checkGradient(t, s.String()+": w", w, dw, loss)
		checkGradient(t, s.String()+": b", b, db, loss)
	}
}

// input is z, or relu(z) for layers whose gradient is the one before that ReLU.
func input(relu bool, z []float64) []float64 {
	x := slices.Clone(z)
	for i, v := range z {
		if relu {
			x[i] = max(v, 0)
		}
	}
	return x
}

func batchNormGradients(t *testing.T, e kernel.Engine[float64]) {
	for _, s := range normShapes {
		l := mustPrepared[kernel.BatchNorm[float64]](t)(e.BatchNorm(s))
		n, c := s.In.Len(), s.In.C
		z, dy := nonzero("z", n), Gaussian[float64]("dy", n)
		gamma, beta := Gaussian[float64]("gamma", c), Gaussian[float64]("beta", c)
		mean, variance := Gaussian[float64]("mean", c), make([]float64, c)
		for i := range variance {
			variance[i] = 0.5 + float64(i)
		}
		y, dx := make([]float64, n), make([]float64, n)
		dgamma, dbeta := make([]float64, c), make([]float64, c)
		check := func(mode string, loss func() float64) {
			checkGradient(t, s.String()+mode+": x", z, dx, loss)
			checkGradient(t, s.String()+mode+": gamma", gamma, dgamma, loss)
			checkGradient(t, s.String()+mode+": beta", beta, dbeta, loss)
		}
		train := func() float64 {
			l.Train(y, input(s.InputReLU, z), gamma, beta, make([]float64, c), make([]float64, c))
			return dot(y, dy)
		}
		train()
		l.Backward(dx, dgamma, dbeta, dy, input(s.InputReLU, z), gamma)
		check(" train", train)
		frozen := func() float64 {
			l.Frozen(y, input(s.InputReLU, z), gamma, beta, mean, variance)
			return dot(y, dy)
		}
		frozen()
		l.FrozenBackward(dx, dgamma, dbeta, dy, input(s.InputReLU, z), gamma, mean, variance)
		check(" frozen", frozen)
	}
}

func poolGradients(t *testing.T, e kernel.Engine[float64]) {
	for _, s := range poolShapes {
		if s.Inference {
			continue
		}
		z, dy := nonzero("z", s.In.Len()), Gaussian[float64]("dy", s.Out().Len())
		y, dx := make([]float64, len(dy)), make([]float64, len(z))
		most := mustPrepared[kernel.MaxPool[float64]](t)(e.MaxPool(s))
		loss := func() float64 { most.Forward(y, input(s.InputReLU, z)); return dot(y, dy) }
		loss()
		most.Backward(dx, dy, y)
		checkGradient(t, "max "+s.String(), z, dx, loss)

		mean := mustPrepared[kernel.AvgPool[float64]](t)(e.AvgPool(s))
		mean.Backward(dx, dy)
		checkGradient(t, "average "+s.String(), z, dx, func() float64 {
			mean.Forward(y, z)
			return dot(y, dy)
		})
	}
	s := kernel.ImageShape{N: 2, H: 5, W: 7, C: 3}
	global := mustPrepared[kernel.AvgPool[float64]](t)(e.GlobalAvgPool(s))
	x, dy := Gaussian[float64]("x", s.Len()), Gaussian[float64]("dy", s.N*s.C)
	y, dx := make([]float64, len(dy)), make([]float64, len(x))
	global.Backward(dx, dy)
	checkGradient(t, "global average", x, dx, func() float64 {
		global.Forward(y, x)
		return dot(y, dy)
	})
}

func elementwiseGradients(t *testing.T, e kernel.Engine[float64]) {
	const n = 60
	x, dy := nonzero("x", n), Gaussian[float64]("dy", n)
	y, dx := make([]float64, n), make([]float64, n)
	for _, limit := range []float64{0, 0.5} {
		loss := func() float64 { e.ReLU(y, x, limit); return dot(y, dy) }
		loss()
		e.ReLUBackward(dx, dy, y, limit)
		checkGradient(t, "relu", x, dx, loss)
	}
	e.Dropout(dx, dy, 0.4, 3)
	checkGradient(t, "dropout", x, dx, func() float64 { e.Dropout(y, x, 0.4, 3); return dot(y, dy) })

	channels := []int{3, 5, 2}
	parts := [][]float64{x[:18], x[18:48], x[48:]}
	e.Split([][]float64{dx[:18], dx[18:48], dx[48:]}, dy, 6, channels)
	checkGradient(t, "concat", x, dx, func() float64 {
		e.Concat(y, parts, 6, channels)
		return dot(y, dy)
	})

	s := kernel.ImageShape{N: 2, H: 3, W: 5, C: 2}
	e.ToNHWC(dx, dy, s)
	checkGradient(t, "flatten", x, dx, func() float64 { e.ToNCHW(y, x, s); return dot(y, dy) })
}
