package generic

import (
	"slices"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic/gemm"
)

// weightGradient sums dw and db over the places of dy. Each worker sums its rows
// into memory of its own, as [groups][window rows][taps of a row, channels of a
// group][filters of a group, padded to panels] and a last row of ones for db; then
// they are added in the workers' order and put into ONNX's.
//
// The product is that of correlation with the roles exchanged: its rows are the
// taps of a window row, which are contiguous, and its steps the places.
type weightGradient[T kernel.Float] struct {
	*core[T]
	shape     kernel.ConvShape
	out       kernel.ImageShape
	depthwise bool
	flat      bool
	each      int // filters of a group
	pad       padding
	columns   int  // filters of a group, padded to panels
	rows      int  // taps of a window times channels of a group
	direct    bool // dy is read in place; else it is copied into panels
	partial   int  // values that a worker sums
	panel     int  // values of dy copied into panels
	tiles     []gemm.Tile
	one       []T // one 1, or depthwise one for each channel

	dw, db, x, dy []T // of the pass that is running
}

func newWeightGradient[T kernel.Float](core *core[T], s kernel.ConvShape) *weightGradient[T] {
	if pointwise(s) {
		s.In = kernel.ImageShape{N: 1, H: s.In.N * s.In.H, W: s.In.W, C: s.In.C}
	}
	g := &weightGradient[T]{
		core: core, shape: s, out: s.Out(), depthwise: depthwise(s), flat: pointwise(s),
		each: s.Filters / s.Groups, tiles: make([]gemm.Tile, core.workers.n),
	}
	groups, ones := s.Groups, 1
	if g.depthwise {
		ones = s.Filters
		groups = 1
	}
	g.one = slices.Repeat([]T{1}, ones)
	g.pad = padding{
		src: s.In, groups: groups, top: -s.Pads[0], left: -s.Pads[1],
		stride: s.Stride[0], reach: s.Kernel[0], results: g.out.H,
	}
	bottom := (g.out.H-1)*s.Stride[0] + s.Kernel[0] - s.Pads[0]
	right := (g.out.W-1)*s.Stride[1] + s.Kernel[1] - s.Pads[1]
	g.pad.fit(bottom, right)

	taps := s.Kernel[0] * s.Kernel[1]
	g.columns = g.gemm.Panels(g.each) * g.gemm.Columns
	g.rows = taps * s.In.C / s.Groups
	g.partial = groups * (g.rows + 1) * g.columns
	if g.depthwise {
		g.columns, g.rows = s.Filters, taps
		g.partial = (taps + 1) * g.columns
	}
	last := g.each - (g.gemm.Panels(g.each)-1)*g.gemm.Columns
	g.direct = g.gemm.Width(last) == last
	if !g.direct && !g.depthwise {
		g.panel = g.pad.block * g.out.W * g.columns
	}
	g.scratch.reserve(0, g.partial+g.panel+g.pad.scratchLen())
	return g
}

func (g *weightGradient[T]) run(dw, db, x, dy []T) {
	g.dw, g.db, g.x, g.dy = dw, db, x, dy
	g.workers.run((*sumWeights[T])(g), len(dw)*g.out.H*g.out.W)
	g.workers.run((*addWeights[T])(g), len(dw)*g.workers.n)
}

// sumWeights sums the rows of each worker.
type sumWeights[T kernel.Float] weightGradient[T]

func (g *sumWeights[T]) part(i, parts int) {
	scratch := g.scratch.own[i]
	partial, panels := cut(&scratch, g.partial), cut(&scratch, g.panel)
	t := &g.tiles[i]
	begin, end := span(g.out.N*g.out.H, 1, i, parts)
	if begin == end || g.depthwise {
		clear(partial)
	}
	for row := begin; row < end; {
		n, first, last := g.pad.next(row, end)
		block := pad(&g.pad, scratch, g.x, n, first, last)
		dy := g.dy[(n*g.out.H+first)*g.out.W*g.out.C:][:(last-first)*g.out.W*g.out.C]
		if g.depthwise {
			g.depthwiseBlock(partial, block, dy)
		}
		for group := 0; group < g.pad.groups && !g.depthwise; group++ {
			*t = gemm.Tile{Add: row > begin, Segments: last - first, Steps: g.out.W}
			sums := partial[group*(g.rows+1)*g.columns:][:(g.rows+1)*g.columns]
			g.block(t, sums, panels, block, dy, group)
		}
		row += last - first
	}
}

