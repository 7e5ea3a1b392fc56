package augment

import (
	"math"
	"math/rand/v2"
)

// affine maps a place in the result to the place in the source that it shows, both in
// pixels from the middle of the image:
//
//	x' = a*x + b*y + c
//	y' = d*x + e*y + f
type affine struct{ a, b, c, d, e, f float64 }

// after is the map that applies first, then m.
func (m affine) after(first affine) affine {
	return affine{
		m.a*first.a + m.b*first.d, m.a*first.b + m.b*first.e, m.a*first.c + m.b*first.f + m.c,
		m.d*first.a + m.e*first.d, m.d*first.b + m.e*first.e, m.d*first.c + m.e*first.f + m.f,
	}
}

// drawAffine draws the geometry of one image with sides of size pixels.
func (p Policy) drawAffine(size int, rng *rand.Rand) affine {
	s := float64(size)
	m := affine{a: 1, e: 1}
	if p.FlipH > 0 && rng.Float64() < p.FlipH {
		m.a = -1
	}
	if p.FlipV > 0 && rng.Float64() < p.FlipV {
		m.e = -1
	}
	if p.Rotate > 0 {
		sin, cos := math.Sincos(radians(symmetric(rng, p.Rotate)))
		m = affine{a: cos, b: -sin, d: sin, e: cos}.after(m)
	}
	if p.Zoom > 0 {
		m = affine{a: 1 + symmetric(rng, p.Zoom), e: 1 + symmetric(rng, p.Zoom)}.after(m)
	}
	if p.Shift > 0 {
		m = affine{a: 1, c: s * symmetric(rng, p.Shift), e: 1, f: s * symmetric(rng, p.Shift)}.after(m)
	}
	if p.Crop > 0 {
		m = drawCrop(p.Crop, s, rng).after(m)
	}
	return m
}

// drawCrop draws a rectangle inside the image with smallest to 1 of its area. If the
// ratio of its sides does not fit, the longer side is the image's.
func drawCrop(smallest, size float64, rng *rand.Rand) affine {
	area := smallest + (1-smallest)*rng.Float64()
	ratio := math.Exp(symmetric(rng, math.Log(4.0/3)))
	w, h := min(math.Sqrt(area*ratio), 1), min(math.Sqrt(area/ratio), 1)
	return affine{
		a: w, c: size * (1 - w) * (rng.Float64() - 0.5),
		e: h, f: size * (1 - h) * (rng.Float64() - 0.5),
	}
}

// symmetric is a number from -x to x.
func symmetric(rng *rand.Rand, x float64) float64 { return x * (2*rng.Float64() - 1) }

// one is 1 in the fixed point numbers of places: 16 binary digits.
const one = 1 << 16

// warp writes the image of size x size RGB pixels that m makes of src, which has from x
// from, with bilinear interpolation between pixel centres.
func warp(dst []uint8, size int, src []uint8, from int, m affine, fill Fill) {
	if m == (affine{a: 1, e: 1}) {
		copy(dst, src)
		return
	}
	p := words.Get().(*[]pixel)
	defer words.Put(p)
	*p = spread(*p, src[:3*from*from])
	pixels := *p
	fixed := func(x float64) int { return int(math.Round(x * one)) }
	// A pixel's centre is half a pixel from its corner, and the image's middle is at
	// size/2: together they give the index of the middle, (size-1)/2.
	mid, srcMid := float64(size-1)/2, float64(from-1)/2
	stepX, stepY := fixed(m.a), fixed(m.d)
	for y := range size {
		ry := float64(y) - mid
		u := fixed(m.a*-mid + m.b*ry + m.c + srcMid)
		v := fixed(m.d*-mid + m.e*ry + m.f + srcMid)
		out := dst[3*y*size : 3*(y+1)*size]
		for i := 0; i+2 < len(out); i += 3 {
			x0, y0 := u>>16, v>>16
			x1, y1 := x0+1, y0+1
			if x0 < 0 || y0 < 0 || x1 >= from || y1 >= from {
				x0, x1 = outside(x0, from, fill), outside(x1, from, fill)
				y0, y1 = outside(y0, from, fill), outside(y1, from, fill)
			}
			fx, fy := pixel(u>>8&0xff), pixel(v>>8&0xff)
			top := across(pixels[y0*from+x0], pixels[y0*from+x1], fx)
			bottom := across(pixels[y1*from+x0], pixels[y1*from+x1], fx)
			down(out[i:i+3:i+3], top, bottom, fy)
			u, v = u+stepX, v+stepY
		}
	}
}

// outside is the index from 0 to size-1 of the pixel that is shown at i.
func outside(i, size int, fill Fill) int {
	if fill == Edge {
		return min(max(i, 0), size-1)
	}
	i %= 2 * size
	if i < 0 {
		i += 2 * size
	}
	return min(i, 2*size-1-i)
}
