package generic

import (
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic/gemm"
)

// dense reads each weight once a pass, because there are many weights and few images.
// Of the two matrices it packs the other one for the tiles, or the weights a few at a
// time.
type dense[T kernel.Float] struct {
	*core[T]
	shape kernel.DenseShape
	tiles []gemm.Tile // per worker

	y, x, w, b     []T // of the pass that is running
	dx, dy, dw, db []T
}

const (
	denseDepth = 1 << 10 // steps of a sum before the next block
	denseWidth = 8       // panels beside each other, so that rows are read in long runs
)

func newDense[T kernel.Float](core *core[T], s kernel.DenseShape) *dense[T] {
	d := &dense[T]{core: core, shape: s, tiles: make([]gemm.Tile, core.workers.n)}
	width := core.gemm.Columns
	images := core.gemm.Panels(s.N) * width
	core.scratch.reserve(images*(s.In+s.Out), 0)
	if !s.Inference {
		core.scratch.reserve(0, core.edge()+denseWidth*width*max(s.N, min(s.Out, denseDepth)))
	}
	return d
}

func (d *dense[T]) Forward(y, x, w, b []T) {
	d.check(x, y, w, b)
	d.y, d.x, d.w, d.b = y, x, w, b
	d.workers.run((*packImages[T])(d), 2*len(x))
	d.workers.run((*multiplyDense[T])(d), len(w)*d.shape.N/16)
}

func (d *dense[T]) BackwardData(dx, dy, w []T) {
	kernel.MustPrepare(d.shape, d.shape.Inference || d.shape.NoBackwardData, "backward data")
	kernel.MustHold(d.shape, "dx", dx, d.shape.N*d.shape.In)
	kernel.MustHold(d.shape, "dy", dy, d.shape.N*d.shape.Out)
	kernel.MustHold(d.shape, "w", w, d.shape.In*d.shape.Out)
	d.dx, d.dy, d.w = dx, dy, w
	d.workers.run((*denseBackwardData[T])(d), len(w)*d.shape.N/16)
}

func (d *dense[T]) BackwardWeights(dw, db, x, dy []T) {
	kernel.MustPrepare(d.shape, d.shape.Inference, "backward weights")
	d.check(x, dy, dw, db)
	d.dw, d.db, d.x, d.dy = dw, db, x, dy
	d.workers.run((*denseBackwardWeights[T])(d), len(dw)*d.shape.N/16)
}

func (d *dense[T]) check(x, y, w, b []T) {
	kernel.MustHold(d.shape, "x", x, d.shape.N*d.shape.In)
	kernel.MustHold(d.shape, "y or dy", y, d.shape.N*d.shape.Out)
	kernel.MustHold(d.shape, "w or dw", w, d.shape.In*d.shape.Out)
	kernel.MustHold(d.shape, "b or db", b, d.shape.Biases())
}

// packImages turns x into [panels of images][inputs][columns of a panel].
type packImages[T kernel.Float] dense[T]

// part takes inputs.
func (d *packImages[T]) part(i, parts int) {
	s, width := d.shape, d.gemm.Columns
	begin, end := span(s.In, lineValues, i, parts)
	for first := begin; first < end; first += lineValues {
		last := min(first+lineValues, end)
		for panel := range d.gemm.Panels(s.N) {
			packed := d.scratch.shared[(panel*s.In+first)*width:][:(last-first)*width]
			columns := min(width, s.N-panel*width)
			for n := range columns {
				for k, v := range d.x[(panel*width+n)*s.In+first:][:last-first] {
					packed[k*width+n] = v
				}
			}
			for k := 0; k < len(packed); k += width {
				clear(packed[k+columns : k+width])
			}
		}
	}
}

// multiplyDense computes w times the packed images, which is y transposed.
type multiplyDense[T kernel.Float] dense[T]

