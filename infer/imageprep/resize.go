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
	if img.W == c.Size && img.H == c.Size {
		return img
	}
	return c.fit(img)
}

// fit is Apply also for an image of c.Size, of which CropShare cuts the border.
func (c Config) fit(img Image) Image {
	across, down := c.window(img.W, img.H)
	if across.identity() && down.identity() && across.n == down.n {
		return img
	}
	stride := 3 * img.W
	return c.resample(func(y int, dst []uint8) { copy(dst, img.Pix[stride*y:]) }, across, down)
}

// resample returns the square whose pixels across and down describe. It reads only the
// rows that they depend on. The horizontal pass comes first, then the vertical one; each
// rounds to 8 bits, as in Pillow.
func (c Config) resample(row rowReader, across, down span) Image {
	var img Image
	if c.Interpolation == Bicubic {
		img = resampleBicubic(row, across, down)
	} else {
		img = bilinear(row, across, down)
	}
	if c.Resize == Letterbox {
		return c.padded(img)
	}
	return img
}

// bilinear returns the pixels that across and down describe, by the triangle filter.
func bilinear(row rowReader, across, down span) Image {
	if vectors {
		return resampleVectors(row, across, down)
	}
	return resampleGo(row, across, down)
}

// padGrey is what Ultralytics fills a letterbox with.
const padGrey = 114

// padded puts an image into the middle of a grey square; of an odd border the smaller
// half is left and above.
func (c Config) padded(img Image) Image {
	if img.W == c.Size && img.H == c.Size {
		return img
	}
	out := newImage(c.Size, c.Size)
	for i := range out.Pix {
		out.Pix[i] = padGrey
	}
	left, top := (c.Size-img.W)/2, (c.Size-img.H)/2
	for y := range img.H {
		copy(out.Pix[3*((top+y)*c.Size+left):], img.Pix[3*img.W*y:3*img.W*(y+1)])
	}
	return out
}

// window returns for each axis of an image of w x h the length that it is resized to,
// and which pixels of that length the result has.
func (c Config) window(w, h int) (across, down span) {
	size := c.Size
	across, down = span{from: w, n: size}, span{from: h, n: size}
	// timm rounds Size/CropShare down.
	shorter := size
	if c.CropShare > 0 {
		shorter = int(float64(size)/c.CropShare + 1e-9)
	}
	// As in torchvision's Resize, a crop's longer side is rounded down.
	switch {
	case c.Resize == Letterbox:
		longer := float64(max(w, h))
		across.to = max(1, int(math.RoundToEven(float64(w)*float64(size)/longer)))
		down.to = max(1, int(math.RoundToEven(float64(h)*float64(size)/longer)))
		across.n, down.n = across.to, down.to
	case c.Resize != Crop:
		across.to, down.to = shorter, shorter
	case w < h:
		across.to, down.to = shorter, shorter*h/w
	default:
		across.to, down.to = shorter*w/h, shorter
	}
	// As in its CenterCrop, the margin is rounded to the nearest even.
	across.at = int(math.RoundToEven(float64(across.to-across.n) / 2))
	down.at = int(math.RoundToEven(float64(down.to-down.n) / 2))
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

// filter is a kernel around half-pixel centres, and how far it reaches.
type filter struct {
	at      func(x float64) float64
	support float64
}

// The filters of Pillow. The cubic has a = -0.5.
var (
	triangle = filter{func(x float64) float64 { return max(1-math.Abs(x), 0) }, 1}
	cubic    = filter{func(x float64) float64 {
		const a = -0.5
		switch x = math.Abs(x); {
		case x < 1:
			return ((a+2)*x-(a+3))*x*x + 1
		case x < 2:
			return (((x-5)*x+8)*x - 4) * a
		}
		return 0
	}, 2}
)

// newTaps are those of the triangle filter.
func newTaps(s span) taps { return triangle.taps(s) }

// taps computes a filter's weights. It is widened by the scale when the image shrinks.
// Weights outside the image are spread over the others. Source: Pillow,
// libImaging/Resample.c, precompute_coeffs; ONNX Resize-18 with antialias. A negative
// weight is stored as its complement of two.
func (f filter) taps(s span) taps {
	scale := float64(s.from) / float64(s.to)
	wider := max(scale, 1)
	reach := f.support * wider
	t := taps{
		first: make([]int32, s.n), count: make([]int32, s.n),
		width: 2*int(math.Ceil(reach)) + 1,
	}
	t.weights = make([]uint32, s.n*t.width)
	w := make([]float64, t.width)
	for i := range s.n {
		centre := (float64(s.at+i) + 0.5) * scale
		lo := max(int(centre-reach+0.5), 0)
		hi := min(int(centre+reach+0.5), s.from)
		total := 0.0
		for k := range hi - lo {
			w[k] = f.at((float64(k+lo) - centre + 0.5) / wider)
			total += w[k]
		}
		for k := range hi - lo {
			fixed := w[k] / total * (1 << weightBits)
			t.weights[i*t.width+k] = uint32(int32(math.Floor(math.Abs(fixed)+0.5) * sign(fixed)))
		}
		t.first[i], t.count[i] = int32(lo), int32(hi-lo)
	}
	return t
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}
