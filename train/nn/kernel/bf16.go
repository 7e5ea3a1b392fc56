package kernel

import "math"

// RoundBF16 writes x in bfloat16, the upper 16 of the 32 bits of a float32, to y: rounded to
// nearest, ties to even, as processors do. A NaN stays one; values over the largest
// number become infinite. y may be x.
func RoundBF16[T Float](y, x []T) {
	for i, v := range x[:len(y)] {
		f := float32(v)
		if f != f {
			y[i] = v
			continue
		}
		bits := math.Float32bits(f)
		bits += 0x7fff + bits>>16&1
		y[i] = T(math.Float32frombits(bits &^ 0xffff))
	}
}
