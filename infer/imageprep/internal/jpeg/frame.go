package jpeg

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Frame is an image that has been parsed but not decoded: what its segments say.
type Frame struct {
	W, H        int
	progressive bool
	components  int    // 1, 3 or 4
	EXIF        []byte // the TIFF structure of the first EXIF segment, or nil
	XMP         []byte // of the last segment with XMP, or nil
	// Visits is how many times the scans go over a block of 8x8 samples. The time
	// that decoding takes is proportional to it.
	Visits int64

	data  []byte
	scans int  // scans seen so far
	split bool // the first scan does not have all components
	comps [4]component
	mcuX  int // units across, each of h times v blocks of every component
	mcuY  int
	maxH  int
	maxV  int
	space space
}

// space is how the components make a colour.
type space int

const (
	grey space = iota
	ycc
	rgb
	cmyk // inverted, as Adobe writes it and therefore everybody
	ycck
)

type component struct {
	id        byte
	quantizer byte
	h, v      int
	w, rows   int // samples that belong to the image
	bw, bh    int // blocks, including those that fill up the last units
	scanned   bool
	exact     uint64 // by zig-zag order: the coefficients whose last bit a scan brings
}

// smoothed are the coefficients, by zig-zag order, without which libjpeg guesses at a
// progressive image from the means around each block. Source: libjpeg-turbo, jdcoefct.c,
// smoothing_ok.
const smoothed = 1<<10 - 2

