package imageprep

import (
	"bytes"
	"fmt"
	"slices"
)

const (
	maxTIFFBlocks  = 1 << 16 // strips or tiles: each costs a decompressor
	minTIFFTile    = 16      // the specification's unit
	maxTIFFSamples = 8       // a pixel
)

func isTIFF(data []byte) bool {
	return bytes.HasPrefix(data, []byte("II*\x00")) || bytes.HasPrefix(data, []byte("MM\x00*"))
}

// tiffPage is the first page of a file.
//
// golang.org/x/image/tiff is not used: it shows the negative of fax data whose zeros
// are black, and has no planes, no samples of 2, 4 or 12 bits, no ink, no alpha beside
// grey, and no order of bits but for fax data.
type tiffPage struct {
	tags        tiffTags
	w, h        int
	samples     int // a pixel
	bits        int // a sample
	photometric int64
	planes      int // 1, or one a sample
	compression int64
	predictor   bool
	backwards   bool // the lowest bit of a byte is the first

	blockW, blockH int // of a strip or tile
	tiled          bool
	across, down   int // strips or tiles of a plane
	alpha          alphaKind
}

func parseTIFF(data []byte) (header, error) {
	tags, err := readTIFFTags(data)
	if err != nil {
		return header{}, err
	}
	w, ht := tags.first(tagWidth, 0), tags.first(tagHeight, 0)
	if err := checkSize("tiff", int(w), int(ht)); err != nil {
		return header{}, err
	}
	p := &tiffPage{tags: tags, w: int(w), h: int(ht)}
	for _, read := range []func() error{p.readSamples, p.readBlocks, p.readCompression,
		p.readColours} {
		if err := read(); err != nil {
			return header{}, err
		}
	}
	h := header{w: p.w, h: p.h, orientation: orientationOf(data, tags.bytes(tagXMP))}
	h.decoded = int64(p.planes) * int64(p.rowBytes(p.w)) * ht
	h.peak = h.decoded + int64(p.rowBytes(p.blockW))*int64(p.blockH)
	h.decode = func() (picture, error) { return p.decode() }
	return h, nil
}

// readSamples reads how a pixel is stored.
func (p *tiffPage) readSamples() error {
	samples, planar := p.tags.first(tagSamples, 1), p.tags.first(tagPlanar, 1)
	if samples < 1 || samples > maxTIFFSamples {
		return unsupported("tiff", fmt.Sprintf("%d samples a pixel", samples))
	}
	if planar != 1 && planar != 2 {
		return damaged("tiff", fmt.Sprintf("planar configuration %d", planar))
	}
	p.samples, p.planes = int(samples), 1
	if planar == 2 {
		p.planes = p.samples
	}
	bits := p.tags.first(tagBits, 1)
	for i := range p.samples {
		if b, ok := p.tags.at(tagBits, i); ok && b != bits {
			return unsupported("tiff", "samples of different numbers of bits")
		}
		if f, ok := p.tags.at(tagSampleFormat, i); ok && f != 1 && f != 4 {
			return unsupported("tiff", tiffSampleFormat(f))
		}
	}
	if !slices.Contains([]int64{1, 2, 4, 8, 10, 12, 14, 16}, bits) {
		return unsupported("tiff", fmt.Sprintf("samples of %d bits", bits))
	}
	p.bits = int(bits)
	p.backwards = p.tags.first(tagFillOrder, 1) == 2
	return nil
}

func tiffSampleFormat(f int64) string {
	switch f {
	case 2:
		return "samples with a sign"
	case 3:
		return "samples of floating point"
	case 5, 6:
		return "samples of complex numbers"
	}
	return fmt.Sprintf("sample format %d", f)
}

// readBlocks reads how the image is cut into strips or tiles.
func (p *tiffPage) readBlocks() error {
	bw, bh := int64(p.w), int64(p.h)
	if width := p.tags.first(tagTileWidth, 0); width != 0 {
		bw, bh = width, p.tags.first(tagTileHeight, 0)
		if bw < minTIFFTile || bh < minTIFFTile || bw > MaxSide || bh > MaxSide ||
			bw*bh > MaxPixels || bw*int64(p.bits)%8 != 0 {
			return damaged("tiff", fmt.Sprintf("tiles of %d x %d", bw, bh))
		}
		p.tiled = true
	} else if rows := p.tags.first(tagRowsPerStrip, 0); rows > 0 {
		bh = min(bh, rows)
	}
	p.blockW, p.blockH = int(bw), int(bh)
	p.across, p.down = (p.w+p.blockW-1)/p.blockW, (p.h+p.blockH-1)/p.blockH
	if n := p.planes * p.across * p.down; n > maxTIFFBlocks {
		return tooLarge("tiff", "%d strips or tiles, at most %d", n, maxTIFFBlocks)
	}
	return nil
}

// rowBytes is the length of a row of so many pixels.
func (p *tiffPage) rowBytes(width int) int {
	return (width*p.samples/p.planes*p.bits + 7) / 8
}
