package kernel

import "github.com/flowerctl/flowerctl/train/nn/kernel/vector"

type goMaxPool[T Float] struct {
	shape   PoolShape
	workers *workers
	winner  []int32 // per output, its place in the image; nil for inference
	x, y    []T
	dx, dy  []T
}

func newMaxPool[T Float](w *workers, s PoolShape) *goMaxPool[T] {
	p := &goMaxPool[T]{shape: s, workers: w}
	if !s.Inference {
		p.winner = make([]int32, s.Out().Len())
	}
	return p
}

func (p *goMaxPool[T]) Forward(y, x []T) {
	mustHold(p.shape, "x", x, p.shape.In.Len())
	mustHold(p.shape, "y", y, p.shape.Out().Len())
	p.x, p.y = x, y
	p.workers.run((*maxPoolForward[T])(p), len(x))
}

func (p *goMaxPool[T]) Backward(dx, dy, y []T) {
	mustPrepare(p.shape, p.shape.Inference, "backward")
	mustHold(p.shape, "dx", dx, p.shape.In.Len())
	mustHold(p.shape, "dy", dy, p.shape.Out().Len())
	mustHold(p.shape, "y", y, p.shape.Out().Len())
	p.dx, p.dy, p.y = dx, dy, y
	p.workers.run((*maxPoolBackward[T])(p), len(dx))
}

type maxPoolForward[T Float] goMaxPool[T]

// part takes rows of the result.
func (p *maxPoolForward[T]) part(i, parts int) {
	s, out := p.shape, p.shape.Out()
	begin, end := span(out.N*out.H, 1, i, parts)
	for row := begin; row < end; row++ {
		n, oh := row/out.H, row%out.H
		image := p.x[n*s.In.H*s.In.W*s.In.C:][:s.In.H*s.In.W*s.In.C]
		h, kh := s.clip(0, oh, s.In.H)
		for ow := range out.W {
			w, kw := s.clip(1, ow, s.In.W)
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

type maxPoolBackward[T Float] goMaxPool[T]

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
