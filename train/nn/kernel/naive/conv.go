package naive

import "github.com/flowerctl/flowerctl/train/nn/kernel"

// convForward slides w over x (cross-correlation, as every framework calls
// convolution), in G groups of channels.
//
//	x: (N, H, W, C)   w: (O, C/G, kH, kW)   b: (O), or nil   y: (N, outH, outW, O)
func convForward[T kernel.Float](y, x, w, b []T, s kernel.ConvShape) {
	out := s.Out()
	for n := range out.N {
		for oh := range out.H {
			for ow := range out.W {
				for o := range s.Filters {
					sum := 0.0
					if s.Bias {
						sum = float64(b[o])
					}
					convWindow(s, n, oh, ow, o, func(i, k int) {
						sum += float64(x[i]) * float64(w[k])
					})
					if s.ReLU && sum < 0 {
						sum = 0
					}
					y[at(out, n, oh, ow, o)] = T(sum)
				}
			}
		}
	}
}

// convBackward computes dx from dy and w; dw and db from dy and x. Those that are
// nil are left out.
func convBackward[T kernel.Float](dx, dw, db, dy, x, w []T, s kernel.ConvShape) {
	dX, dW, dB := make([]float64, len(dx)), make([]float64, len(dw)), make([]float64, len(db))
	out := s.Out()
	for n := range out.N {
		for oh := range out.H {
			for ow := range out.W {
				for o := range s.Filters {
					d := float64(dy[at(out, n, oh, ow, o)])
					if len(db) > 0 {
						dB[o] += d
					}
					convWindow(s, n, oh, ow, o, func(i, k int) {
						if dx != nil {
							dX[i] += d * float64(w[k])
						}
						if dw != nil {
							dW[k] += d * float64(x[i])
						}
					})
				}
			}
		}
	}
	store(dx, dX)
	store(dw, dW)
	store(db, dB)
}

// convWindow calls product with the place in x and the place in w of each product
// that output (n, oh, ow, o) sums.
func convWindow(s kernel.ConvShape, n, oh, ow, o int, product func(i, k int)) {
	C, O := s.In.C/s.Groups, s.Filters/s.Groups // of a group
	group := o / O
	kH, kW := s.Kernel[0], s.Kernel[1]
	for kh := range kH {
		for kw := range kW {
			h, w := oh*s.Stride[0]+kh-s.Pads[0], ow*s.Stride[1]+kw-s.Pads[1]
			if h < 0 || h >= s.In.H || w < 0 || w >= s.In.W {
				continue // padding
			}
			for c := range C {
				product(at(s.In, n, h, w, group*C+c), ((o*C+c)*kH+kh)*kW+kw)
			}
		}
	}
}

// at is the place of a value of channel c in an image (N, H, W, C).
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
