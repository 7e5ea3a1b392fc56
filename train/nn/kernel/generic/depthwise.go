package generic

import "github.com/flowerctl/flowerctl/train/nn/kernel/generic/vector"

// depthwiseBlock is block for one filter a channel: the products of a window's
// taps, all channels at once.
func (c *slide[T]) depthwiseBlock(p phase, block []T, n, first, rows int) {
	channels := c.dst.C
	weights := c.scratch.shared[p.offset:][:p.v.taps*p.h.taps*channels]
	window := vector.Sum{
		Segments: p.v.taps, Steps: p.h.taps, XStep: channels, XSegment: c.pad.width * channels,
	}
	for r := range rows {
		at, step := c.result(p, n, first+r)
		for i := range p.h.count {
			y, x := c.y[at+i*step:][:channels], block[c.pad.at(0, p.v.place(r), p.h.place(i)):]
			vector.Products(&window, y, c.bias, x, weights)
			if c.relu {
				vector.ReLU(y, y, c.limit)
			}
		}
	}
}

// depthwiseBlock adds a block where each channel has one filter: for each tap, the
// products of all places.
func (g *sumWeights[T]) depthwiseBlock(sums, block, dy []T) {
	s, channels := g.shape, g.out.C
	rows := len(dy) / (g.out.W * channels)
	places := vector.Sum{
		Segments: rows, Steps: g.out.W,
		XStep: s.Stride[1] * channels, XSegment: s.Stride[0] * g.pad.width * channels,
	}
	for v := range s.Kernel[0] {
		for h := range s.Kernel[1] {
			sum := sums[(v*s.Kernel[1]+h)*channels:][:channels]
			vector.Products(&places, sum, sum, block[g.pad.at(0, v-s.Pads[0], h-s.Pads[1]):], dy)
		}
	}
	ones := sums[g.rows*channels:][:channels]
	vector.Products(&vector.Sum{Segments: rows, Steps: g.out.W}, ones, ones, g.one, dy)
}
