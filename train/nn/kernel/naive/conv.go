package naive

import "github.com/flowerctl/flowerctl/train/nn/kernel"

// convForward slides w over x (cross-correlation, as every framework calls
// convolution), in G groups of channels.
//
//	x: (N, H, W, C)   w: (O, C/G, kH, kW)   b: (O), or nil   y: (N, outH, outW, O)
func convForward[T kernel.Float](y, x, w, b []T, s kernel.ConvShape) {
	out := s.Out()
	C, O := s.In.C/s.Groups, s.Filters/s.Groups // of a group
	kH, kW := s.Kernel[0], s.Kernel[1]
	x, w = operand(x, s), operand(w, s)
	eachPixel(out, func(n, oh, ow int) {
		for o := range s.Filters {
			sum := 0.0
			if s.Bias {
				sum = float64(b[o])
			}
			eachTap(s.Window, s.In, oh, ow, func(row, column, kh, kw int) {
				pixel := x[at(s.In, n, row, column, o/O*C):][:C]
				for c, v := range pixel {
					sum += float64(v) * float64(w[((o*C+c)*kH+kh)*kW+kw])
				}
			})
			if s.ReLU && sum < 0 {
				sum = 0
			}
			if s.ReLU && s.Max > 0 && sum > s.Max {
				sum = s.Max
			}
			y[at(out, n, oh, ow, o)] = T(sum)
		}
	})
}

// convBackward computes dx from dy and w; dw and db from dy and x. Those that are
// nil are left out.
func convBackward[T kernel.Float](dx, dw, db, dy, x, w []T, s kernel.ConvShape) {
	dX, dW, dB := make([]float64, len(dx)), make([]float64, len(dw)), make([]float64, len(db))
	out := s.Out()
	C, O := s.In.C/s.Groups, s.Filters/s.Groups // of a group
	kH, kW := s.Kernel[0], s.Kernel[1]
	dy, x, w = operand(dy, s), operand(x, s), operand(w, s)
	eachPixel(out, func(n, oh, ow int) {
		for o := range s.Filters {
			d := float64(dy[at(out, n, oh, ow, o)])
			if len(db) > 0 {
				dB[o] += d
			}
			eachTap(s.Window, s.In, oh, ow, func(row, column, kh, kw int) {
				pixel := at(s.In, n, row, column, o/O*C)
				for c := range C {
					i, k := pixel+c, ((o*C+c)*kH+kh)*kW+kw
					if dx != nil {
						dX[i] += d * float64(w[k])
					}
					if dw != nil {
						dW[k] += d * float64(x[i])
					}
				}
			})
		}
	})
	store(dx, dX)
	store(dw, dW)
	store(db, dB)
}

// operand is v as the products take it.
func operand[T kernel.Float](v []T, s kernel.ConvShape) []T {
	if !s.BF16 {
		return v
	}
	low := make([]T, len(v))
	kernel.RoundBF16(low, v)
	return low
}

// eachPixel calls f for every pixel of every image.
func eachPixel(s kernel.ImageShape, f func(n, h, w int)) {
	for n := range s.N {
		for h := range s.H {
			for w := range s.W {
				f(n, h, w)
			}
		}
	}
}

// eachTap calls f for every tap (kh, kw) of the window at output (oh, ow) that is
// over a pixel (h, w) of the image, and not over padding.
func eachTap(g kernel.Window, in kernel.ImageShape, oh, ow int, f func(h, w, kh, kw int)) {
	for kh := range g.Kernel[0] {
		for kw := range g.Kernel[1] {
			h, w := oh*g.Stride[0]+kh-g.Pads[0], ow*g.Stride[1]+kw-g.Pads[1]
			if h >= 0 && h < in.H && w >= 0 && w < in.W {
				f(h, w, kh, kw)
			}
		}
	}
}

// at is the place of a v of channel c in an image (N, H, W, C).
func at(s kernel.ImageShape, n, h, w, c int) int { return ((n*s.H+h)*s.W+w)*s.C + c }

// store rounds sums to T.
func store[T kernel.Float](to []T, sums []float64) {
	for i := range to {
		to[i] = T(sums[i])
	}
}

// float64s is x in float64.
func float64s[T kernel.Float](x []T) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}