// block adds a block of one group.
func (g *sumWeights[T]) block(t *gemm.Tile, sums, panels, block, dy []T, group int) {
	s, width := g.shape, g.gemm.Columns
	if g.flat {
		t.Segments, t.Steps = 1, t.Segments*t.Steps
	}
	places := t.Segments * t.Steps
	t.CRow, t.BStep = g.columns, g.out.C
	if !g.direct {
		t.BStep = width
		g.copyPanels(panels, dy, group, places)
	}
	t.BSegment = t.BStep * t.Steps
	for column := 0; column < g.each; column += width {
		t.Columns = min(width, g.each-column)
		b := panels
		if g.direct {
			b = dy[group*g.each+column:]
		} else {
			b = panels[column*places:]
		}
		t.Rows, t.ARow, t.AStep, t.ASegment = 1, 0, 0, 0
		g.gemm.Run(t, sums[g.rows*g.columns+column:], g.one, b, nil)

		t.ARow, t.AStep, t.ASegment = 1, s.Stride[1]*g.pad.each, s.Stride[0]*g.pad.width*g.pad.each
		for v := range s.Kernel[0] {
			a := block[g.pad.at(group, v-s.Pads[0], -s.Pads[1]):]
			rows := s.Kernel[1] * g.pad.each
			for r := 0; r < rows; r += t.Rows {
				t.Rows = min(g.gemm.Rows, rows-r)
				g.gemm.Run(t, sums[(v*rows+r)*g.columns+column:], a[r:], b, nil)
			}
		}
	}
}

// copyPanels copies a group's channels of dy as [panels][places][columns], with
// zeros after the last channel.
func (g *sumWeights[T]) copyPanels(panels, dy []T, group, places int) {
	width := g.gemm.Columns
	for column := 0; column < g.each; column += width {
		n := min(width, g.each-column)
		for i := range places {
			to := panels[column*places+i*width:][:width]
			copy(to, dy[i*g.out.C+group*g.each+column:][:n])
			clear(to[n:])
		}
	}
}

// addWeights adds the workers' sums.
type addWeights[T kernel.Float] weightGradient[T]

// part takes filters, a few at a time, whose sums lie side by side.
func (g *addWeights[T]) part(i, parts int) {
	begin, end := span(g.shape.Filters, lineValues, i, parts)
	taps := g.shape.Kernel[0] * g.shape.Kernel[1]
	for first := begin; first < end; {
		// Where the sums of filter first begin.
		group, column := first/g.each, first%g.each
		n := min(lineValues, end-first, g.each-column)
		if g.depthwise {
			group, column, n = 0, first, 1
		}
		at := group*(g.rows+1)*g.columns + column
		dw := g.dw[first*g.rows:][:n*g.rows]
		for row := range g.rows {
			c, tap := row/taps, row%taps
			g.add(dw[row:], g.rows, at+(tap*g.rows/taps+c)*g.columns, n)
		}
		if g.shape.Bias {
			g.add(g.db[first:], 1, at+g.rows*g.columns, n)
		}
		first += n
	}
}

// add stores the totals of n sums from place at, step apart.
func (g *addWeights[T]) add(total []T, step, at, n int) {
	for j, v := range g.scratch.own[0][at:][:n] {
		total[j*step] = v
	}
	for _, own := range g.scratch.own[1:] {
		for j, v := range own[at:][:n] {
			total[j*step] += v
		}
	}
}
