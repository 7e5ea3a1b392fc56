package export

import "testing"

// TestZeroIsExact: every range is widened to hold 0, which has a value of its own.
func TestZeroIsExact(t *testing.T) {
	for _, c := range []struct {
		r     Range
		scale float32
		zero  uint8
	}{
		{Range{0, 255}, 1, 0},
		{Range{-1, 1}, float32(2.0 / 255), 128},
		{Range{2, 10}, float32(10.0 / 255), 0},
		{Range{-3, -1}, float32(3.0 / 255), 255},
		{Range{0, 0}, 1, 0}, // nothing is divided by zero
	} {
		if scale, zero := c.r.uint8(); scale != c.scale || zero != c.zero {
			t.Errorf("%v: scale %g, zero at %d, want %g and %d", c.r, scale, zero, c.scale, c.zero)
		}
	}
}
