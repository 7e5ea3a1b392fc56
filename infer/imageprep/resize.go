package imageprep

import "math"

// Apply returns img as a square of c.Size; c must be valid. The pixels are exactly
// those of Image.resize(BILINEAR) of Pillow 9 to 12; Pillow 13 changed the order of
// the passes, so that a byte of an enlarged image may differ by one. If img has that
// size already, Apply returns img itself.
func (c Config) Apply(img Image) Image {
	if img.W < 1 || img.H < 1 {
		return newImage(c.Size, c.Size)
	}
	across, down := c.window(img.W, img.H)
	if across.identity() && down.identity() {
		return img
	}
	stride := 3 * img.W
	return resample(func(y int, dst []uint8) { copy(dst, img.Pix[stride*y:]) }, across, down)
}

// resample returns the pixels that across and down describe. It reads only the rows
// that they depend on. The horizontal pass comes first, then the vertical one; each
// rounds to 8 bits, as in Pillow.
func resample(row rowReader, across, down span) Image {
	if vectors {
		return resampleVectors(row, across, down)
	}
	return resampleGo(row, across, down)
}

// window returns for each axis of an image of w x h the length that it is resized
// to, and where in that length the Size pixels of the result begin.
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

// span is one axis of a resize: from pixels become to pixels, and the result is the n
// pixels of these that begin at at.
type span struct{ from, to, at, n int }

func (s span) identity() bool { return s.from == s.to && s.n == s.to }

// weightBits is the number of fraction bits of a weight. Of 32 bits it leaves 8 for
// the pixel, one for the sign and one for the sum. Source: Pillow, Resample.c.
const weightBits = 32 - 8 - 2

// taps are the weights of an axis: output i is the sum of weights[i*width+k]
// times input first[i]+k, for k under count[i].
type taps struct {
	first, count []int32
	weights      []uint32
	width        int
}

// newTaps computes the triangle filter around half-pixel centres. It is widened by
// the scale when the image shrinks. Weights outside the image are spread over the
// others. Source: Pillow, libImaging/Resample.c, precompute_coeffs;
// ONNX Resize-18 with antialias.
func newTaps(s span) taps {
	scale := float64(s.from) / float64(s.to)
	filter := max(scale, 1)
	t := taps{
		first: make([]int32, s.n), count: make([]int32, s.n),
		width: 2*int(math.Ceil(filter)) + 1,
	}
	t.weights = make([]uint32, s.n*t.width)
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
			t.weights[i*t.width+k] = uint32(math.Floor(w[k]/total*(1<<weightBits) + 0.5))
		}
		t.first[i], t.count[i] = int32(lo), int32(hi-lo)
	}
	return t
}
