package imageprep

import (
	"image"
	"image/color"
)

// rowReader writes row y of an image, counted from its top, as RGB over white.
// The caller reads rows from top to bottom, so a reader may reuse the work for the
// row before.
type rowReader func(y int, dst []uint8)

// canvas returns p's rows on a canvas of h's size.
func (p picture) canvas(h header) rowReader {
	b, row := p.bounds, p.rows
	if b == image.Rect(0, 0, h.w, h.h) {
		return row
	}
	colour := [3]uint8{255, 255, 255}
	if p.around != nil {
		colour = *p.around
	}
	return func(y int, dst []uint8) {
		for x := range h.w {
			copy(dst[3*x:], colour[:])
		}
		if b.Min.Y <= y && y < b.Max.Y {
			row(y-b.Min.Y, dst[3*b.Min.X:3*b.Max.X])
		}
	}
}

// toRGB returns the canvas as an upright image.
func toRGB(p picture, h header) Image {
	row := p.rows
	if h.orientation < 5 {
		out := newImage(h.w, h.h)
		for y := range h.h {
			to := y
			if h.orientation == 3 || h.orientation == 4 {
				to = h.h - 1 - y
			}
			line := out.Pix[3*h.w*to : 3*h.w*(to+1)]
			row(y, line)
			if h.orientation == 2 || h.orientation == 3 {
				mirror(line)
			}
		}
		return out
	}
	return transposed(row, h)
}

// mirror reverses the pixels of a row.
func mirror(line []uint8) {
	for i, j := 0, len(line)-3; i < j; i, j = i+3, j-3 {
		line[i], line[j] = line[j], line[i]
		line[i+1], line[j+1] = line[j+1], line[i+1]
		line[i+2], line[j+2] = line[j+2], line[i+2]
	}
}

// transposed is toRGB for orientations 5 to 8, where rows become columns. It does
// eight rows at a time, to write to one cache line several times in a row.
func transposed(row rowReader, h header) Image {
	const strip = 8
	out := newImage(h.h, h.w)
	down := h.orientation == 5 || h.orientation == 6  // the row's left end goes to the top
	right := h.orientation == 5 || h.orientation == 8 // the first row goes to the left
	lines := make([]uint8, strip*3*h.w)
	for y0 := 0; y0 < h.h; y0 += strip {
		n := min(strip, h.h-y0)
		for i := range n {
			row(y0+i, lines[3*h.w*i:3*h.w*(i+1)])
		}
		for x := range h.w {
			to := x
			if !down {
				to = h.w - 1 - x
			}
			for i := range n {
				at := y0 + i
				if !right {
					at = h.h - 1 - at
				}
				copy(out.Pix[3*(to*h.h+at):][:3], lines[3*(i*h.w+x):][:3])
			}
		}
	}
	return out
}

// pictureOf is the picture of a decoder that makes an [image.Image].
func pictureOf(img image.Image, err error) (picture, error) {
	if err != nil {
		return picture{}, err
	}
	return picture{bounds: img.Bounds(), rows: rowsOf(img)}, nil
}

// rowsOf reads the types that the decoders return. Each has a loop of its own:
// the general one through color.Color is twenty times slower.
func rowsOf(src image.Image) rowReader {
	switch m := src.(type) {
	case *image.Gray:
		return grayRows(m.Pix, m.Stride, 1, m.Rect.Dx())
	case *image.Gray16:
		return grayRows(m.Pix, m.Stride, 2, m.Rect.Dx())
	case *image.RGBA:
		return premultipliedRows(m.Pix, m.Stride, 1)
	case *image.RGBA64:
		return premultipliedRows(m.Pix, m.Stride, 2)
	case *image.NRGBA:
		return straightRows(m.Pix, m.Stride, 1)
	case *image.NRGBA64:
		return straightRows(m.Pix, m.Stride, 2)
	case *image.Paletted:
		return palettedRows(m)
	}
	return genericRows(src)
}

// grayRows reads samples of size bytes, the most significant first.
func grayRows(pix []uint8, stride, size, w int) rowReader {
	return func(y int, dst []uint8) {
		src := pix[y*stride:][:w*size]
		for i := 0; i < len(src) && len(dst) >= 3; i, dst = i+size, dst[3:] {
			v := src[i]
			dst[0], dst[1], dst[2] = v, v, v
		}
	}
}

// premultipliedRows reads red, green, blue times alpha, then alpha.
func premultipliedRows(pix []uint8, stride, size int) rowReader {
	return func(y int, dst []uint8) {
		src := pix[y*stride:]
		for len(dst) >= 3 {
			white := 255 - src[3*size]
			dst[0] = addClamped(src[0], white)
			dst[1] = addClamped(src[size], white)
			dst[2] = addClamped(src[2*size], white)
			src, dst = src[4*size:], dst[3:]
		}
	}
}

// addClamped adds without overflow. A damaged file may have a colour that is
// brighter than its alpha allows.
func addClamped(a, b uint8) uint8 { return uint8(min(int(a)+int(b), 255)) }

// straightRows reads red, green, blue and alpha.
func straightRows(pix []uint8, stride, size int) rowReader {
	return func(y int, dst []uint8) {
		src := pix[y*stride:]
		for len(dst) >= 3 {
			if a := src[3*size]; a == 255 {
				dst[0], dst[1], dst[2] = src[0], src[size], src[2*size]
			} else {
				dst[0] = overWhite(src[0], a)
				dst[1] = overWhite(src[size], a)
				dst[2] = overWhite(src[2*size], a)
			}
			src, dst = src[4*size:], dst[3:]
		}
	}
}

// overWhite is c*a + 255*(1-a), rounded, for alpha a of 255.
func overWhite(c, a uint8) uint8 {
	return uint8((uint32(c)*uint32(a) + 255*uint32(255-a) + 127) / 255)
}

// palettedRows lays the colours of the palette over white once.
func palettedRows(m *image.Paletted) rowReader {
	var table [256][3]uint8
	for i, c := range m.Palette[:min(len(m.Palette), 256)] {
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		table[i] = [3]uint8{overWhite(n.R, n.A), overWhite(n.G, n.A), overWhite(n.B, n.A)}
	}
	w := m.Rect.Dx()
	return func(y int, dst []uint8) {
		for _, p := range m.Pix[y*m.Stride:][:w] {
			c := &table[p]
			dst[0], dst[1], dst[2] = c[0], c[1], c[2]
			dst = dst[3:]
		}
	}
}

// genericRows reads every other type of image.
func genericRows(src image.Image) rowReader {
	b := src.Bounds()
	return func(y int, dst []uint8) {
		for x := range b.Dx() {
			c := color.NRGBAModel.Convert(src.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
			dst[3*x], dst[3*x+1], dst[3*x+2] = overWhite(c.R, c.A), overWhite(c.G, c.A), overWhite(c.B, c.A)
		}
	}
}
