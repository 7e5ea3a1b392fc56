package naive

import (
	"math"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// elementwise has the layers that need no preparation.
type elementwise[T kernel.Float] struct{}

type layer = kernel.LayerName

func (elementwise[T]) ReLU(y, x []T, limit T) {
	kernel.MustHold(layer("relu"), "x", x, len(y))
	for i, v := range x {
		y[i] = max(v, 0)
		if limit > 0 {
			y[i] = min(y[i], limit)
		}
	}
}

func (elementwise[T]) ReLUBackward(dx, dy, y []T, limit T) {
	kernel.MustHold(layer("relu"), "dy", dy, len(dx))
	kernel.MustHold(layer("relu"), "y", y, len(dx))
	reluBackward(dx, dy, y, limit)
}

// reluBackward is dx = dy where y is over 0 (and under limit when limit > 0), else 0.
func reluBackward[T kernel.Float](dx, dy, y []T, limit T) {
	for i, v := range y {
		if v > 0 && (limit <= 0 || v < limit) {
			dx[i] = dy[i]
			continue
		}
		dx[i] = 0
	}
}

func (elementwise[T]) Rescale(y, x []T, scale, offset T) {
	kernel.MustHold(layer("rescale"), "x", x, len(y))
	for i, v := range x {
		y[i] = v*scale + offset
	}
}

func (elementwise[T]) FromBytes(y []T, x []uint8) {
	kernel.MustHold(layer("from bytes"), "x", x, len(y))
	for i, v := range x {
		y[i] = T(v)
	}
}

func (elementwise[T]) Add(y, a, b []T) {
	kernel.MustHold(layer("add"), "a", a, len(y))
	kernel.MustHold(layer("add"), "b", b, len(y))
	for i := range y {
		y[i] = a[i] + b[i]
	}
}

func (elementwise[T]) Concat(y []T, x [][]T, rows int, channels []int) {
	kernel.MustJoin("concat", y, x, rows, channels)
	for i, c := range channels {
		kernel.MustHold(layer("concat"), "an input", x[i], rows*c)
	}
	y = y[:0]
	for r := range rows {
		for i, c := range channels {
			y = append(y, x[i][r*c:(r+1)*c]...)
		}
	}
}

func (elementwise[T]) Split(dx [][]T, dy []T, rows int, channels []int) {
	kernel.MustJoin("split", dy, dx, rows, channels)
	for i, c := range channels {
		if dx[i] != nil {
			kernel.MustHold(layer("split"), "a part", dx[i], rows*c)
		}
	}
	for r := range rows {
		for i, c := range channels {
			if dx[i] != nil {
				copy(dx[i][r*c:(r+1)*c], dy)
			}
			dy = dy[c:]
		}
	}
}

func (elementwise[T]) ToNCHW(y, x []T, s kernel.ImageShape) {
	eachValue(y, x, s, func(nhwc, nchw int) { y[nchw] = x[nhwc] })
}

func (elementwise[T]) ToNHWC(y, x []T, s kernel.ImageShape) {
	eachValue(y, x, s, func(nhwc, nchw int) { y[nhwc] = x[nchw] })
}

// eachValue calls f with the place of each value in both orders.
func eachValue[T kernel.Float](y, x []T, s kernel.ImageShape, f func(nhwc, nchw int)) {
	kernel.MustHold(layer("transpose"), "y", y, s.Len())
	kernel.MustHold(layer("transpose"), "x", x, s.Len())
	eachPixel(s, func(n, h, w int) {
		for c := range s.C {
			f(at(s, n, h, w, c), ((n*s.C+c)*s.H+h)*s.W+w)
		}
	})
}

func (elementwise[T]) Dropout(y, x []T, rate float64, seed uint64) {
	kernel.MustHold(layer("dropout"), "x", x, len(y))
	mask := kernel.NewDropoutMask(rate, seed)
	for i, v := range x {
		y[i] = 0
		if mask.Keeps(i) {
			y[i] = v / T(1-rate)
		}
	}
}

func (elementwise[T]) Softmax(y, x []T, k int) {
	kernel.MustHold(layer("softmax"), "x", x, len(y))
	kernel.MustDivide("softmax", x, k)
	for i := 0; i < len(x); i += k {
		top, sum := math.Inf(-1), 0.0
		for _, v := range x[i : i+k] {
			top = max(top, float64(v))
		}
		for _, v := range x[i : i+k] {
			sum += math.Exp(float64(v) - top)
		}
		for j, v := range x[i : i+k] {
			y[i+j] = T(math.Exp(float64(v)-top) / sum)
		}
	}
}
