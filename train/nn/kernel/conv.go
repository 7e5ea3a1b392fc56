package kernel

type goConv[T Float] struct {
	shape        ConvShape
	forward      *correlation[T]
	backwardData *correlation[T]
	weights      *weightGradient[T]
}

func newConv[T Float](core *goCore[T], s ConvShape) *goConv[T] {
	c := &goConv[T]{shape: s, forward: newForward(core, s)}
	if s.Inference {
		return c
	}
	c.weights = newWeightGradient(core, s)
	if !s.NoBackwardData {
		c.backwardData = newBackwardData(core, s)
	}
	return c
}

func (c *goConv[T]) Forward(y, x, w, b []T) {
	c.check(x, y, w, b)
	c.forward.run(y, x, w, b)
}

func (c *goConv[T]) BackwardData(dx, dy, w []T) {
	mustPrepare(c.shape, c.backwardData == nil, "backward data")
	mustHold(c.shape, "dx", dx, c.shape.In.Len())
	mustHold(c.shape, "dy", dy, c.shape.Out().Len())
	mustHold(c.shape, "w", w, c.shape.weights())
	c.backwardData.run(dx, dy, w, nil)
}

func (c *goConv[T]) BackwardWeights(dw, db, x, dy []T) {
	mustPrepare(c.shape, c.weights == nil, "backward weights")
	c.check(x, dy, dw, db)
	c.weights.run(dw, db, x, dy)
}

func (c *goConv[T]) check(x, y, w, b []T) {
	mustHold(c.shape, "x", x, c.shape.In.Len())
	mustHold(c.shape, "y or dy", y, c.shape.Out().Len())
	mustHold(c.shape, "w or dw", w, c.shape.weights())
	mustHold(c.shape, "b or db", b, c.shape.bias())
}

// depthwise is a filter of its own for each channel.
func (s ConvShape) depthwise() bool {
	return s.Groups > 1 && s.Groups == s.In.C && s.Groups == s.Filters
}

// pointwise is a matrix product of pixels: images and rows do not matter.
func (s ConvShape) pointwise() bool {
	return s.Groups == 1 && s.Window == Window{Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}}
}
