// Package numbers answers what several packages ask of floating-point numbers. It
// imports no other package of this module, so that every package may use it.
package numbers

import "cmp"

// Float is a floating-point type.
type Float interface{ ~float32 | ~float64 }

// Finite reports whether v is neither NaN nor infinite.
func Finite[T Float](v T) bool {
	return v-v == 0 // NaN and infinity give NaN
}

// ArgMax is the index of the largest value, the first of equals, and -1 if there are
// no values. NaN is less than every number, even -Inf: only if all values are NaN is
// the result one of them, the first.
func ArgMax[T cmp.Ordered](values []T) int {
	best := -1
	for i, v := range values {
		if best < 0 || cmp.Less(values[best], v) {
			best = i
		}
	}
	return best
}
