// Package numbers answers what several packages ask of floating-point numbers. It
// imports nothing of ours, so that every package may use it.
package numbers

import "cmp"

// Float is a floating-point type.
type Float interface{ ~float32 | ~float64 }

// Finite reports whether v is neither NaN nor infinite.
func Finite[T Float](v T) bool {
	return v-v == 0 // NaN and infinity give NaN
}

// ArgMax is the index of the largest value, the first of equals, and -1 where
// there is no value. NaN counts as less than every number, also than -Inf: it is
// the answer only where all values are NaN, and is then the first.
func ArgMax[T cmp.Ordered](values []T) int {
	best := -1
	for i, v := range values {
		if best < 0 || cmp.Less(values[best], v) {
			best = i
		}
	}
	return best
}
