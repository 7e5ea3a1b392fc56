package kernel

import (
	"fmt"
	"math"

	"github.com/flowerctl/flowerctl/train/nn/kernel/vector"
)

// goElementwise holds the operands of the pass that is running.
type goElementwise[T Float] struct {
	workers       *workers
	y, x, b       []T
	bytes         []uint8
	limit         T // of ReLU
	scale, offset T
	seed          uint64
	threshold     uint32
	rows, columns int // of the matrix that is transposed, or of a row
	yRow, xRow    int // between the starts of rows that are copied
}

// layerName names a layer without a shape in errors.
type layerName string

func (l layerName) String() string { return string(l) }

func (e *goElementwise[T]) ReLU(y, x []T, limit T) {
	mustHold(layerName("relu"), "x", x, len(y))
	e.y, e.x, e.limit = y, x, limit
	e.workers.run((*relu[T])(e), len(y))
}

func (e *goElementwise[T]) ReLUBackward(dx, dy, y []T, limit T) {
	mustHold(layerName("relu"), "dy", dy, len(dx))
	mustHold(layerName("relu"), "y", y, len(dx))
	e.y, e.x, e.b, e.limit = dx, dy, y, limit
	e.workers.run((*reluBackward[T])(e), len(y))
}

func (e *goElementwise[T]) Rescale(y, x []T, scale, offset T) {
	mustHold(layerName("rescale"), "x", x, len(y))
	e.y, e.x, e.scale, e.offset = y, x, scale, offset
	e.workers.run((*rescale[T])(e), len(y))
}

func (e *goElementwise[T]) FromBytes(y []T, x []uint8) {
	mustHold(layerName("from bytes"), "x", x, len(y))
	e.y, e.bytes = y, x
	e.workers.run((*fromBytes[T])(e), len(y))
}

func (e *goElementwise[T]) Add(y, a, b []T) {
	mustHold(layerName("add"), "a", a, len(y))
	mustHold(layerName("add"), "b", b, len(y))
	e.y, e.x, e.b = y, a, b
	e.workers.run((*add[T])(e), len(y))
}

func (e *goElementwise[T]) Concat(y []T, x [][]T, rows int, channels []int) {
	width, offset := mustSum("concat", y, x, rows, channels), 0
	for i, part := range x {
		c := channels[i]
		mustHold(layerName("concat"), "an input", part, rows*c)
		e.copyRows(y[offset:], part, width, c, rows, c)
		offset += c
	}
}

func (e *goElementwise[T]) Split(dx [][]T, dy []T, rows int, channels []int) {
	width, offset := mustSum("split", dy, dx, rows, channels), 0
	for i, part := range dx {
		c := channels[i]
		if part != nil {
			mustHold(layerName("split"), "a part", part, rows*c)
			e.copyRows(part, dy[offset:], c, width, rows, c)
		}
		offset += c
	}
}

// mustSum is the sum of the channels, checked against the whole.
func mustSum[T Float](l layerName, whole []T, parts [][]T, rows int, channels []int) (width int) {
	if len(parts) != len(channels) {
		panic(fmt.Errorf("kernel: %v: %d parts and %d channel counts", l, len(parts), len(channels)))
	}
	for _, c := range channels {
		width += c
	}
	mustHold(l, "the whole", whole, rows*width)
	return width
}

func (e *goElementwise[T]) copyRows(y, x []T, yRow, xRow, rows, columns int) {
	e.y, e.x, e.yRow, e.xRow, e.rows, e.columns = y, x, yRow, xRow, rows, columns
	e.workers.run((*copyRows[T])(e), rows*columns)
}

func (e *goElementwise[T]) ToNCHW(y, x []T, s ImageShape) { e.transpose(y, x, s, s.H*s.W, s.C) }
func (e *goElementwise[T]) ToNHWC(y, x []T, s ImageShape) { e.transpose(y, x, s, s.C, s.H*s.W) }

func (e *goElementwise[T]) transpose(y, x []T, s ImageShape, rows, columns int) {
	mustHold(layerName("transpose"), "y", y, s.Len())
	mustHold(layerName("transpose"), "x", x, s.Len())
	e.y, e.x, e.rows, e.columns = y, x, rows, columns
	e.workers.run((*transpose[T])(e), len(y))
}

func (e *goElementwise[T]) Softmax(y, x []T, k int) {
	mustHold(layerName("softmax"), "x", x, len(y))
	if k < 1 || len(x)%k != 0 {
		panic(fmt.Errorf("kernel: softmax: %d values in rows of %d", len(x), k))
	}
	e.y, e.x, e.columns = y, x, k
	e.workers.run((*softmax[T])(e), 8*len(y))
}

// The passes. Each part takes values or rows of the result.
type (
	relu[T Float]         goElementwise[T]
	reluBackward[T Float] goElementwise[T]
	rescale[T Float]      goElementwise[T]
	fromBytes[T Float]    goElementwise[T]
	add[T Float]          goElementwise[T]
	copyRows[T Float]     goElementwise[T]
	transpose[T Float]    goElementwise[T]
	softmax[T Float]      goElementwise[T]
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
