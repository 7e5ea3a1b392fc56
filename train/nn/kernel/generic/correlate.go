package generic

import (
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic/gemm"
)

// correlation slides weights over an image: the forward pass of a convolution, and,
// with each window of the weights reversed, its data gradient.
//
// It makes no matrix of windows. In NHWC the taps of one window row are contiguous,
// so a row of a padded image is a matrix whose rows overlap, and a tile of the
// product sums over the window rows (segments) and over the taps and channels of
// each (steps). Blocks of image rows are padded into scratch memory that fits the
// second cache; where nothing is padded they are read in place.
//
// With a stride, a data gradient splits into phases: results whose places are the
// same modulo the stride share a set of taps. Each phase is a correlation of stride 1.
type correlation[T kernel.Float] struct {
	*core[T]
	dst       kernel.ImageShape
	groups    int
	each      int // channels of the result in a group
	depthwise bool
	flat      bool // windows are single pixels: rows are joined
	pad       padding
	phases    []phase

	// The distance in w of two groups, of two channels of the source and of the
	// result, and of two window rows.
	wGroup, wSrc, wDst, wRow int

	packed  int // values of all packed weights, in shared scratch memory
	columns int // the result's channels in a group, padded to panels
	bias    []T // by panels, padded with zeros; nil for none unless depthwise
	relu    bool
	limit   T           // of the ReLU; 0 for none
	tiles   []gemm.Tile // per worker

	y, x, w []T // of the pass that is running
}

// axis is one direction of a phase: result i is at first + i*step, for i under
// count; its taps begin at place start + i*stride of the source, and tap u has the
// weight tap + u*tapStep.
type axis struct {
	first, step, count  int
	start, stride, taps int
	tap, tapStep        int
}

// place is the first tap of result i, counted from the first of a block.
func (a axis) place(i int) int { return a.start + i*a.stride }

// end is the place after the last tap.
func (a axis) end() int { return a.start + (a.count-1)*a.stride + a.taps }

type phase struct {
	v, h   axis
	offset int // of its weights among the packed ones
}

// newForward prepares y from x.
func newForward[T kernel.Float](core *core[T], s kernel.ConvShape) *correlation[T] {
	if pointwise(s) {
		s.In = kernel.ImageShape{N: 1, H: s.In.N * s.In.H, W: s.In.W, C: s.In.C}
	}
	along := func(i, count int) axis {
		return axis{
			step: 1, count: count, start: -s.Pads[i], stride: s.Stride[i], taps: s.Kernel[i],
			tapStep: 1,
		}
	}
	out := s.Out()
	c := &correlation[T]{
		core: core, dst: out, relu: s.ReLU, limit: T(s.Max),
		phases: []phase{{v: along(0, out.H), h: along(1, out.W)}},
	}
	taps := s.Kernel[0] * s.Kernel[1]
	c.wSrc, c.wDst = taps, s.In.C/s.Groups*taps
	c.prepare(s, s.In)
	if s.Bias || c.depthwise {
		c.bias = make([]T, c.groups*c.columns)
	}
	return c
}

// newBackwardData prepares dx from dy.
func newBackwardData[T kernel.Float](core *core[T], s kernel.ConvShape) *correlation[T] {
	if pointwise(s) {
		s.In = kernel.ImageShape{N: 1, H: s.In.N * s.In.H, W: s.In.W, C: s.In.C}
	}
	// The input at q-pad is under output q/stride with weight q%stride, under the
	// output before with the weight a stride later, and so on.
	along := func(i, phase, size int) axis {
		pad, stride := s.Pads[i], s.Stride[i]
		first := ((phase-pad)%stride + stride) % stride
		taps := max(0, (s.Kernel[i]-phase+stride-1)/stride)
		return axis{
			first: first, step: stride, count: (size - first + stride - 1) / stride,
			start: (first+pad)/stride - taps + 1, stride: 1, taps: taps,
			tap: phase + (taps-1)*stride, tapStep: -stride,
		}
	}
	c := &correlation[T]{core: core, dst: s.In}
	for v := range s.Stride[0] {
		for h := range s.Stride[1] {
			p := phase{v: along(0, v, s.In.H), h: along(1, h, s.In.W)}
			if p.v.count > 0 && p.h.count > 0 {
				c.phases = append(c.phases, p)
			}
		}
	}
	taps := s.Kernel[0] * s.Kernel[1]
	c.wSrc, c.wDst = s.In.C/s.Groups*taps, taps
	c.prepare(s, s.Out())
	if c.depthwise {
		c.bias = make([]T, c.columns)
	}
	return c
}

func (c *correlation[T]) prepare(s kernel.ConvShape, src kernel.ImageShape) {
	c.depthwise, c.flat = depthwise(s), pointwise(s)
	c.groups, c.each = s.Groups, c.dst.C/s.Groups
	c.wGroup, c.wRow = s.Weights()/s.Groups, s.Kernel[1]
	c.columns = c.gemm.Panels(c.each) * c.gemm.Columns
	place := c.columns * src.C // packed weights of one tap
	if c.depthwise {           // one group, whose channels go side by side
		c.groups, c.each, c.columns, place = 1, c.dst.C, c.dst.C, c.dst.C
	}
	v, h := c.phases[0].v, c.phases[0].h
	c.pad = padding{src: src, groups: c.groups, top: v.start, left: h.start, stride: v.stride}
	under, bottom, right := 0, 0, 0
	for i := range c.phases {
		p := &c.phases[i]
		p.offset = c.packed
		c.packed += p.v.taps * p.h.taps * place
		c.pad.results = max(c.pad.results, p.v.count)
		if p.v.taps == 0 || p.h.taps == 0 {
			continue
		}
		c.pad.top, c.pad.left = min(c.pad.top, p.v.start), min(c.pad.left, p.h.start)
		under = max(under, p.v.start+p.v.taps)
		bottom, right = max(bottom, p.v.end()), max(right, p.h.end())
	}
	c.pad.reach = under - c.pad.top
	c.pad.fit(bottom, right)
	c.tiles = make([]gemm.Tile, c.workers.n)
	c.scratch.reserve(c.packed, c.pad.scratchLen()+c.edge())
}

// run computes y from x; b is nil where there is no bias.
func (c *correlation[T]) run(y, x, w, b []T) {
	c.y, c.x, c.w = y, x, w
	for i, v := range b {
		c.bias[i/c.each*c.columns+i%c.each] = v
	}
	c.workers.run((*packWeights[T])(c), len(w))
	c.workers.run((*slide[T])(c), len(w)*c.dst.H*c.dst.W)
}
