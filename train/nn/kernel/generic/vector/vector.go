// Package vector has the loops over channels that a compiler without vector
// instructions makes slow: depthwise products, maxima, ReLU. For float32 they are
// assembly where the processor has AVX2, else Go. The package imports no other one of
// this module. Start at [Products].
package vector

import "math"

// Float is the element type.
type Float interface{ float32 | float64 }

// Sum describes sums over steps of segments.
type Sum struct{ Segments, Steps, XStep, XSegment int }

// Products is, for each channel c of len(y),
//
//	y[c] = start[c] + sum over g, s of x[g*XSegment + s*XStep + c] *
//	                                   w[(g*Steps + s)*len(y) + c]
//
// A depthwise convolution is this, with the taps of a window in w, and its weight
// gradient, with the gradients of places in w. start may be y.
func Products[T Float](sum *Sum, y, start, x, w []T) {
	n := len(y)
	if n == 0 || sum.Segments < 1 || sum.Steps < 1 {
		panic("vector: nothing to sum")
	}
	_ = start[n-1]
	_ = x[(sum.Segments-1)*sum.XSegment+(sum.Steps-1)*sum.XStep+n-1]
	_ = w[sum.Segments*sum.Steps*n-1]
	for c := productsFast(sum, y, start, x, w); c < n; c++ {
		v := start[c]
		for g := range sum.Segments {
			for s := range sum.Steps {
				v += x[g*sum.XSegment+s*sum.XStep+c] * w[(g*sum.Steps+s)*n+c]
			}
		}
		y[c] = v
	}
}

// Max is, for each channel c of len(y), the maximum over steps of segments,
//
//	y[c] = max over g, s of x[g*XSegment + s*XStep + c]
//
// The first of equal values wins, and a NaN over every number. Unless winner is
// nil, it takes the place of the maximum in x, plus at.
func Max[T Float](sum *Sum, y []T, winner []int32, x []T, at int) {
	n := len(y)
	if n == 0 || sum.Segments < 1 || sum.Steps < 1 {
		panic("vector: nothing to take the maximum of")
	}
	_ = x[(sum.Segments-1)*sum.XSegment+(sum.Steps-1)*sum.XStep+n-1]
	if winner != nil {
		_ = winner[n-1]
	}
	for c := maxFast(sum, y, winner, x, at); c < n; c++ {
		best, place := x[c], c
		for g := range sum.Segments {
			for s := range sum.Steps {
				i := g*sum.XSegment + s*sum.XStep + c
				if v := x[i]; v > best || v != v && best == best {
					best, place = v, i
				}
			}
		}
		y[c] = best
		if winner != nil {
			winner[c] = int32(at + place)
		}
	}
}

// ReLU is y = max(x, 0), cut at limit when limit > 0. A NaN stays one. y may be x.
func ReLU[T Float](y, x []T, limit T) {
	if !(limit > 0) {
		limit = T(math.Inf(1))
	}
	x = x[:len(y)]
	for i := reluFast(y, x, limit); i < len(y); i++ {
		y[i] = min(max(x[i], 0), limit)
	}
}

// ReLUBackward is dx = dy where y is over 0, and under limit when limit > 0, else
// 0. dx may be dy.
func ReLUBackward[T Float](dx, dy, y []T, limit T) {
	if !(limit > 0) {
		limit = T(math.NaN())
	}
	dy, y = dy[:len(dx)], y[:len(dx)]
	for i := reluBackwardFast(dx, dy, y, limit); i < len(dx); i++ {
		d := dy[i]
		if !(y[i] > 0) || y[i] >= limit {
			d = 0
		}
		dx[i] = d
	}
}
