package imageprep

import "math"

// Apply returns img as a square of c.Size by the definition of [Resize]; c must
// be valid. Pixels equal Pillow's Image.resize(BILINEAR) exactly. Where the size
// is right already, img itself is returned.
func (c Config) Apply(img Image) Image {
	if img.W < 1 || img.H < 1 {
		return newImage(c.Size, c.Size)
	}
	across, down := c.window(img.W, img.H)
	return resample(img, across, down)
}

// window is what c keeps of w x h: on each axis the length the whole of it is
// resized to, and where in that the Size pixels begin.
func (c Config) window(w, h int) (across, down span) {
	size := c.Size
	across = span{from: w, to: size, n: size}
	down = span{from: h, to: size, n: size}
	if c.Resize != Crop {
		return across, down
	}
	// torchvision's Resize and CenterCrop: the longer side is rounded down, the
	// margin to the nearest even.
	if w < h {
		down.to = size * h / w
	} else {
		across.to = size * w / h
	}
	across.at = int(math.RoundToEven(float64(across.to-size) / 2))
	down.at = int(math.RoundToEven(float64(down.to-size) / 2))
	return across, down
}

// span is one axis of a resize: of to pixels made of from, the n from at on.
type span struct{ from, to, at, n int }

func (s span) identity() bool { return s.from == s.to && s.n == s.to }

// weightBits is the fixed point of the weights: 8 bits of pixel, one of sign and
// one to spare for their sum remain of 32. Pillow's number.
const weightBits = 32 - 8 - 2

// taps are the weights of an axis: output i is the sum of weights[i*width+k]
// times input first[i]+k, for k under count[i].
type taps struct {
	first, count []int32
	weights      []int32
	width        int
}

// newTaps computes the triangle filter, stretched by the scale when shrinking,
// around half-pixel centres; weights that fall outside the image are shared
// among the rest. Source: Pillow, libImaging/Resample.c, precompute_coeffs;
// ONNX Resize-18 with antialias.
func newTaps(s span) taps {
	scale := float64(s.from) / float64(s.to)
	filter := max(scale, 1)
	t := taps{
		first: make([]int32, s.n), count: make([]int32, s.n),
		width: 2*int(math.Ceil(filter)) + 1,
	}
	t.weights = make([]int32, s.n*t.width)
	w := make([]float64, t.width)
	for i := range s.n {
		centre := (float64(s.at+i) + 0.5) * scale
		lo := max(int(centre-filter+0.5), 0)
		hi := min(int(centre+filter+0.5), s.from)
		total := 0.0
		for k := range hi - lo {
			w[k] = max(1-math.Abs((float64(k+lo)-centre+0.5)/filter), 0)
			total += w[k]
		}
		for k := range hi - lo {
			t.weights[i*t.width+k] = int32(math.Floor(w[k]/total*(1<<weightBits) + 0.5))
		}
		t.first[i], t.count[i] = int32(lo), int32(hi-lo)
	}
	return t
}

// resample does the horizontal pass, only over the rows that the vertical pass
// will read, then the vertical one. Each rounds to 8 bits, as Pillow does.
func resample(img Image, across, down span) Image {
	if across.identity() && down.identity() {
		return img
	}
	var vertical taps
	y0, y1 := down.at, down.at+down.n
	if !down.identity() {
		vertical = newTaps(down)
		n := down.n - 1
		y0, y1 = int(vertical.first[0]), int(vertical.first[n]+vertical.count[n])
	}
	mid := Image{W: img.W, H: y1 - y0, Pix: img.Pix[3*img.W*y0 : 3*img.W*y1]}
	if !across.identity() {
		horizontal := newTaps(across)
		narrow := newImage(across.n, mid.H)
		for y := range mid.H {
			resizeRow(narrow.Pix[3*narrow.W*y:3*narrow.W*(y+1)], mid.Pix[3*mid.W*y:3*mid.W*(y+1)], &horizontal)
		}
		mid = narrow
	}
	if down.identity() {
		return mid
	}
	out := newImage(mid.W, down.n)
	sums := make([]int32, 3*mid.W)
	for y := range down.n {
		first := int(vertical.first[y]) - y0
		weights := vertical.weights[y*vertical.width:][:vertical.count[y]]
		sumRows(out.Pix[3*out.W*y:3*out.W*(y+1)], mid.Pix[3*mid.W*first:], weights, sums)
	}
	return out
}

const half = 1 << (weightBits - 1)

// resizeRow is the horizontal pass of one row.
func resizeRow(dst, src []uint8, t *taps) {
	for i, first := range t.first {
		r, g, b := int32(half), int32(half), int32(half)
		in := src[3*first:]
		for _, w := range t.weights[i*t.width:][:t.count[i]] {
			r += w * int32(in[0])
			g += w * int32(in[1])
			b += w * int32(in[2])
			in = in[3:]
		}
		dst[3*i] = clamp8(r >> weightBits)
		dst[3*i+1] = clamp8(g >> weightBits)
		dst[3*i+2] = clamp8(b >> weightBits)
	}
}

// sumRows is the vertical pass of one row: a weighted sum of rows, one after
// the other in src.
func sumRows(dst, src []uint8, weights, sums []int32) {
	n := len(dst)
	sums = sums[:n]
	for i := range sums {
		sums[i] = half
	}
	for _, w := range weights {
		for i, v := range src[:n] {
			sums[i] += w * int32(v)
		}
		src = src[n:]
	}
	for i, s := range sums {
		dst[i] = clamp8(s >> weightBits)
	}
}

func clamp8(v int32) uint8 {
	if uint32(v) <= 255 {
		return uint8(v)
	}
	if v < 0 {
		return 0
	}
	return 255
}
