package augment

import (
	"math"
	"testing"
)

// photograph is an image of noise with black and white corners.
func photograph(size int) []uint8 {
	rng := newRand(9)
	pix := make([]uint8, 3*size*size)
	for i := range pix {
		pix[i] = uint8(rng.Uint32() >> 24)
	}
	copy(pix, []uint8{0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 255})
	return pix
}

// TestWarpIsBilinear compares with the formula in float64, at places of 1/256.
func TestWarpIsBilinear(t *testing.T) {
	const size = 37
	src, dst := photograph(size), make([]uint8, 3*size*size)
	rng := newRand(1)
	p := Policy{FlipH: 0.5, FlipV: 0.5, Rotate: 180, Zoom: 0.9, Shift: 1}
	for range 50 {
		m := p.drawAffine(size, rng)
		warp(dst, size, src, size, m, Reflect)
		mid := float64(size-1) / 2
		for i, got := range dst {
			x, y := float64(i/3%size)-mid, float64(i/3/size)-mid
			u, v := m.a*x+m.b*y+m.c+mid, m.d*x+m.e*y+m.f+mid
			x0, y0 := int(math.Floor(u)), int(math.Floor(v))
			at := func(x, y int) float64 {
				return float64(src[3*(outside(y, size, Reflect)*size+outside(x, size, Reflect))+i%3])
			}
			fx, fy := u-float64(x0), v-float64(y0)
			want := (1-fy)*((1-fx)*at(x0, y0)+fx*at(x0+1, y0)) + fy*((1-fx)*at(x0, y0+1)+fx*at(x0+1, y0+1))
			// Half a level by rounding, and a 256th of two differences by the place.
			if d := math.Abs(float64(got) - want); !(d <= 0.5+2*255./256+0.1) {
				t.Fatalf("%+v: value %d is %d, want %.2f", m, i, got, want)
			}
		}
	}
}

// TestRecolourIsLinear compares with the formula in float64, for the colours that
// reach furthest too: no lane may run over into the next.
func TestRecolourIsLinear(t *testing.T) {
	src := photograph(20)
	rng := newRand(2)
	for _, p := range []Policy{
		{Brightness: 0.15, Contrast: 0.15, Saturation: 0.15},
		{Brightness: 1, Contrast: 1, Saturation: 1, Hue: 180},
	} {
		for range 200 {
			m, lift := p.drawColour(rng)
			pix := append([]uint8(nil), src...)
			recolour(pix, m, lift)
			mean := meanGrey(src)
			for i, got := range pix {
				want := lift * mean
				for j, weight := range m[i%3] {
					want += weight * float64(src[i/3*3+j])
				}
				want = min(max(want, 0), 255)
				// The furthest leave nine binary digits for a coefficient.
				if d := math.Abs(float64(got) - want); !(d <= 0.5+3*255./1024) {
					t.Fatalf("%+v: value %d is %d, want %.2f", m, i, got, want)
				}
			}
		}
	}
}
