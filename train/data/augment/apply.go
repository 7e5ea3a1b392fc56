package augment

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// Apply writes a variation of src into dst: src is from rows of from RGB pixels, dst
// size rows of size pixels, and they must not overlap. Where the sizes differ, what
// would be shown is shown at the other scale, with one interpolation for all. rng
// decides: if each image has a stream of its own, the result does not depend on the
// images before it. Mixing is [Policy.MixPair].
func (p Policy) Apply(dst []uint8, size int, src []uint8, from int, rng *rand.Rand) {
	m := p.drawAffine(from, rng)
	if from != size {
		scale := float64(from) / float64(size)
		m = m.after(affine{a: scale, e: scale})
	}
	warp(dst, size, src, from, m, p.Fill)
	if p.Brightness > 0 || p.Contrast > 0 || p.Saturation > 0 || p.Hue > 0 {
		m, lift := p.drawColour(rng)
		recolour(dst[:3*size*size], m, lift)
	}
	if p.Erase > 0 && rng.Float64() < p.Erase {
		erase(dst, size, rng)
	}
}

// erase puts noise over a rectangle of 2 to 20 % of the area with sides in a
// ratio of 0.3 to 3.3.
func erase(pix []uint8, size int, rng *rand.Rand) {
	area := 0.02 + 0.18*rng.Float64()
	ratio := math.Exp(symmetric(rng, math.Log(1/0.3)))
	r := drawRect(size, math.Sqrt(area*ratio), math.Sqrt(area/ratio), rng)
	for y := r.y0; y < r.y1; y++ {
		row := pix[3*(y*size+r.x0) : 3*(y*size+r.x1)]
		for i := range row {
			row[i] = uint8(rng.Uint32() >> 24)
		}
	}
}

// rect is the pixels with x0 <= x < x1 and y0 <= y < y1.
type rect struct{ x0, y0, x1, y1 int }

// drawRect draws the place of a rectangle with the shares w and h of the side, at
// most 1.
func drawRect(size int, w, h float64, rng *rand.Rand) rect {
	pw := min(int(math.Round(w*float64(size))), size)
	ph := min(int(math.Round(h*float64(size))), size)
	x, y := rng.IntN(size-pw+1), rng.IntN(size-ph+1)
	return rect{x, y, x + pw, y + ph}
}

// MixPair mixes two images of size x size RGB pixels with each other, in place, by
// Mixup or CutMix (whose rectangle is a square inside the image). It returns the
// share that each has of itself afterwards: their targets become share*own +
// (1-share)*other. It is a half or more, so that an image remains the main part at
// its place in the batch, and 1 if p does not mix.
func (p Policy) MixPair(a, b []uint8, size int, rng *rand.Rand) float64 {
	alpha, cut := p.Mixup, false
	if p.CutMix > 0 && (p.Mixup == 0 || rng.Float64() < 0.5) {
		alpha, cut = p.CutMix, true
	}
	if alpha == 0 {
		return 1
	}
	share := distuv.Beta{Alpha: alpha, Beta: alpha, Src: rng}.Rand()
	if math.IsNaN(share) { // 0/0, of two tiny numbers
		share = 1
	}
	if !cut {
		return blend(a, b, max(share, 1-share))
	}
	side := math.Sqrt(1 - share)
	r := drawRect(size, side, side, rng)
	swap(a, b, size, r)
	share = 1 - float64((r.x1-r.x0)*(r.y1-r.y0))/float64(size*size)
	if share < 0.5 {
		swap(a, b, size, rect{0, 0, size, size})
		share = 1 - share
	}
	return share
}

// swap exchanges the pixels of a rectangle.
func swap(a, b []uint8, size int, r rect) {
	for y := r.y0; y < r.y1; y++ {
		from, to := 3*(y*size+r.x0), 3*(y*size+r.x1)
		ra, rb := a[from:to], b[from:to]
		for i := range ra {
			ra[i], rb[i] = rb[i], ra[i]
		}
	}
}

// blend mixes a and b, with shares in 256ths, and returns the share used.
func blend(a, b []uint8, share float64) float64 {
	w := int(math.Round(256 * share))
	for i := range a {
		x, y := int(a[i]), int(b[i])
		a[i] = uint8((w*x + (256-w)*y + 128) >> 8)
		b[i] = uint8((w*y + (256-w)*x + 128) >> 8)
	}
	return float64(w) / 256
}
