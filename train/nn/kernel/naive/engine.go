package naive

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

type engine[T kernel.Float] struct{ elementwise[T] }

// New returns the engine. Sums over a window or a batch are in float64 for both
// types.
func New[T kernel.Float]() kernel.Engine[T] { return engine[T]{} }

func (engine[T]) Name() string { return "naive" }
func (engine[T]) Threads() int { return 1 }
func (engine[T]) Close() error { return nil }

func (engine[T]) Conv(s kernel.ConvShape) (kernel.Conv[T], error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return conv[T]{s}, nil
}

func (engine[T]) Dense(s kernel.DenseShape) (kernel.Dense[T], error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return dense[T]{s}, nil
}

func (engine[T]) BatchNorm(s kernel.BatchNormShape) (kernel.BatchNorm[T], error) {
	if err := s.In.Check(); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	b := batchNorm[T]{BatchNormShape: s, mean: make([]float64, s.In.C), variance: make([]float64, s.In.C)}
	if s.ReLU {
		b.result = make([]T, s.In.Len())
	}
	return b, nil
}

func (engine[T]) MaxPool(s kernel.PoolShape) (kernel.MaxPool[T], error) {
	if err := s.Window.Check(s.In); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return maxPool[T]{s, make([]int, s.Out().Len())}, nil
}

func (engine[T]) AvgPool(s kernel.PoolShape) (kernel.AvgPool[T], error) {
	if err := s.Window.Check(s.In); err != nil {
		return nil, fmt.Errorf("kernel: %v: %w", s, err)
	}
	return avgPool[T]{s}, nil
}

func (e engine[T]) GlobalAvgPool(s kernel.ImageShape) (kernel.AvgPool[T], error) {
	return e.AvgPool(kernel.GlobalPool(s))
}

type conv[T kernel.Float] struct{ kernel.ConvShape }

func (c conv[T]) Forward(y, x, w, b []T) {
	c.check(x, y, w, b)
	convForward(y, x, w, b, c.ConvShape)
}

func (c conv[T]) BackwardData(dx, dy, w []T) {
	kernel.MustPrepare(c, c.Inference || c.NoBackwardData, "backward data")
	kernel.MustHold(c, "dx", dx, c.In.Len())
	kernel.MustHold(c, "dy", dy, c.Out().Len())
	kernel.MustHold(c, "w", w, c.Weights())
	convBackward(dx, nil, nil, dy, nil, w, c.ConvShape)
}

func (c conv[T]) BackwardWeights(dw, db, x, dy []T) {
	kernel.MustPrepare(c, c.Inference, "backward weights")
	c.check(x, dy, dw, db)
	convBackward(nil, dw, db, dy, x, nil, c.ConvShape)
}

func (c conv[T]) check(x, y, w, b []T) {
	kernel.MustHold(c, "x", x, c.In.Len())
	kernel.MustHold(c, "y or dy", y, c.Out().Len())
	kernel.MustHold(c, "w or dw", w, c.Weights())
	kernel.MustHold(c, "b or db", b, c.Biases())
}

type dense[T kernel.Float] struct{ kernel.DenseShape }

func (d dense[T]) Forward(y, x, w, b []T) {
	d.check(x, y, w, b)
	denseForward(y, x, w, b, d.N, d.In, d.Out, d.ReLU)
}

func (d dense[T]) BackwardData(dx, dy, w []T) {
	kernel.MustPrepare(d, d.Inference || d.NoBackwardData, "backward data")
	kernel.MustHold(d, "dx", dx, d.N*d.In)
	kernel.MustHold(d, "dy", dy, d.N*d.Out)
	kernel.MustHold(d, "w", w, d.Weights())
	denseBackward(dx, nil, nil, dy, nil, w, d.N, d.In, d.Out)
}

func (d dense[T]) BackwardWeights(dw, db, x, dy []T) {
	kernel.MustPrepare(d, d.Inference, "backward weights")
	d.check(x, dy, dw, db)
	denseBackward(nil, dw, db, dy, x, nil, d.N, d.In, d.Out)
}

func (d dense[T]) check(x, y, w, b []T) {
	kernel.MustHold(d, "x", x, d.N*d.In)
	kernel.MustHold(d, "y or dy", y, d.N*d.Out)
	kernel.MustHold(d, "w or dw", w, d.Weights())
	kernel.MustHold(d, "b or db", b, d.Biases())
}

type batchNorm[T kernel.Float] struct {
	kernel.BatchNormShape
	mean, variance []float64 // of the batch, from Train to Backward
	result         []T       // of the forward pass, with ReLU
}

