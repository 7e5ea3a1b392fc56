package kernel

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
		for ow := range out.W {
			at := (row*out.W + ow) * out.C
			y := p.y[at:][:out.C]
			if p.winner == nil {
				p.window(y, image, oh, ow)
				continue
			}
			p.windowWinner(y, p.winner[at:][:out.C], image, oh, ow)
		}
	}
}

// window is the maximum over one window of each channel.
func (p *maxPoolForward[T]) window(y, image []T, oh, ow int) {
	in := p.shape.In
	h, kh, _ := p.shape.clip(0, oh, in.H)
	w, kw, _ := p.shape.clip(1, ow, in.W)
	copy(y, image[(h*in.W+w)*in.C:])
	for dh := range kh {
		for dw := range kw {
			x := image[((h+dh)*in.W+w+dw)*in.C:][:len(y)]
			for c, v := range x {
				if v > y[c] || v != v {
					y[c] = v
				}
			}
		}
	}
}

// windowWinner also keeps the place of the first maximum, or of the first NaN.
func (p *maxPoolForward[T]) windowWinner(y []T, winner []int32, image []T, oh, ow int) {
	in := p.shape.In
	h, kh, _ := p.shape.clip(0, oh, in.H)
	w, kw, _ := p.shape.clip(1, ow, in.W)
	first := (h*in.W + w) * in.C
	copy(y, image[first:])
	for c := range winner {
		winner[c] = int32(first + c)
	}
	for dh := range kh {
		for dw := range kw {
			at := ((h+dh)*in.W + w + dw) * in.C
			x := image[at:][:len(y)]
			for c, v := range x {
				if best := y[c]; v > best || v != v && best == best {
					y[c], winner[c] = v, int32(at+c)
				}
			}
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
