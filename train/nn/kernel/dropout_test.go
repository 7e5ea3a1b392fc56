package kernel

import (
	"math"
	"testing"
)

func TestDropoutKeepsItsShare(t *testing.T) {
	const n = 1 << 20
	for _, rate := range []float64{0.1, 0.25, 0.5, 0.9} {
		for seed := range uint64(4) {
			mask, next := NewDropoutMask(rate, seed), NewDropoutMask(rate, seed+1)
			kept, inBoth, inARow, last := 0, 0, 0, false
			for i := range n {
				keep := mask.Keeps(i)
				if keep {
					kept++
				}
				if keep == next.Keeps(i) {
					inBoth++
				}
				if i > 0 && keep == last {
					inARow++
				}
				last = keep
			}
			// Values, and two values, agree as often as independent ones: 6
			// standard deviations of a share are at most 3/sqrt(n).
			same := rate*rate + (1-rate)*(1-rate)
			for what, got := range map[string][2]float64{
				"kept":               {float64(kept) / n, 1 - rate},
				"equal in two seeds": {float64(inBoth) / n, same},
				"equal in a row":     {float64(inARow) / n, same},
			} {
				if math.Abs(got[0]-got[1]) > 3/math.Sqrt(n) {
					t.Errorf("rate %v, seed %d: %s: %v, want %v", rate, seed, what, got[0], got[1])
				}
			}
		}
	}
}

// The values fix the definition: checkpoints and other engines rely on it.
func TestDropoutMaskIsFixed(t *testing.T) {
	bits := ""
	m := NewDropoutMask(0.5, 42)
	for i := range 64 {
		bits += map[bool]string{true: "1", false: "0"}[m.Keeps(i)]
	}
	const want = "0100111101110110110111111000111110001010111101011000111111010110"
	if bits != want {
		t.Errorf("mask is %s, want %s", bits, want)
	}
}
