package generic

import "github.com/flowerctl/flowerctl/train/nn/kernel"

type conv[T kernel.Float] struct {
	shape        kernel.ConvShape
	forward      *correlation[T]
	backwardData *correlation[T]
	weights      *weightGradient[T]
	low          *rounding[T] // nil unless BF16
}

func newConv[T kernel.Float](core *core[T], s kernel.ConvShape) *conv[T] {
	c := &conv[T]{shape: s, forward: newForward(core, s)}
	if s.BF16 {
		x, y, w := s.In.Len(), s.Out().Len(), s.Weights()
		if c.low = core.low; s.Inference {
			y = 0
		}
		c.low.reserve(max(x, y), max(y, w))
	}
	if s.Inference {
		return c
	}
	c.weights = newWeightGradient(core, s)
	if !s.NoBackwardData {
		c.backwardData = newBackwardData(core, s)
	}
	return c
}

func (c *conv[T]) Forward(y, x, w, b []T) {
	c.check(x, y, w, b)
	if c.low != nil {
		x, w = c.low.both(x, w)
	}
	c.forward.run(y, x, w, b)
}

func (c *conv[T]) BackwardData(dx, dy, w []T) {
	kernel.MustPrepare(c.shape, c.backwardData == nil, "backward data")
	kernel.MustHold(c.shape, "dx", dx, c.shape.In.Len())
	kernel.MustHold(c.shape, "dy", dy, c.shape.Out().Len())
	kernel.MustHold(c.shape, "w", w, c.shape.Weights())
	if c.low != nil {
		dy, w = c.low.both(dy, w)
	}
	c.backwardData.run(dx, dy, w, nil)
}

func (c *conv[T]) BackwardWeights(dw, db, x, dy []T) {
	kernel.MustPrepare(c.shape, c.weights == nil, "backward weights")
	c.check(x, dy, dw, db)
	if c.low != nil {
		x, dy = c.low.both(x, dy)
	}
	c.weights.run(dw, db, x, dy)
}

func (c *conv[T]) check(x, y, w, b []T) {
	kernel.MustHold(c.shape, "x", x, c.shape.In.Len())
	kernel.MustHold(c.shape, "y or dy", y, c.shape.Out().Len())
	kernel.MustHold(c.shape, "w or dw", w, c.shape.Weights())
	kernel.MustHold(c.shape, "b or db", b, c.shape.Biases())
}

// depthwise says whether each channel has one filter of its own.
func depthwise(s kernel.ConvShape) bool {
	return s.Groups > 1 && s.Groups == s.In.C && s.Groups == s.Filters
}

// pointwise says whether the convolution is a matrix product of pixels, for which
// images and rows do not matter.
func pointwise(s kernel.ConvShape) bool {
	return s.Groups == 1 && s.Window == kernel.Window{Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}}
}
