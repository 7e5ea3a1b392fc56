package kernel

// depthwiseBlock is block for one filter a channel: tap by tap over the channels.
func (c *slide[T]) depthwiseBlock(p phase, block []T, n, first, rows int) {
	channels := c.dst.C
	weights := c.scratch.shared[p.offset:][:p.v.taps*p.h.taps*channels]
	for r := range rows {
		at, step := c.result(p, n, first+r)
		for i := range p.h.count {
			y := c.y[at+i*step:][:channels]
			if c.bias != nil {
				copy(y, c.bias)
			} else {
				clear(y)
			}
			w := weights
			for v := range p.v.taps {
				x := block[c.pad.at(0, p.v.place(r)+v, p.h.place(i)):]
				for range p.h.taps {
					multiplyAdd(y, x[:channels], w[:channels])
					x, w = x[channels:], w[channels:]
				}
			}
			if c.relu {
				for j, v := range y {
					y[j] = max(v, 0)
				}
			}
		}
	}
}

// multiplyAdd is y += x*w.
func multiplyAdd[T Float](y, x, w []T) {
	for i := range y {
		y[i] += x[i] * w[i]
	}
}
