package kernel

import (
	"math"
	"testing"
)

func TestRoundBF16(t *testing.T) {
	bits := math.Float32frombits
	for _, c := range []struct{ x, want float32 }{
		{1, 1}, {-2.5, -2.5}, {0, 0},
		{bits(0x3f80_8000), 1},                  // a tie, to even
		{bits(0x3f81_8000), bits(0x3f82_0000)},  // a tie, to even
		{bits(0x3f80_8001), bits(0x3f81_0000)},  // above it
		{bits(0xbf80_8001), bits(0xbf81_0000)},  // and negative
		{bits(0x0000_8001), bits(0x0001_0000)},  // subnormal
		{math.MaxFloat32, float32(math.Inf(1))}, // nearer to 2^128 than to the largest number
		{float32(math.Inf(-1)), float32(math.Inf(-1))},
	} {
		y := []float32{7}
		RoundBF16(y, []float32{c.x})
		if y[0] != c.want {
			t.Errorf("%g becomes %g, want %g", c.x, y[0], c.want)
		}
		wide := []float64{float64(c.x)}
		RoundBF16(wide, wide)
		if float32(wide[0]) != c.want {
			t.Errorf("%g in float64 becomes %g, want %g", c.x, wide[0], c.want)
		}
	}
	nan := []float32{bits(0x7f80_0001)}
	if RoundBF16(nan, nan); nan[0] == nan[0] {
		t.Errorf("a NaN becomes %g", nan[0])
	}
}
