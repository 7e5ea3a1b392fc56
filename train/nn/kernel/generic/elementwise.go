package generic

import (
	"math"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic/vector"
)

// elementwise has the layers that need no preparation, and holds the operands of
// the pass that is running.
type elementwise[T kernel.Float] struct {
	workers       *workers
	y, x, b       []T
	bytes         []uint8
	limit         T // of ReLU
	scale, offset T
	mask          kernel.DropoutMask
	rows, columns int // of the matrix that is transposed, or of a row
	yRow, xRow    int // between the starts of rows that are copied
}

func (e *elementwise[T]) ReLU(y, x []T, limit T) {
	kernel.MustHold(kernel.LayerName("relu"), "x", x, len(y))
	e.y, e.x, e.limit = y, x, limit
	e.workers.run((*relu[T])(e), len(y))
}

func (e *elementwise[T]) ReLUBackward(dx, dy, y []T, limit T) {
	kernel.MustHold(kernel.LayerName("relu"), "dy", dy, len(dx))
	kernel.MustHold(kernel.LayerName("relu"), "y", y, len(dx))
	e.y, e.x, e.b, e.limit = dx, dy, y, limit
	e.workers.run((*reluBackward[T])(e), len(y))
}

func (e *elementwise[T]) Rescale(y, x []T, scale, offset T) {
	kernel.MustHold(kernel.LayerName("rescale"), "x", x, len(y))
	e.y, e.x, e.scale, e.offset = y, x, scale, offset
	e.workers.run((*rescale[T])(e), len(y))
}

func (e *elementwise[T]) FromBytes(y []T, x []uint8) {
	kernel.MustHold(kernel.LayerName("from bytes"), "x", x, len(y))
	e.y, e.bytes = y, x
	e.workers.run((*fromBytes[T])(e), len(y))
}

func (e *elementwise[T]) Add(y, a, b []T) {
	kernel.MustHold(kernel.LayerName("add"), "a", a, len(y))
	kernel.MustHold(kernel.LayerName("add"), "b", b, len(y))
	e.y, e.x, e.b = y, a, b
	e.workers.run((*add[T])(e), len(y))
}

func (e *elementwise[T]) Concat(y []T, x [][]T, rows int, channels []int) {
	width, offset := kernel.MustJoin("concat", y, x, rows, channels), 0
	for i, part := range x {
		c := channels[i]
		kernel.MustHold(kernel.LayerName("concat"), "an input", part, rows*c)
		e.copyRows(y[offset:], part, width, c, rows, c)
		offset += c
	}
}

func (e *elementwise[T]) Split(dx [][]T, dy []T, rows int, channels []int) {
	width, offset := kernel.MustJoin("split", dy, dx, rows, channels), 0
	for i, part := range dx {
		c := channels[i]
		if part != nil {
			kernel.MustHold(kernel.LayerName("split"), "a part", part, rows*c)
			e.copyRows(part, dy[offset:], c, width, rows, c)
		}
		offset += c
	}
}

func (e *elementwise[T]) copyRows(y, x []T, yRow, xRow, rows, columns int) {
	e.y, e.x, e.yRow, e.xRow, e.rows, e.columns = y, x, yRow, xRow, rows, columns
	e.workers.run((*copyRows[T])(e), rows*columns)
}

func (e *elementwise[T]) ToNCHW(y, x []T, s kernel.ImageShape) {
	e.transpose(y, x, s, s.H*s.W, s.C)
}

func (e *elementwise[T]) ToNHWC(y, x []T, s kernel.ImageShape) {
	e.transpose(y, x, s, s.C, s.H*s.W)
}

func (e *elementwise[T]) transpose(y, x []T, s kernel.ImageShape, rows, columns int) {
	kernel.MustHold(kernel.LayerName("transpose"), "y", y, s.Len())
	kernel.MustHold(kernel.LayerName("transpose"), "x", x, s.Len())
	e.y, e.x, e.rows, e.columns = y, x, rows, columns
	e.workers.run((*transpose[T])(e), len(y))
}

