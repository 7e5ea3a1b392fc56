package augment

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// The weights of red, green and blue in a pixel's grey (ITU-R BT.601).
var luma = [3]float64{0.299, 0.587, 0.114}

// matrix maps colours to colours. All of them map grey to grey: their rows have the
// same sum.
type matrix [3][3]float64

func (m matrix) times(n matrix) matrix {
	var out matrix
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				out[i][j] += m[i][k] * n[k][j]
			}
		}
	}
	return out
}

// saturate moves colours away from their grey by the factor s.
func saturate(s float64) matrix {
	var m matrix
	for i := range 3 {
		for j := range 3 {
			m[i][j] = (1 - s) * luma[j]
		}
		m[i][i] += s
	}
	return m
}

// YIQ (NTSC, 1953): luma and two axes of colour.
var (
	toYIQ   = matrix{{0.299, 0.587, 0.114}, {0.5959, -0.2746, -0.3213}, {0.2115, -0.5227, 0.3112}}
	fromYIQ = matrix{{1, 0.956, 0.619}, {1, -0.272, -0.647}, {1, -1.106, 1.703}}
)

// turnHue rotates colours about the axis of greys, which keeps their luma. Unlike a
// rotation in HSV it is linear, and for small angles it is nearly the same.
func turnHue(degrees float64) matrix {
	if degrees == 0 {
		return matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	}
	sin, cos := math.Sincos(radians(degrees))
	return fromYIQ.times(matrix{{1, 0, 0}, {0, cos, -sin}, {0, sin, cos}}).times(toYIQ)
}

// drawColour draws the colours of one image: m*pixel + lift*mean, where mean is
// the image's mean grey. The order is brightness, contrast, saturation, hue; values
// are cut to 0 and 255 only at the end.
func (p Policy) drawColour(rng *rand.Rand) (m matrix, lift float64) {
	factor := func(x float64) float64 {
		if x == 0 {
			return 1
		}
		return 1 + symmetric(rng, x)
	}
	b, c, s := factor(p.Brightness), factor(p.Contrast), factor(p.Saturation)
	h := 0.0
	if p.Hue > 0 {
		h = symmetric(rng, p.Hue)
	}
	m = turnHue(h).times(saturate(s))
	for i := range 3 {
		for j := range 3 {
			m[i][j] *= b * c
		}
	}
	return m, (1 - c) * b
}

// recolour applies m and lift to the pixels in place.
func recolour(pix []uint8, m matrix, lift float64) {
	add := 0.0
	if lift != 0 {
		add = lift * meanGrey(pix)
	}
	// There are as many digits after the point as the largest result leaves in a lane.
	// base is added so that no result is negative; 1 on both sides is for rounding.
	low, high := 0.0, 0.0
	for _, row := range m {
		lo, hi := add, add
		for _, v := range row {
			lo, hi = lo+255*min(v, 0), hi+255*max(v, 0)
		}
		low, high = max(low, -lo), max(high, hi)
	}
	base := int(low) + 2
	digits := laneBits - bits.Len(uint(base+int(high)+2))
	fixed := func(x float64) pixel { return pixel(int(math.Round(x * float64(int(1)<<digits)))) }
	column := func(j int) pixel {
		return fixed(m[0][j]) + fixed(m[1][j])<<laneBits + fixed(m[2][j])<<(2*laneBits)
	}
	start := fixed(add+float64(base)+0.5) * lanes
	linear{column(0), column(1), column(2), start, base, digits}.apply(pix)
}

// linear is a map of colours in fixed point: each lane of start + red*r + green*g +
// blue*b is the result plus base, with that many digits after the point.
type linear struct {
	r, g, b, start pixel
	base, digits   int
}

// apply changes the pixels in place. It is not inlined into recolour, which would
// leave too few registers for the loop.
//
//go:noinline
func (l linear) apply(pix []uint8) {
	digits, mask := uint(l.digits)&63, pixel(1)<<(laneBits-l.digits)-1
	for i := 0; i+2 < len(pix); i += 3 {
		out := pix[i : i+3 : i+3]
		p := l.start + l.r*pixel(out[0]) + l.g*pixel(out[1]) + l.b*pixel(out[2])
		p >>= digits
		out[0] = cut(int(p&mask) - l.base)
		out[1] = cut(int(p>>laneBits&mask) - l.base)
		out[2] = cut(int(p>>(2*laneBits)&mask) - l.base)
	}
}

// cut is x within 0 and 255.
func cut(x int) uint8 { return uint8(min(max(x, 0), 255)) }

func meanGrey(pix []uint8) float64 {
	var r, g, b int
	for i := 0; i+2 < len(pix); i += 3 {
		p := pix[i : i+3 : i+3]
		r, g, b = r+int(p[0]), g+int(p[1]), b+int(p[2])
	}
	return (luma[0]*float64(r) + luma[1]*float64(g) + luma[2]*float64(b)) / float64(len(pix)/3)
}
