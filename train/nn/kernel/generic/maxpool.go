package generic

import (
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic/vector"
)

type maxPool[T kernel.Float] struct {
	shape   kernel.PoolShape
	workers *workers
	winner  []int32 // per output, its place in the image; nil for inference
	x, y    []T
	dx, dy  []T
}

func newMaxPool[T kernel.Float](w *workers, s kernel.PoolShape) *maxPool[T] {
	p := &maxPool[T]{shape: s, workers: w}
	if !s.Inference {
		p.winner = make([]int32, s.Out().Len())
	}
	return p
}

func (p *maxPool[T]) Forward(y, x []T) {
	kernel.MustHold(p.shape, "x", x, p.shape.In.Len())
	kernel.MustHold(p.shape, "y", y, p.shape.Out().Len())
	p.x, p.y = x, y
	p.workers.run((*maxPoolForward[T])(p), len(x))
}

func (p *maxPool[T]) Backward(dx, dy, y []T) {
	kernel.MustPrepare(p.shape, p.shape.Inference, "backward")
	kernel.MustHold(p.shape, "dx", dx, p.shape.In.Len())
	kernel.MustHold(p.shape, "dy", dy, p.shape.Out().Len())
	kernel.MustHold(p.shape, "y", y, p.shape.Out().Len())
	p.dx, p.dy, p.y = dx, dy, y
	p.workers.run((*maxPoolBackward[T])(p), len(dx))
}

type maxPoolForward[T kernel.Float] maxPool[T]

// part takes rows of the result.
func (p *maxPoolForward[T]) part(i, parts int) {
	s, out := p.shape, p.shape.Out()
	begin, end := span(out.N*out.H, 1, i, parts)
	for row := begin; row < end; row++ {
		n, oh := row/out.H, row%out.H
		image := p.x[n*s.In.H*s.In.W*s.In.C:][:s.In.H*s.In.W*s.In.C]
		h, kh := s.Clip(0, oh, s.In.H)
		for ow := range out.W {
			w, kw := s.Clip(1, ow, s.In.W)
			at, first := (row*out.W+ow)*out.C, (h*s.In.W+w)*s.In.C
			var winner []int32
			if p.winner != nil {
				winner = p.winner[at:][:out.C]
			}
			window := vector.Sum{Segments: kh, Steps: kw, XStep: s.In.C, XSegment: s.In.W * s.In.C}
			vector.Max(&window, p.y[at:][:out.C], winner, image[first:], first)
		}
	}
}

type maxPoolBackward[T kernel.Float] maxPool[T]

// part takes whole images, because windows may overlap.
func (p *maxPoolBackward[T]) part(i, parts int) {
	s, out := p.shape, p.shape.Out()
	in, each := s.In.H*s.In.W*s.In.C, out.H*out.W*out.C
	begin, end := span(s.In.N, 1, i, parts)
	for n := begin; n < end; n++ {
		dx, dy, y := p.dx[n*in:][:in], p.dy[n*each:][:each], p.y[n*each:][:each]
		clear(dx)
		for j, winner := range p.winner[n*each:][:each] {
			if s.InputReLU && !(y[j] > 0) {
				continue
			}
			dx[winner] += dy[j]
		}
	}
}
