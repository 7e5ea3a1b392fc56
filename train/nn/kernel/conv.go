package kernel

type goConv[T Float] struct {
	shape   ConvShape
	workers *workers
	y, x    []T
	dy, dx  []T
	w, b    []T
	dw, db  []T
}

func newConv[T Float](w *workers, s ConvShape) *goConv[T] {
	return &goConv[T]{shape: s, workers: w}
}

func (c *goConv[T]) Forward(y, x, w, b []T) {
	c.check(x, y, w, b)
	c.y, c.x, c.w, c.b = y, x, w, b
	c.workers.run((*convForward[T])(c), 1<<20)
}

func (c *goConv[T]) BackwardData(dx, dy, w []T) {
	mustPrepare(c.shape, c.shape.Inference || c.shape.NoBackwardData, "backward data")
	mustHold(c.shape, "dx", dx, c.shape.In.Len())
	mustHold(c.shape, "dy", dy, c.shape.Out().Len())
	mustHold(c.shape, "w", w, c.shape.weights())
	c.dx, c.dy, c.w = dx, dy, w
	c.workers.run((*convBackwardData[T])(c), 1<<20)
}

func (c *goConv[T]) BackwardWeights(dw, db, x, dy []T) {
	mustPrepare(c.shape, c.shape.Inference, "backward weights")
	c.check(x, dy, dw, db)
	c.dw, c.db, c.x, c.dy = dw, db, x, dy
	c.workers.run((*convBackwardWeights[T])(c), 1<<20)
}

func (c *goConv[T]) check(x, y, w, b []T) {
	mustHold(c.shape, "x", x, c.shape.In.Len())
	mustHold(c.shape, "y or dy", y, c.shape.Out().Len())
	mustHold(c.shape, "w or dw", w, c.shape.weights())
	mustHold(c.shape, "b or db", b, c.shape.bias())
}

type (
	convForward[T Float]         goConv[T]
	convBackwardData[T Float]    goConv[T]
	convBackwardWeights[T Float] goConv[T]
)

// each calls f for every product of the convolution, of filters begin to end and
// images first to last.
func (c *goConv[T]) each(first, last, begin, end int, f func(xi, wi, yi int)) {
	s, out := c.shape, c.shape.Out()
	cg, og := s.In.C/s.Groups, s.Filters/s.Groups
	for n := first; n < last; n++ {
		for oh := range out.H {
			h, kh, h0 := s.clip(0, oh, s.In.H)
			for ow := range out.W {
				w, kw, w0 := s.clip(1, ow, s.In.W)
				yi := ((n*out.H+oh)*out.W + ow) * out.C
				for o := begin; o < end; o++ {
					for dh := range kh {
						for dw := range kw {
							xi := ((n*s.In.H+h+dh)*s.In.W+w+dw)*s.In.C + o/og*cg
							wi := (o*cg*s.Kernel[0]+h0+dh)*s.Kernel[1] + w0 + dw
							for ci := range cg {
								f(xi+ci, wi+ci*s.Kernel[0]*s.Kernel[1], yi+o)
							}
						}
					}
				}
			}
		}
	}
}

func (c *convForward[T]) part(i, parts int) {
	out := c.shape.Out()
	begin, end := span(out.N, 1, i, parts)
	each := out.H * out.W * out.C
	y := c.y[begin*each : end*each]
	clear(y)
	(*goConv[T])(c).each(begin, end, 0, out.C, func(xi, wi, yi int) { c.y[yi] += c.x[xi] * c.w[wi] })
	for i := range y {
		if c.b != nil {
			y[i] += c.b[i%out.C]
		}
		if c.shape.ReLU {
			y[i] = max(y[i], 0)
		}
	}
}

func (c *convBackwardData[T]) part(i, parts int) {
	in := c.shape.In
	begin, end := span(in.N, 1, i, parts)
	clear(c.dx[begin*in.H*in.W*in.C : end*in.H*in.W*in.C])
	(*goConv[T])(c).each(begin, end, 0, c.shape.Filters, func(xi, wi, yi int) { c.dx[xi] += c.dy[yi] * c.w[wi] })
}

func (c *convBackwardWeights[T]) part(i, parts int) {
	begin, end := span(c.shape.Filters, 1, i, parts)
	per := len(c.dw) / c.shape.Filters
	clear(c.dw[begin*per : end*per])
	(*goConv[T])(c).each(0, c.shape.In.N, begin, end, func(xi, wi, yi int) { c.dw[wi] += c.dy[yi] * c.x[xi] })
	for o := range c.db {
		if o < begin || o >= end {
			continue
		}
		c.db[o] = 0
		for yi := o; yi < len(c.dy); yi += c.shape.Filters {
			c.db[o] += c.dy[yi]
		}
	}
}
