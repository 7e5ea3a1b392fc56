package imageprep

import "math"

// Part is a rectangle of an image, in shares of its width and height from the left and
// the top. It may reach beyond the image, under 0 or over 1.
type Part struct{ Left, Top, Right, Bottom float64 }

// Seen is the part of an image of w x h that the square of [Config.Apply] shows.
func (c Config) Seen(w, h int) Part {
	if c.Size < 1 {
		c.Size = 1 // of any size, for what is not cut
	}
	across, down := c.window(w, h)
	if c.Resize == Letterbox { // the grey borders are beyond the image
		across.at, down.at = -(c.Size-across.n)/2, -(c.Size-down.n)/2
		across.n, down.n = c.Size, c.Size
	}
	return Part{
		Left: across.share(across.at), Right: across.share(across.at + across.n),
		Top: down.share(down.at), Bottom: down.share(down.at + down.n),
	}
}

// share is the place of a resized pixel, in shares of the image.
func (s span) share(at int) float64 { return float64(at) / float64(s.to) }

// Fit decodes an image like [Decoder.Decode] and, where its longer side has more than
// most pixels, makes it so small. Its aspect ratio is kept, to a pixel.
func (d *Decoder) Fit(src Source, most int) (img Image, err error) {
	err = d.read(src, func(data []byte) error {
		return d.decode(data, func(p picture, h header) error {
			across, down := fitted(h.w, most, max(h.w, h.h)), fitted(h.h, most, max(h.w, h.h))
			if h.orientation == 1 && !across.identity() {
				img = bilinear(p.rows, across, down)
				return nil
			}
			img = toRGB(p, h)
			if h.orientation > 4 {
				across, down = down, across
			}
			if across.identity() {
				return nil
			}
			stride, whole := 3*img.W, img
			img = bilinear(func(y int, dst []uint8) { copy(dst, whole.Pix[stride*y:]) }, across, down)
			return nil
		})
	})
	return img, err
}

// fitted is the axis of a side of so many pixels in an image whose longest side becomes
// most.
func fitted(side, most, longest int) span {
	to := side
	if longest > most {
		to = max(1, int(math.Round(float64(side)*float64(most)/float64(longest))))
	}
	return span{from: side, to: to, n: to}
}
