package naive

import "github.com/flowerctl/flowerctl/train/nn/kernel"

// denseForward is y = x*wT + b, and max(y, 0) with relu.
//
//	x: (N, C)   w: (O, C)   b: (O), or nil   y: (N, O)
func denseForward[T kernel.Float](y, x, w, b []T, N, C, O int, relu bool) {
	for n := range N {
		for o := range O {
			sum := 0.0
			if len(b) > 0 {
				sum = float64(b[o])
			}
			for c := range C {
				sum += float64(x[n*C+c]) * float64(w[o*C+c])
			}
			if relu && sum < 0 {
				sum = 0
			}
			y[n*O+o] = T(sum)
		}
	}
}

// denseBackward computes dx from dy and w; dw and db from dy and x. Those that are
// nil are left out.
func denseBackward[T kernel.Float](dx, dw, db, dy, x, w []T, N, C, O int) {
	dX, dW, dB := make([]float64, len(dx)), make([]float64, len(dw)), make([]float64, len(db))
	for n := range N {
		for o := range O {
			d := float64(dy[n*O+o])
			if len(db) > 0 {
				dB[o] += d
			}
			for c := range C {
				if dx != nil {
					dX[n*C+c] += d * float64(w[o*C+c])
				}
				if dw != nil {
					dW[o*C+c] += d * float64(x[n*C+c])
				}
			}
		}
	}
	store(dx, dX)
	store(dw, dW)
	store(db, dB)
}