// Parse reads the segments of data up to the end marker, and fails if there is
// no end marker or if a component has no data. It calls check as soon as the size
// is known.
func Parse(data []byte, check func(w, h int) error) (*Frame, error) {
	f := &Frame{data: data}
	adobe, jfif := -1, false
	err := walk(data, func(marker byte, body, _ []byte) error {
		switch {
		case marker == sos:
			return f.countScan(body)
		case marker == sof55:
			return UnsupportedError("JPEG-LS")
		case sof0 <= marker && marker <= sof15 && marker != dht && marker != jpg && marker != dac:
			if err := f.readFrame(marker, body); err != nil {
				return err
			}
			return check(f.W, f.H)
		case marker == app1 && f.scans == 0:
			f.readApp1(body)
		case marker == app0 && bytes.HasPrefix(body, []byte("JFIF\x00")):
			jfif = true
		case marker == app14 && len(body) >= 12 && string(body[:5]) == "Adobe":
			adobe = int(body[11])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if f.components == 0 {
		return nil, FormatError("no frame header")
	}
	for _, c := range f.comps[:f.components] {
		if !c.scanned {
			return nil, TruncatedError("a colour has no data")
		}
		if c.exact&smoothed != smoothed {
			// A scan of a baseline image brings them all.
			return nil, TruncatedError("a progressive image without its last scans")
		}
	}
	f.space = f.colours(adobe, jfif)
	return f, nil
}

// readApp1 keeps EXIF and XMP. Those behind a scan do not count, as in Pillow.
func (f *Frame) readApp1(body []byte) {
	if f.EXIF == nil && len(body) > 6 && string(body[:5]) == "Exif\x00" {
		f.EXIF = body[6:]
	}
	if xmp, ok := bytes.CutPrefix(body, []byte("http://ns.adobe.com/xap/1.0/\x00")); ok {
		f.XMP = xmp
	}
}

// colours chooses as libjpeg does, adobe being the transform that its segment
// names, or -1. Source: jdapimin.c, default_decompress_parms.
func (f *Frame) colours(adobe int, jfif bool) space {
	switch f.components {
	case 1:
		return grey
	case 4:
		if adobe > 0 {
			return ycck
		}
		return cmyk
	}
	c := f.comps[:3]
	switch {
	case jfif:
		return ycc
	case adobe == 0:
		return rgb
	case adobe < 0 && c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B':
		return rgb
	}
	return ycc
}

// readFrame reads an SOF segment. Source: T.81, B.2.2.
func (f *Frame) readFrame(marker byte, b []byte) error {
	switch {
	case marker > sof2:
		return UnsupportedError(coding(marker))
	case f.components != 0:
		return FormatError("two frame headers")
	case len(b) < 6 || len(b) != 6+3*int(b[5]):
		return FormatError("a frame header of the wrong length")
	case b[0] != 8:
		return UnsupportedError(fmt.Sprintf("%d bits a sample", b[0]))
	case b[5] != 1 && b[5] != 3 && b[5] != 4:
		return UnsupportedError(fmt.Sprintf("%d components", b[5]))
	}
	f.progressive = marker == sof2
	f.H, f.W = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if f.H == 0 || f.W == 0 {
		return UnsupportedError(fmt.Sprintf("%d x %d pixels", f.W, f.H))
	}
	n := int(b[5])
	for i := range n {
		c := component{id: b[6+3*i], h: int(b[7+3*i] >> 4), v: int(b[7+3*i] & 15), quantizer: b[8+3*i]}
		if n == 1 { // its scans are not interleaved, whatever the factors (T.81, A.2.2)
			c.h, c.v = 1, 1
		}
		if c.h < 1 || c.h > maxSampling || c.v < 1 || c.v > maxSampling || c.quantizer >= maxTables {
			return FormatError("sampling factors or quantization table out of range")
		}
		for _, other := range f.comps[:i] {
			if other.id == c.id {
				return FormatError("two components of one name")
			}
		}
		f.comps[i] = c
		f.maxH, f.maxV = max(f.maxH, c.h), max(f.maxV, c.v)
	}
	f.components = n
	return f.layOut()
}

// layOut computes the sizes of the components in samples and blocks.
func (f *Frame) layOut() error {
	f.mcuX = ceilDiv(f.W, blockSide*f.maxH)
	f.mcuY = ceilDiv(f.H, blockSide*f.maxV)
	for i := range f.comps[:f.components] {
		c := &f.comps[i]
		if f.maxH%c.h != 0 || f.maxV%c.v != 0 {
			return UnsupportedError("fractional sampling")
		}
		c.w, c.rows = ceilDiv(f.W*c.h, f.maxH), ceilDiv(f.H*c.v, f.maxV)
		c.bw, c.bh = f.mcuX*c.h, f.mcuY*c.v
	}
	return nil
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// countScan records which components a scan begins, and how many blocks it visits.
func (f *Frame) countScan(body []byte) error {
	s, err := f.readScan(body)
	if err != nil {
		return err
	}
	if f.scans++; f.scans == 1 {
		f.split = len(s.comps) < f.components
	}
	for _, c := range s.comps {
		f.Visits += int64(c.bw) * int64(c.bh)
		if s.first == 0 && s.high == 0 {
			c.scanned = true
		}
		for k := s.first; k <= s.last; k++ {
			c.exact |= 1 << k
			if s.low > 0 {
				c.exact &^= 1 << k
			}
		}
	}
	return nil
}

// scan is an SOS segment's header.
type scan struct {
	comps       []*component
	dc, ac      [4]byte // tables, by the place in comps
	first, last int     // band of coefficients, in zig-zag order
	high, low   uint    // successive approximation: bits known before and after
}

// readScan reads an SOS segment. Source: T.81, B.2.3 and G.1.1.1.
func (f *Frame) readScan(b []byte) (*scan, error) {
	if f.components == 0 {
		return nil, FormatError("a scan before the frame header")
	}
	if len(b) < 1 || b[0] < 1 || int(b[0]) > f.components || len(b) != 4+2*int(b[0]) {
		return nil, FormatError("a scan header of the wrong length")
	}
	n, s, blocks := int(b[0]), &scan{last: blockLen - 1}, 0
	for i := range n {
		id, tables := b[1+2*i], b[2+2*i]
		c := f.component(id)
		if c == nil || tables>>4 >= maxTables || tables&15 >= maxTables {
			return nil, FormatError("a scan of an unknown component or table")
		}
		for _, other := range s.comps {
			if other == c {
				return nil, FormatError("a component twice in a scan")
			}
		}
		s.comps = append(s.comps, c)
		s.dc[i], s.ac[i] = tables>>4, tables&15
		blocks += c.h * c.v
	}
	if n > 1 && blocks > 10 {
		return nil, FormatError("more than 10 blocks in a unit")
	}
	if !f.progressive {
		return s, nil
	}
	tail := b[1+2*n:]
	s.first, s.last = int(tail[0]), int(tail[1])
	s.high, s.low = uint(tail[2]>>4), uint(tail[2]&15)
	switch {
	case s.first > s.last || s.last >= blockLen,
		s.first == 0 && s.last != 0,
		s.first > 0 && n != 1:
		return nil, FormatError("a scan of an impossible band")
	case s.low > 13, s.high != 0 && s.high != s.low+1:
		return nil, FormatError("a scan of impossible bits")
	}
	return s, nil
}

func (f *Frame) component(id byte) *component {
	for i := range f.comps[:f.components] {
		if f.comps[i].id == id {
			return &f.comps[i]
		}
	}
	return nil
}

// Memory returns the largest number of bytes that [Frame.Decode] holds at a time,
// and how many of them belong to the [Picture] it returns.
func (f *Frame) Memory() (peak, picture int64) {
	picture = f.blocks() * blockLen
	peak = picture + int64(len(f.data)) // a scan's bytes are copied, without their stuffing
	if f.progressive {
		peak += f.blocks() * coefficientsBytes
	}
	return turboMemory(f, peak, picture)
}

// coefficientsBytes is the size of a block's coefficients.
const coefficientsBytes = 2 * blockLen

// blocks is the number of blocks of all components.
func (f *Frame) blocks() (n int64) {
	for _, c := range f.comps[:f.components] {
		n += int64(c.bw) * int64(c.bh)
	}
	return n
}
