package imageprep

// resampleBicubic is [resampleGo] with the cubic filter, whose weights may be negative:
// sums of pixels are signed, and what leaves 0 to 255 is clipped, after either pass.
func resampleBicubic(row rowReader, across, down span) Image {
	horizontal, vertical := cubic.taps(across), cubic.taps(down)
	stride, rows := 3*across.n, vertical.width
	ring, line := make([]uint8, stride*rows), make([]uint8, 3*across.from)
	out := newImage(across.n, down.n)
	next := int(vertical.first[0])
	for y := range down.n {
		first, count := int(vertical.first[y]), int(vertical.count[y])
		for ; next < first+count; next++ {
			row(next, line)
			acrossBicubic(ring[next%rows*stride:][:stride], line, &horizontal)
		}
		weights := vertical.weights[y*vertical.width:][:count]
		for i := range stride {
			sum := roundBicubic
			for k, w := range weights {
				sum += int(int32(w)) * int(ring[(first+k)%rows*stride+i])
			}
			out.Pix[stride*y+i] = clipped(sum)
		}
	}
	return out
}

// roundBicubic is a half of a pixel's value.
const roundBicubic = 1 << (weightBits - 1)

func acrossBicubic(dst, src []uint8, t *taps) {
	for i := range t.first {
		r, g, b := roundBicubic, roundBicubic, roundBicubic
		from := src[3*t.first[i]:]
		for k, w := range t.weights[i*t.width:][:t.count[i]] {
			weight := int(int32(w))
			r += weight * int(from[3*k])
			g += weight * int(from[3*k+1])
			b += weight * int(from[3*k+2])
		}
		dst[3*i], dst[3*i+1], dst[3*i+2] = clipped(r), clipped(g), clipped(b)
	}
}

func clipped(sum int) uint8 { return uint8(max(0, min(sum>>weightBits, 255))) }
