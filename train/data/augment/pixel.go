package augment

import "sync"

// pixel is one pixel in a word, so that one operation works on red, green and blue at
// once: three lanes of 21 bits, red lowest. Between operations a lane may be negative
// and borrow from the next, as long as its result is 0 or more and fits.
type pixel uint64

const (
	laneBits = 21
	laneMask = 1<<laneBits - 1
	lanes    = 1 | 1<<laneBits | 1<<(2*laneBits) // 1 in each lane
)

// words are images as pixels, for warp to work in.
var words = sync.Pool{New: func() any { return new([]pixel) }}

// spread turns RGB bytes into pixels, in the memory of p where it is enough.
func spread(p []pixel, rgb []uint8) []pixel {
	if n := len(rgb) / 3; cap(p) < n {
		p = make([]pixel, n)
	} else {
		p = p[:n]
	}
	for i := range p {
		c := rgb[3*i : 3*i+3 : 3*i+3]
		p[i] = pixel(c[0]) | pixel(c[1])<<laneBits | pixel(c[2])<<(2*laneBits)
	}
	return p
}

// fraction is the number of binary digits after the point between the two
// interpolations: the second one, of eight digits, leaves room for these in a lane.
const fraction = 5

// across is the colour at f/256 of the way from a to b, with fraction digits.
func across(a, b, f pixel) pixel {
	const round = 1 << (8 - fraction - 1) * lanes
	return (a<<8 + f*(b-a) + round) >> (8 - fraction) & ((1<<(8+fraction) - 1) * lanes)
}

// down writes the bytes at f/256 of the way from a to b, which have fraction digits.
func down(out []uint8, a, b, f pixel) {
	const digits = 8 + fraction
	p := a<<8 + f*(b-a) + 1<<(digits-1)*lanes
	out[0] = uint8(p >> digits)
	out[1] = uint8(p >> (digits + laneBits))
	out[2] = uint8(p >> (digits + 2*laneBits))
}