func (b batchNorm[T]) Train(y, x, gamma, beta, runMean, runVar []T) {
	b.check(x, y, gamma, beta, runMean, runVar)
	batchMoments(b.mean, b.variance, x)
	normForward(y, x, gamma, beta, b.mean, b.variance, b.Epsilon)
	b.end(y)
	for c := range b.mean {
		runMean[c] = T(b.Momentum*float64(runMean[c]) + (1-b.Momentum)*b.mean[c])
		runVar[c] = T(b.Momentum*float64(runVar[c]) + (1-b.Momentum)*b.variance[c])
	}
}

func (b batchNorm[T]) Frozen(y, x, gamma, beta, runMean, runVar []T) {
	b.check(x, y, gamma, beta, runMean, runVar)
	normForward(y, x, gamma, beta, float64s(runMean), float64s(runVar), b.Epsilon)
	b.end(y)
}

func (b batchNorm[T]) Backward(dx, dgamma, dbeta, dy, x, gamma []T) {
	b.check(x, dy, gamma)
	b.checkGradients(dx, dgamma, dbeta)
	dy = b.before(dy)
	normBackward(dx, dgamma, dbeta, dy, x, gamma, b.mean, b.variance, b.Epsilon)
	addMomentGradients(dx, dy, x, gamma, b.mean, b.variance, b.Epsilon)
	b.maskInput(dx, x)
}

func (b batchNorm[T]) FrozenBackward(dx, dgamma, dbeta, dy, x, gamma, runMean, runVar []T) {
	b.check(x, dy, gamma, runMean, runVar)
	b.checkGradients(dx, dgamma, dbeta)
	dy = b.before(dy)
	normBackward(dx, dgamma, dbeta, dy, x, gamma, float64s(runMean), float64s(runVar), b.Epsilon)
	b.maskInput(dx, x)
}

// end applies the ReLU to y and keeps the result.
func (b batchNorm[T]) end(y []T) {
	if b.ReLU {
		elementwise[T]{}.ReLU(y, y, T(b.Max))
		copy(b.result, y)
	}
}

// before is the gradient before that ReLU.
func (b batchNorm[T]) before(dy []T) []T {
	if !b.ReLU {
		return dy
	}
	before := make([]T, len(dy))
	reluBackward(before, dy, b.result, T(b.Max))
	return before
}

// maskInput is the gradient of the ReLU before the layer, whose result is x.
func (b batchNorm[T]) maskInput(dx, x []T) {
	if b.InputReLU && dx != nil {
		reluBackward(dx, dx, x, 0)
	}
}

func (b batchNorm[T]) check(x, y []T, perChannel ...[]T) {
	kernel.MustHold(b, "x", x, b.In.Len())
	kernel.MustHold(b, "y or dy", y, b.In.Len())
	for _, p := range perChannel {
		kernel.MustHold(b, "a parameter", p, b.In.C)
	}
}

// checkGradients allows each result to be nil.
func (b batchNorm[T]) checkGradients(dx, dgamma, dbeta []T) {
	for _, d := range []struct {
		name   string
		values []T
		want   int
	}{{"dx", dx, b.In.Len()}, {"dgamma", dgamma, b.In.C}, {"dbeta", dbeta, b.In.C}} {
		if d.values != nil {
			kernel.MustHold(b, d.name, d.values, d.want)
		}
	}
}

type maxPool[T kernel.Float] struct {
	kernel.PoolShape
	winner []int // by output, the place of the maximum in x
}

func (p maxPool[T]) Forward(y, x []T) {
	kernel.MustHold(p, "x", x, p.In.Len())
	kernel.MustHold(p, "y", y, p.Out().Len())
	maxPoolForward(y, p.winner, x, p.PoolShape)
}

func (p maxPool[T]) Backward(dx, dy, y []T) {
	kernel.MustPrepare(p, p.Inference, "backward")
	kernel.MustHold(p, "dx", dx, p.In.Len())
	kernel.MustHold(p, "dy", dy, p.Out().Len())
	kernel.MustHold(p, "y", y, p.Out().Len())
	maxPoolBackward(dx, dy, y, p.winner, p.InputReLU)
}

type avgPool[T kernel.Float] struct{ kernel.PoolShape }

func (p avgPool[T]) Forward(y, x []T) {
	kernel.MustHold(p, "x", x, p.In.Len())
	kernel.MustHold(p, "y", y, p.Out().Len())
	avgPoolForward(y, x, p.PoolShape)
}

func (p avgPool[T]) Backward(dx, dy []T) {
	kernel.MustPrepare(p, p.Inference, "backward")
	kernel.MustHold(p, "dx", dx, p.In.Len())
	kernel.MustHold(p, "dy", dy, p.Out().Len())
	avgPoolBackward(dx, dy, p.PoolShape)
}
