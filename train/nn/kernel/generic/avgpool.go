package generic

import "github.com/flowerctl/flowerctl/train/nn/kernel"

type avgPool[T kernel.Float] struct {
	shape   kernel.PoolShape
	workers *workers
	x, y    []T
	dx, dy  []T
}

func newAvgPool[T kernel.Float](w *workers, s kernel.PoolShape) *avgPool[T] {
	return &avgPool[T]{shape: s, workers: w}
}

func (p *avgPool[T]) Forward(y, x []T) {
	kernel.MustHold(p.shape, "x", x, p.shape.In.Len())
	kernel.MustHold(p.shape, "y", y, p.shape.Out().Len())
	p.x, p.y = x, y
	p.workers.run((*avgPoolForward[T])(p), len(x))
}

func (p *avgPool[T]) Backward(dx, dy []T) {
	kernel.MustPrepare(p.shape, p.shape.Inference, "backward")
	kernel.MustHold(p.shape, "dx", dx, p.shape.In.Len())
	kernel.MustHold(p.shape, "dy", dy, p.shape.Out().Len())
	p.dx, p.dy = dx, dy
	p.workers.run((*avgPoolBackward[T])(p), len(dx))
}

type avgPoolForward[T kernel.Float] avgPool[T]

// part takes rows of the result.
func (p *avgPoolForward[T]) part(i, parts int) {
	in, out := p.shape.In, p.shape.Out()
	begin, end := span(out.N*out.H, 1, i, parts)
	for row := begin; row < end; row++ {
		image := p.x[row/out.H*in.H*in.W*in.C:]
		h, kh := p.shape.Clip(0, row%out.H, in.H)
		for ow := range out.W {
			w, kw := p.shape.Clip(1, ow, in.W)
			y := p.y[(row*out.W+ow)*out.C:][:out.C]
			clear(y)
			for dh := range kh {
				for dw := range kw {
					for c, v := range image[((h+dh)*in.W+w+dw)*in.C:][:len(y)] {
						y[c] += v
					}
				}
			}
			scale := 1 / T(kh*kw)
			for c := range y {
				y[c] *= scale
			}
		}
	}
}

type avgPoolBackward[T kernel.Float] avgPool[T]

// part takes whole images, because windows may overlap.
func (p *avgPoolBackward[T]) part(i, parts int) {
	in, out := p.shape.In, p.shape.Out()
	begin, end := span(in.N, 1, i, parts)
	for n := begin; n < end; n++ {
		dx := p.dx[n*in.H*in.W*in.C:][:in.H*in.W*in.C]
		clear(dx)
		for oh := range out.H {
			for ow := range out.W {
				p.spread(dx, p.dy[((n*out.H+oh)*out.W+ow)*out.C:][:out.C], oh, ow)
			}
		}
	}
}

// spread adds the gradient of one output to its window.
func (p *avgPoolBackward[T]) spread(dx, dy []T, oh, ow int) {
	in := p.shape.In
	h, kh := p.shape.Clip(0, oh, in.H)
	w, kw := p.shape.Clip(1, ow, in.W)
	scale := 1 / T(kh*kw)
	for dh := range kh {
		for dw := range kw {
			d := dx[((h+dh)*in.W+w+dw)*in.C:][:len(dy)]
			for c, v := range dy {
				d[c] += v * scale
			}
		}
	}
}
