package imageprep

import (
	"encoding/binary"
	"fmt"
	"image"
)

// Values of the PhotometricInterpretation tag that are read. Source: TIFF 6.0.
const (
	photometricWhiteIsZero = 0
	photometricBlackIsZero = 1
	photometricRGB         = 2
	photometricPalette     = 3
	photometricInk         = 5 // CMYK
)

// tiffColours are those that are not read.
var tiffColours = map[int64]string{4: "a mask", 6: "YCbCr", 8: "CIELab", 9: "ICCLab",
	10: "ITULab", 32803: "the raw pixels of a camera", 32844: "LogL", 32845: "LogLuv",
	34892: "the raw pixels of a camera"}

// alphaKind is what the sample behind the colours means.
type alphaKind int

const (
	noAlpha alphaKind = iota
	straightAlpha
	premultipliedAlpha
)

func (p *tiffPage) readColours() error {
	p.photometric = p.tags.first(tagPhotometric, photometricWhiteIsZero)
	switch p.photometric {
	case photometricWhiteIsZero, photometricBlackIsZero:
		return p.readAlpha("grey", 1)
	case photometricRGB:
		return p.readAlpha("RGB", 3)
	case photometricPalette:
		if p.bits > 8 {
			return unsupported("tiff", fmt.Sprintf("a palette of %d bits", p.bits))
		}
		if _, ok := p.tags.at(tagColours, 3<<p.bits-1); !ok {
			return damaged("tiff", "the palette is too short")
		}
		return p.readAlpha("palette", 1)
	case photometricInk:
		if set := p.tags.first(tagInkSet, 1); set != 1 {
			return unsupported("tiff", "inks other than cyan, magenta, yellow and black")
		}
		return p.readAlpha("CMYK", 4)
	}
	name, ok := tiffColours[p.photometric]
	if !ok {
		name = fmt.Sprintf("photometric interpretation %d", p.photometric)
	}
	return unsupported("tiff", "colours are "+name)
}

// readAlpha reads what the samples behind the colours are. A fourth sample of RGB
// that the file does not explain is alpha, as in Pillow and libtiff.
func (p *tiffPage) readAlpha(name string, colours int) error {
	if p.samples < colours {
		return damaged("tiff", fmt.Sprintf("%s with %d samples a pixel", name, p.samples))
	}
	if p.samples == colours {
		return nil
	}
	switch kind := p.tags.first(tagExtra, -1); {
	case kind == 0:
	case kind == 1:
		p.alpha = premultipliedAlpha
	case kind == 2, kind == -1 && p.photometric == photometricRGB && p.samples == 4:
		p.alpha = straightAlpha
	default:
		return unsupported("tiff", fmt.Sprintf("%s with %d samples a pixel, not explained",
			name, p.samples))
	}
	if p.alpha != noAlpha && p.photometric == photometricInk {
		return unsupported("tiff", "CMYK with alpha")
	}
	if p.alpha == premultipliedAlpha && p.photometric != photometricRGB &&
		p.photometric != photometricBlackIsZero {
		return unsupported("tiff", name+" that was multiplied by its alpha")
	}
	return nil
}

// picture reads the decoded planes as RGB.
func (p *tiffPage) picture(pix []byte) picture {
	px := &tiffPixels{tiffPage: p, pix: pix, levels: p.levels(),
		line: make([]uint8, p.w*p.samples)}
	return picture{bounds: image.Rect(0, 0, p.w, p.h), rows: px.row}
}

// tiffPixels converts rows.
type tiffPixels struct {
	*tiffPage
	pix    []byte
	line   []uint8       // a row's samples
	levels [256][3]uint8 // the colours of grey or of the palette, by sample
}

// levels are the colours of one sample of a pixel.
func (p *tiffPage) levels() (table [256][3]uint8) {
	if p.photometric == photometricPalette {
		return p.palette()
	}
	for v := range table {
		level := uint8(v)
		if p.photometric == photometricWhiteIsZero {
			level = 255 - level
		}
		table[v] = [3]uint8{level, level, level}
	}
	return table
}

// palette reads the ColorMap tag: all reds, greens and blues, of 16 bits each. A map
// without a value over 255 was written by a program that took them for 8, as libtiff
// assumes too.
func (p *tiffPage) palette() (table [256][3]uint8) {
	n, most := 1<<p.bits, int64(0)
	for i := range 3 * n {
		v, _ := p.tags.at(tagColours, i)
		most = max(most, v)
	}
	for i := range 3 * n {
		v, _ := p.tags.at(tagColours, i)
		if most > 255 {
			v >>= 8
		}
		table[i%n][i/n] = uint8(v)
	}
	return table
}

func (px *tiffPixels) row(y int, dst []uint8) {
	stride := px.rowBytes(px.w)
	if px.bits == 8 && px.planes == 1 && px.samples == 3 { // RGB already
		copy(dst[:stride], px.pix[y*stride:])
		return
	}
	for plane := range px.planes {
		src := px.pix[(plane*px.h+y)*stride:][:stride]
		px.unpack(px.line[plane:], src, px.planes)
	}
	line := px.line
	for len(dst) >= 3 {
		px.pixel(dst, line[:px.samples])
		line, dst = line[px.samples:], dst[3:]
	}
}

// unpack writes a row's samples, of 8 bits each, step apart from each other. Those of
// a palette keep their values; others of fewer bits are scaled, and of more bits the
// upper 8 are taken.
func (px *tiffPixels) unpack(dst []uint8, src []byte, step int) {
	n := px.w * px.samples / px.planes
	high := 0
	if px.tags.order == binary.ByteOrder(binary.LittleEndian) {
		high = 1
	}
	for i := range n {
		var v uint8
		switch px.bits {
		case 8:
			v = src[i]
		case 16:
			v = src[2*i+high]
		case 10, 12, 14:
			at := i * px.bits
			two := uint16(src[at>>3]) << 8
			if at>>3+1 < len(src) {
				two |= uint16(src[at>>3+1])
			}
			v = uint8(two << (at & 7) >> 8)
		default:
			at := i * px.bits
			most := uint8(1)<<px.bits - 1
			v = src[at>>3] >> (8 - px.bits - at&7) & most
			if px.photometric != photometricPalette {
				v *= 255 / most
			}
		}
		dst[i*step] = v
	}
}

// pixel converts a pixel's samples, over white where it is transparent.
func (px *tiffPixels) pixel(dst, s []uint8) {
	colours := 1
	switch px.photometric {
	case photometricRGB:
		colours = 3
		dst[0], dst[1], dst[2] = s[0], s[1], s[2]
	case photometricInk:
		colours = 4
		paper := 255 - s[3]
		for i := range 3 {
			dst[i] = paper - times255(s[i], paper)
		}
	default:
		*(*[3]uint8)(dst) = px.levels[s[0]]
	}
	switch px.alpha {
	case straightAlpha:
		if a := s[colours]; a != 255 {
			for i := range 3 {
				dst[i] = overWhite(dst[i], a)
			}
		}
	case premultipliedAlpha:
		for i := range 3 {
			dst[i] = addClamped(dst[i], 255-s[colours])
		}
	}
}

// times255 is a*b/255, rounded as in Pillow.
func times255(a, b uint8) uint8 { return uint8((uint32(a)*uint32(b) + 127) / 255) }
