package naive

import (
	"math"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// maxPoolForward takes the largest value of each window of x. Of equal values the
// first one wins, and a NaN wins over every number.
//
//	x: (N, H, W, C)   y, winner: (N, outH, outW, C)
//
// winner is the place of the maximum in x.
func maxPoolForward[T kernel.Float](y []T, winner []int, x []T, s kernel.PoolShape) {
	eachOutput(s, func(o int, window []int) {
		best := window[0]
		for _, i := range window[1:] {
			if x[i] > x[best] || isNaN(x[i]) && !isNaN(x[best]) {
				best = i
			}
		}
		y[o], winner[o] = x[best], best
	})
}

// maxPoolBackward adds each dy to the dx of the value that won. With inputReLU, x is
// the result of a ReLU and dx the gradient before it.
func maxPoolBackward[T kernel.Float](dx, dy, y []T, winner []int, inputReLU bool) {
	clear(dx)
	for o, i := range winner {
		if !inputReLU || y[o] > 0 {
			dx[i] += dy[o]
		}
	}
}

// avgPoolForward averages each window of x; padding does not count.
//
//	x: (N, H, W, C)   y: (N, outH, outW, C)
func avgPoolForward[T kernel.Float](y, x []T, s kernel.PoolShape) {
	eachOutput(s, func(o int, window []int) {
		sum := 0.0
		for _, i := range window {
			sum += float64(x[i])
		}
		y[o] = T(sum / float64(len(window)))
	})
}

// avgPoolBackward spreads each dy evenly over its window.
func avgPoolBackward[T kernel.Float](dx, dy []T, s kernel.PoolShape) {
	clear(dx)
	eachOutput(s, func(o int, window []int) {
		for _, i := range window {
			dx[i] += dy[o] / T(len(window))
		}
	})
}

// eachOutput calls f with the place of each output, and with the places in x of
// its window that are not padding, by rows.
func eachOutput(s kernel.PoolShape, f func(o int, window []int)) {
	out := s.Out()
	var window []int
	eachPixel(out, func(n, oh, ow int) {
		for c := range out.C {
			window = window[:0]
			eachTap(s.Window, s.In, oh, ow, func(h, w, _, _ int) {
				window = append(window, at(s.In, n, h, w, c))
			})
			f(at(out, n, oh, ow, c), window)
		}
	})
}

func isNaN[T kernel.Float](x T) bool { return math.IsNaN(float64(x)) }
