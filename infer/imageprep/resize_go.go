package imageprep

// resampleGo is [bilinear] in Go, for processors and builds without AVX2.
func resampleGo(row rowReader, across, down span) Image {
	horizontal, vertical := newTaps(across), newTaps(down)
	r := ring{stride: 3 * ((across.n + 1) / 2), rows: vertical.width + 2}
	r.lanes = make([]uint64, r.stride*r.rows)
	line, packed := make([]uint8, 3*across.from), make([][3]uint64, across.from)
	sums := make([]uint64, r.stride)
	out := newImage(across.n, down.n)
	next := int(vertical.first[0])
	for y := range down.n {
		first, count := int(vertical.first[y]), int(vertical.count[y])
		for ; next < first+count; next += 2 {
			row(next, line)
			packRow(packed, line, 0)
			if next+1 < down.from {
				row(next+1, line)
				packRow(packed, line, 32)
			}
			resizePair(r.row(next), r.row(next+1), packed, &horizontal)
		}
		weights := vertical.weights[y*vertical.width:][:count]
		sumRows(out.Pix[3*out.W*y:3*out.W*(y+1)], &r, first, weights, sums)
	}
	return out
}

// Both passes do two multiplications at once: a uint64 has room for two sums of
// pixels times weights, which are never negative and below 1<<31. halves is a half
// in both, for rounding.
const halves = 1<<(weightBits-1) | 1<<(weightBits-1+32)

// ring holds the rows between the two passes that are still needed. The lower half
// of a lane is a channel of a pixel, the upper half that of the pixel half a row to
// the right.
type ring struct {
	lanes        []uint64
	stride, rows int
}

func (r *ring) row(y int) []uint64 {
	at := y % r.rows * r.stride
	return r.lanes[at : at+r.stride : at+r.stride]
}

// packRow puts a row into the lower (shift 0) or upper (shift 32) half of each
// channel. The lower half comes first, and clears the upper.
func packRow(dst [][3]uint64, src []uint8, shift uint) {
	if shift == 0 {
		for i := range dst {
			px := (*[3]uint8)(src[3*i:])
			dst[i] = [3]uint64{uint64(px[0]), uint64(px[1]), uint64(px[2])}
		}
		return
	}
	for i := range dst {
		px, to := (*[3]uint8)(src[3*i:]), &dst[i]
		to[0] |= uint64(px[0]) << 32
		to[1] |= uint64(px[1]) << 32
		to[2] |= uint64(px[2]) << 32
	}
}

// resizePair is the horizontal pass of two rows.
func resizePair(lower, upper []uint64, src [][3]uint64, t *taps) {
	middle := (len(t.first) + 1) / 2
	for i := range middle {
		r, g, b := t.dot(i, src)
		l, u := (*[3]uint64)(lower[3*i:]), (*[3]uint64)(upper[3*i:])
		l[0], l[1], l[2] = lowerPixel(r), lowerPixel(g), lowerPixel(b)
		u[0], u[1], u[2] = upperPixel(r), upperPixel(g), upperPixel(b)
	}
	for i := middle; i < len(t.first); i++ {
		r, g, b := t.dot(i, src)
		l, u := (*[3]uint64)(lower[3*(i-middle):]), (*[3]uint64)(upper[3*(i-middle):])
		l[0] |= lowerPixel(r) << 32
		l[1] |= lowerPixel(g) << 32
		l[2] |= lowerPixel(b) << 32
		u[0] |= upperPixel(r) << 32
		u[1] |= upperPixel(g) << 32
		u[2] |= upperPixel(b) << 32
	}
}

// dot is the weighted sum of output i's pixels.
func (t *taps) dot(i int, src [][3]uint64) (r, g, b uint64) {
	weights := t.weights[i*t.width:][:t.count[i]]
	in := src[t.first[i]:][:len(weights)]
	r, g, b = halves, halves, halves
	for k, w := range weights {
		px := &in[k]
		r += uint64(w) * px[0]
		g += uint64(w) * px[1]
		b += uint64(w) * px[2]
	}
	return r, g, b
}

// lowerPixel and upperPixel round a sum to a pixel. The weights are rounded too, so
// the sum of a white area can be slightly above 255.
func lowerPixel(sum uint64) uint64 { return uint64(min(uint32(sum)>>weightBits, 255)) }
func upperPixel(sum uint64) uint64 { return min(sum>>(32+weightBits), 255) }

// sumRows is the vertical pass of one row: the weighted sum of the rows from
// first on.
func sumRows(dst []uint8, r *ring, first int, weights []uint32, sums []uint64) {
	for i := range sums {
		sums[i] = halves
	}
	for ; len(weights) >= 2; weights = weights[2:] {
		a, b := r.row(first)[:len(sums)], r.row(first + 1)[:len(sums)]
		wa, wb := uint64(weights[0]), uint64(weights[1])
		for i := range sums {
			sums[i] += wa*a[i] + wb*b[i]
		}
		first += 2
	}
	if len(weights) == 1 {
		a, w := r.row(first)[:len(sums)], uint64(weights[0])
		for i := range sums {
			sums[i] += w * a[i]
		}
	}
	right := dst[len(sums):]
	dst = dst[:len(sums)]
	for i, s := range sums {
		dst[i] = uint8(lowerPixel(s))
	}
	for i := range right {
		right[i] = uint8(upperPixel(sums[i]))
	}
}
