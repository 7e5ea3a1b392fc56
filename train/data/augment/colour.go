package augment

import (
	"math"
	"math/rand/v2"
)

// The weights of red, green and blue in a pixel's grey (ITU-R BT.601).
var luma = [3]float64{0.299, 0.587, 0.114}

// matrix takes colours to colours. Every one here keeps grey grey: its rows have
// the same sum.
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

// turnHue turns colours about the axis of greys, which keeps their luma: linear,
// where a turn in HSV is not, and much the same for small angles.
func turnHue(degrees float64) matrix {
	if degrees == 0 {
		return matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	}
	sin, cos := math.Sincos(radians(degrees))
	return fromYIQ.times(matrix{{1, 0, 0}, {0, cos, -sin}, {0, sin, cos}}).times(toYIQ)
}

// drawColour draws the colours of one image: m*pixel + lift*mean, where mean is
// the image's mean grey. In order: brightness, contrast, saturation, hue, cut to
// 0 and 255 only at the end.
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
	const digits = 14
	fixed := func(x float64) int { return int(math.Round(x * (1 << digits))) }
	add := 1 << (digits - 1)
	if lift != 0 {
		add += fixed(lift * meanGrey(pix))
	}
	r0, g0, b0 := fixed(m[0][0]), fixed(m[0][1]), fixed(m[0][2])
	r1, g1, b1 := fixed(m[1][0]), fixed(m[1][1]), fixed(m[1][2])
	r2, g2, b2 := fixed(m[2][0]), fixed(m[2][1]), fixed(m[2][2])
	for ; len(pix) >= 3; pix = pix[3:] {
		r, g, b := int(pix[0]), int(pix[1]), int(pix[2])
		pix[0] = cut((r0*r + g0*g + b0*b + add) >> digits)
		pix[1] = cut((r1*r + g1*g + b1*b + add) >> digits)
		pix[2] = cut((r2*r + g2*g + b2*b + add) >> digits)
	}
}

// cut is x within 0 and 255.
func cut(x int) uint8 {
	if uint(x) > 255 {
		return uint8(^x >> 63) // 0 below, 255 above
	}
	return uint8(x)
}

func meanGrey(pix []uint8) float64 {
	var sum [3]int
	n := len(pix) / 3
	for ; len(pix) >= 3; pix = pix[3:] {
		sum[0] += int(pix[0])
		sum[1] += int(pix[1])
		sum[2] += int(pix[2])
	}
	return (luma[0]*float64(sum[0]) + luma[1]*float64(sum[1]) + luma[2]*float64(sum[2])) / float64(n)
}