func (e *elementwise[T]) Softmax(y, x []T, k int) {
	kernel.MustHold(kernel.LayerName("softmax"), "x", x, len(y))
	kernel.MustDivide("softmax", x, k)
	e.y, e.x, e.columns = y, x, k
	e.workers.run((*softmax[T])(e), 8*len(y))
}

// The passes. Each part takes values or rows of the result.
type (
	relu[T kernel.Float]         elementwise[T]
	reluBackward[T kernel.Float] elementwise[T]
	rescale[T kernel.Float]      elementwise[T]
	fromBytes[T kernel.Float]    elementwise[T]
	add[T kernel.Float]          elementwise[T]
	copyRows[T kernel.Float]     elementwise[T]
	transpose[T kernel.Float]    elementwise[T]
	softmax[T kernel.Float]      elementwise[T]
)

// lineValues keeps two workers from writing to one cache line.
const lineValues = 16

func (e *relu[T]) part(i, parts int) {
	begin, end := span(len(e.y), lineValues, i, parts)
	vector.ReLU(e.y[begin:end], e.x[begin:end], e.limit)
}

func (e *reluBackward[T]) part(i, parts int) {
	begin, end := span(len(e.y), lineValues, i, parts)
	vector.ReLUBackward(e.y[begin:end], e.x[begin:end], e.b[begin:end], e.limit)
}

func (e *rescale[T]) part(i, parts int) {
	begin, end := span(len(e.y), lineValues, i, parts)
	y, x := e.y[begin:end], e.x[begin:end]
	for i := range y {
		y[i] = x[i]*e.scale + e.offset
	}
}

func (e *fromBytes[T]) part(i, parts int) {
	begin, end := span(len(e.y), lineValues, i, parts)
	y, x := e.y[begin:end], e.bytes[begin:end]
	for i := range y {
		y[i] = T(x[i])
	}
}

func (e *add[T]) part(i, parts int) {
	begin, end := span(len(e.y), lineValues, i, parts)
	y, a, b := e.y[begin:end], e.x[begin:end], e.b[begin:end]
	for i := range y {
		y[i] = a[i] + b[i]
	}
}

func (e *copyRows[T]) part(i, parts int) {
	begin, end := span(e.rows, 1, i, parts)
	for row := begin; row < end; row++ {
		copy(e.y[row*e.yRow:][:e.columns], e.x[row*e.xRow:][:e.columns])
	}
}

// part takes rows of the results, in squares that fit the first cache.
func (e *transpose[T]) part(i, parts int) {
	const side = 16
	images := len(e.y) / (e.rows * e.columns)
	strips := (e.columns + side - 1) / side
	begin, end := span(images*strips, 1, i, parts)
	for strip := begin; strip < end; strip++ {
		at := strip / strips * e.rows * e.columns
		y, x := e.y[at:][:e.rows*e.columns], e.x[at:][:e.rows*e.columns]
		first := strip % strips * side
		last := min(first+side, e.columns)
		for top := 0; top < e.rows; top += side {
			bottom := min(top+side, e.rows)
			for c := first; c < last; c++ {
				for r := top; r < bottom; r++ {
					y[c*e.rows+r] = x[r*e.columns+c]
				}
			}
		}
	}
}

func (e *softmax[T]) part(i, parts int) {
	k := e.columns
	begin, end := span(len(e.y)/k, 1, i, parts)
	for row := begin; row < end; row++ {
		y, x := e.y[row*k:][:k], e.x[row*k:][:k]
		top := x[0]
		for _, v := range x {
			top = max(top, v)
		}
		sum := 0.0
		for i, v := range x {
			exp := math.Exp(float64(v - top))
			y[i] = T(exp)
			sum += exp
		}
		for i := range y {
			y[i] = T(float64(y[i]) / sum)
		}
	}
}
