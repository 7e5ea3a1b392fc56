package generic

import (
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic/gemm"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic/vector"
)

// packWeights lays the weights of each phase out as
// [groups][panels][window rows][taps of a row][source channels of a group][columns
// of a panel], with zeros after the last column; depthwise as [taps][channels].
type packWeights[T kernel.Float] correlation[T]

// part takes window rows.
func (c *packWeights[T]) part(i, parts int) {
	for _, p := range c.phases {
		if c.depthwise {
			begin, end := span(p.v.taps, 1, i, parts)
			c.depthwiseRows(p, begin, end)
			continue
		}
		begin, end := span(c.groups*c.gemm.Panels(c.each)*p.v.taps, 1, i, parts)
		for row := begin; row < end; row++ {
			c.row(p, row)
		}
	}
}

func (c *packWeights[T]) row(p phase, row int) {
	panels, width := c.gemm.Panels(c.each), c.gemm.Columns
	group, panel, v := row/p.v.taps/panels, row/p.v.taps%panels, row%p.v.taps
	columns := min(width, c.each-panel*width)
	src := c.pad.each
	packed := c.scratch.shared[p.offset+row*p.h.taps*src*width:][:p.h.taps*src*width]
	from := group*c.wGroup + panel*width*c.wDst + (p.v.tap+v*p.v.tapStep)*c.wRow
	for h := range p.h.taps {
		for s := range src {
			to := packed[(h*src+s)*width:][:width]
			w := c.w[from+p.h.tap+h*p.h.tapStep+s*c.wSrc:]
			for j := range columns {
				to[j] = w[j*c.wDst]
			}
			clear(to[columns:])
		}
	}
}

func (c *packWeights[T]) depthwiseRows(p phase, begin, end int) {
	for v := begin; v < end; v++ {
		for h := range p.h.taps {
			to := c.scratch.shared[p.offset+(v*p.h.taps+h)*c.each:][:c.each]
			from := (p.v.tap+v*p.v.tapStep)*c.wRow + p.h.tap + h*p.h.tapStep
			for j := range to {
				to[j] = c.w[from+j*c.wGroup]
			}
		}
	}
}

// slide computes the results.
type slide[T kernel.Float] correlation[T]

// part takes rows of the results, in blocks that fit the cache.
func (c *slide[T]) part(i, parts int) {
	scratch := c.scratch.own[i]
	edge := cut(&scratch, c.edge())
	begin, end := span(c.pad.src.N*c.pad.results, 1, i, parts)
	for row := begin; row < end; {
		n, first, last := c.pad.next(row, end)
		block := pad(&c.pad, scratch, c.x, n, first, last)
		for _, p := range c.phases {
			rows := min(last, p.v.count) - first
			switch {
			case rows <= 0:
			case p.v.taps == 0 || p.h.taps == 0:
				c.zero(p, n, first, rows)
			case c.depthwise:
				c.depthwiseBlock(p, block, n, first, rows)
			default:
				c.block(p, &c.tiles[i], edge, block, n, first, rows)
			}
		}
		row += last - first
	}
}

// result is where result row i of a phase begins, and the distance of its pixels.
func (c *slide[T]) result(p phase, n, i int) (at, step int) {
	h := p.v.first + i*p.v.step
	return ((n*c.dst.H+h)*c.dst.W + p.h.first) * c.dst.C, p.h.step * c.dst.C
}

// zero is for results under no tap.
func (c *slide[T]) zero(p phase, n, first, rows int) {
	for i := first; i < first+rows; i++ {
		at, step := c.result(p, n, i)
		for range p.h.count {
			clear(c.y[at:][:c.dst.C])
			at += step
		}
	}
}

// block computes rows of a phase: for each panel of weights, all tiles.
func (c *slide[T]) block(p phase, t *gemm.Tile, edge, block []T, n, first, rows int) {
	width, places := c.gemm.Columns, p.h.count
	if c.flat {
		rows, places = 1, rows*places
	}
	steps := p.h.taps * c.pad.each
	*t = gemm.Tile{
		Segments: p.v.taps, Steps: steps,
		ARow: p.h.stride * c.pad.each, AStep: 1, ASegment: c.pad.width * c.pad.each,
		BStep: width, BSegment: steps * width, ReLU: c.relu,
	}
	panels := c.gemm.Panels(c.each)
	for i := range c.groups * panels {
		group, column := i/panels, i%panels*width
		t.Columns = min(width, c.each-column)
		weights := c.scratch.shared[p.offset+i*p.v.taps*steps*width:][:p.v.taps*steps*width]
		var bias []T
		if c.bias != nil {
			bias = c.bias[group*c.columns+column:][:width]
		}
		for r := range rows {
			at, step := c.result(p, n, first+r)
			a := block[c.pad.at(group, p.v.place(r), p.h.start):]
			t.CRow = step
			c.row(t, edge, c.y[at+group*c.each+column:], a, weights, bias, places)
		}
	}
	if c.limit > 0 { // tiles have no upper bound; only forward has one, whose rows are whole
		for r := range rows {
			at, step := c.result(p, n, first+r)
			vector.ReLU(c.y[at:][:places*step], c.y[at:][:places*step], c.limit)
		}
	}
}

// row computes the tiles along a row of places, whose sizes differ by one at most.
func (c *slide[T]) row(t *gemm.Tile, edge, y, a, weights, bias []T, places int) {
	tiles := (places + c.gemm.Rows - 1) / c.gemm.Rows
	small, larger := places/tiles, places%tiles
	for i, place := 0, 0; i < tiles; i++ {
		t.Rows = small
		if i < larger {
			t.Rows++
		}
		c.tile(t, edge, y[place*t.CRow:], a[place*t.ARow:], weights, bias)
		place += t.Rows
	}
}