// part takes outputs.
func (d *multiplyDense[T]) part(i, parts int) {
	s, width, panels := d.shape, d.gemm.Columns, d.gemm.Panels(d.shape.N)
	packed := d.scratch.shared[:panels*s.In*width]
	transposed := d.scratch.shared[len(packed):][:panels*s.Out*width]
	begin, end := span(s.Out, d.gemm.Rows, i, parts)
	t := &d.tiles[i]
	for k := 0; k < s.In; k += denseDepth {
		*t = gemm.Tile{
			Segments: 1, Steps: min(denseDepth, s.In-k),
			ARow: s.In, AStep: 1, BStep: width, CRow: width, Add: k > 0,
		}
		for o := begin; o < end; o += t.Rows {
			t.Rows = min(d.gemm.Rows, end-o)
			for panel := range panels {
				t.Columns = min(width, s.N-panel*width)
				c, b := transposed[(panel*s.Out+o)*width:], packed[(panel*s.In+k)*width:]
				d.gemm.Run(t, c, d.w[o*s.In+k:], b, nil)
			}
		}
	}
	for n := range s.N {
		column := transposed[n/width*s.Out*width+n%width:]
		y := d.y[n*s.Out:][:s.Out]
		for o := begin; o < end; o++ {
			v := column[o*width]
			if s.Bias {
				v += d.b[o]
			}
			if s.ReLU {
				v = max(v, 0)
			}
			y[o] = v
		}
	}
}

type denseBackwardData[T kernel.Float] dense[T]

// part takes inputs, some panels of weights at a time.
func (d *denseBackwardData[T]) part(i, parts int) {
	s, width := d.shape, d.gemm.Columns
	scratch := d.scratch.own[i]
	edge := cut(&scratch, d.edge())
	t := &d.tiles[i]
	begin, end := span(s.In, width, i, parts)
	for first := begin; first < end; first += denseWidth * width {
		last := min(first+denseWidth*width, end)
		for k := 0; k < s.Out; k += denseDepth {
			*t = gemm.Tile{
				Segments: 1, Steps: min(denseDepth, s.Out-k),
				ARow: s.Out, AStep: 1, BStep: width, CRow: s.In, Add: k > 0,
			}
			packPanels(scratch, d.w[k*s.In+first:], t.Steps, s.In, last-first, width)
			for column := first; column < last; column += width {
				t.Columns = min(width, last-column)
				b := scratch[(column-first)*t.Steps:]
				for n := 0; n < s.N; n += t.Rows {
					t.Rows = min(d.gemm.Rows, s.N-n)
					d.tile(t, edge, d.dx[n*s.In+column:], d.dy[n*s.Out+k:], b, nil)
				}
			}
		}
	}
}

type denseBackwardWeights[T kernel.Float] dense[T]

// part takes inputs, some panels of images at a time.
func (d *denseBackwardWeights[T]) part(i, parts int) {
	s, width := d.shape, d.gemm.Columns
	scratch := d.scratch.own[i]
	edge := cut(&scratch, d.edge())
	t := &d.tiles[i]
	*t = gemm.Tile{Segments: 1, Steps: s.N, ARow: 1, AStep: s.Out, BStep: width, CRow: s.In}
	begin, end := span(s.In, width, i, parts)
	for first := begin; first < end; first += denseWidth * width {
		last := min(first+denseWidth*width, end)
		packPanels(scratch, d.x[first:], s.N, s.In, last-first, width)
		for o := 0; o < s.Out; o += t.Rows {
			t.Rows = min(d.gemm.Rows, s.Out-o)
			for column := first; column < last; column += width {
				t.Columns = min(width, last-column)
				d.tile(t, edge, d.dw[o*s.In+column:], d.dy[o:], scratch[(column-first)*s.N:], nil)
			}
		}
	}
	if !s.Bias {
		return
	}
	begin, end = span(s.Out, lineValues, i, parts)
	db := d.db[begin:end]
	clear(db)
	for n := range s.N {
		for o, v := range d.dy[n*s.Out+begin:][:len(db)] {
			db[o] += v
		}
	}
}

// packPanels copies rows of a matrix, step apart, as [panels][rows][width], with
// zeros after the last column.
func packPanels[T kernel.Float](packed, matrix []T, rows, step, columns, width int) {
	for r := range rows {
		row := matrix[r*step:][:columns]
		to := packed[r*width:]
		for len(row) > width {
			copy(to[:width], row)
			row, to = row[width:], to[rows*width:]
		}
		copy(to, row)
		clear(to[len(row):width])
	}
}
