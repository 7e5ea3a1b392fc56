package imageprep

import (
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"math/bits"
	"slices"
)

// isBMP checks that the two reserved words are zero too: text may begin with "BM".
func isBMP(data []byte) bool {
	return len(data) >= 10 && string(data[:2]) == "BM" && string(data[6:10]) == "\x00\x00\x00\x00"
}

// Values of the compression field. Source: Microsoft, BITMAPV5HEADER.
const (
	bmpRGB       = 0
	bmpRLE8      = 1
	bmpRLE4      = 2
	bmpFields    = 3
	bmpJPEG      = 4
	bmpPNG       = 5
	bmpAllFields = 6
)

const (
	bmpFileHeader = 14
	bmpOldHeader  = 12 // OS/2's, with sizes of 16 bits and a palette of three bytes
	bmpInfoHeader = 40
	bmpOS2Header  = 64 // OS/2's second one, with two compressions of its own
)

// bmpFile is what the headers say.
//
// golang.org/x/image/bmp is not used: it has no pixels of 16 bits, no bit fields, no
// run lengths, no OS/2 header and no gap before the pixels, and takes for alpha what
// Pillow and Windows take for padding.
type bmpFile struct {
	data        []byte // the file
	w, h        int
	topDown     bool
	bits        int // a pixel
	compression uint32
	pixels      []byte // from the first pixel on
	palette     [256][3]uint8
	colours     int // of the palette
	fields      [4]bmpField
}

// bmpField is where a channel is in a pixel: red, green, blue or alpha.
type bmpField struct {
	shift int
	most  uint32 // 0 if there is no such channel
}

func parseBMP(data []byte) (header, error) {
	if len(data) < bmpFileHeader+bmpOldHeader {
		return header{}, truncated("bmp", "inside the header")
	}
	f := &bmpFile{data: data}
	size := int64(binary.LittleEndian.Uint32(data[bmpFileHeader:]))
	if size != bmpOldHeader && (size < bmpInfoHeader || size > 124) {
		return header{}, unsupported("bmp", fmt.Sprintf("a header of %d bytes", size))
	}
	if int64(len(data)) < bmpFileHeader+size {
		return header{}, truncated("bmp", "inside the header")
	}
	colours := f.readHeader(data[bmpFileHeader:][:size])
	if err := checkSize("bmp", f.w, f.h); err != nil {
		return header{}, err
	}
	if err := f.readPixelKind(int(size), colours); err != nil {
		return header{}, err
	}
	h := header{w: f.w, h: f.h, orientation: 1, decode: f.decode}
	if f.compression == bmpRLE4 || f.compression == bmpRLE8 {
		h.decoded = int64(f.w) * int64(f.h)
		h.peak = h.decoded
	}
	return h, nil
}

// readHeader returns how many colours the palette has, 0 for as many as the bits allow.
func (f *bmpFile) readHeader(b []byte) (colours uint32) {
	le := binary.LittleEndian
	if len(b) == bmpOldHeader {
		f.w, f.h = int(le.Uint16(b[4:])), int(le.Uint16(b[6:]))
		f.bits = int(le.Uint16(b[10:]))
		return 0
	}
	f.w, f.h = int(int32(le.Uint32(b[4:]))), int(int32(le.Uint32(b[8:])))
	if f.h < 0 {
		f.h, f.topDown = -f.h, true
	}
	f.bits, f.compression = int(le.Uint16(b[14:])), le.Uint32(b[16:])
	return le.Uint32(b[32:])
}

// readPixelKind reads the palette or the bit fields, and finds the pixels.
func (f *bmpFile) readPixelKind(size int, colours uint32) error {
	wanted := map[uint32][]int{bmpRGB: {1, 2, 4, 8, 16, 24, 32}, bmpRLE8: {8}, bmpRLE4: {4},
		bmpFields: {16, 32}, bmpAllFields: {16, 32}}
	switch {
	case size == bmpOS2Header && f.compression == bmpFields && f.bits == 1:
		return unsupported("bmp", "compressed with OS/2's Huffman codes")
	case size == bmpOS2Header && f.compression == bmpJPEG:
		return unsupported("bmp", "compressed with OS/2's run lengths of 24 bits")
	}
	switch f.compression {
	case bmpJPEG:
		return unsupported("bmp", "compressed with JPEG")
	case bmpPNG:
		return unsupported("bmp", "compressed with PNG")
	}
	if !slices.Contains(wanted[f.compression], f.bits) {
		return unsupported("bmp",
			fmt.Sprintf("compression %d of %d bits a pixel", f.compression, f.bits))
	}
	if f.topDown && (f.compression == bmpRLE8 || f.compression == bmpRLE4) {
		return damaged("bmp", "run lengths from the top down")
	}
	offset := int64(binary.LittleEndian.Uint32(f.data[10:]))
	if offset > int64(len(f.data)) {
		return truncated("bmp", "before the pixels")
	}
	f.pixels = f.data[offset:]
	if f.bits <= 8 {
		return f.readPalette(f.data[bmpFileHeader+size:max(offset, int64(bmpFileHeader+size))],
			size, colours)
	}
	return f.readFields(size)
}

// readPalette reads the colours between the header and the pixels.
func (f *bmpFile) readPalette(b []byte, size int, colours uint32) error {
	entry := 4
	if size == bmpOldHeader {
		entry = 3
	}
	f.colours = min(1<<f.bits, len(b)/entry)
	if colours > 0 {
		f.colours = min(f.colours, int(min(colours, 256)))
	}
	if f.colours == 0 {
		return damaged("bmp", "no palette")
	}
	for i := range f.colours {
		f.palette[i] = [3]uint8{b[entry*i+2], b[entry*i+1], b[entry*i]}
	}
	return nil
}

// readFields reads where the channels of a pixel are: the masks are part of the header,
// or behind one of 40 bytes.
func (f *bmpFile) readFields(size int) error {
	masks := [4]uint32{0xff0000, 0xff00, 0xff, 0}
	if f.bits == 16 {
		masks = [4]uint32{0x7c00, 0x3e0, 0x1f, 0}
	}
	if f.compression != bmpRGB {
		n := 3
		if size >= 56 || f.compression == bmpAllFields {
			n = 4
		}
		at := bmpFileHeader + bmpInfoHeader
		if len(f.data) < at+4*n {
			return truncated("bmp", "inside the bit fields")
		}
		for i := range n {
			masks[i] = binary.LittleEndian.Uint32(f.data[at+4*i:])
		}
	}
	for i, mask := range masks {
		shift := bits.TrailingZeros32(mask) & 31
		most := mask >> shift
		if most&(most+1) != 0 || f.bits == 16 && mask > 0xffff || i < 3 && mask == 0 {
			return damaged("bmp", fmt.Sprintf("bit field %#x", mask))
		}
		f.fields[i] = bmpField{shift: shift, most: most}
	}
	return nil
}

// stride is the length of a row, which is a multiple of four bytes.
func (f *bmpFile) stride() int { return (f.w*f.bits + 31) / 32 * 4 }

func (f *bmpFile) decode() (picture, error) {
	p := picture{bounds: image.Rect(0, 0, f.w, f.h)}
	if f.compression == bmpRLE4 || f.compression == bmpRLE8 {
		indices := make([]uint8, f.w*f.h)
		if err := f.runs(indices); err != nil {
			return picture{}, err
		}
		p.rows = func(y int, dst []uint8) {
			for i, v := range indices[(f.h-1-y)*f.w:][:f.w] {
				*(*[3]uint8)(dst[3*i:]) = f.palette[v]
			}
		}
		return p, nil
	}
	if len(f.pixels) < f.stride()*f.h {
		return picture{}, io.ErrUnexpectedEOF
	}
	if f.bits <= 8 {
		p.rows = f.palettedRow
		return p, f.checkIndices()
	}
	if f.fields[3].most != 0 && f.invisible() {
		f.fields[3].most = 0 // a program left it zero: nothing would be seen
	}
	p.rows = f.fieldsRow
	if f.bits == 24 {
		p.rows = f.bytesRow
	}
	return p, nil
}

// row is a row's bytes, counted from the top.
func (f *bmpFile) row(y int) []byte {
	if !f.topDown {
		y = f.h - 1 - y
	}
	return f.pixels[y*f.stride():][:(f.w*f.bits+7)/8]
}

// index is a pixel of a row of a palette.
func (f *bmpFile) index(row []byte, x int) uint8 {
	at := x * f.bits
	return row[at>>3] >> (8 - f.bits - at&7) & uint8(1<<f.bits-1)
}

func (f *bmpFile) checkIndices() error {
	if f.colours == 1<<f.bits {
		return nil
	}
	for y := range f.h {
		row := f.row(y)
		for x := range f.w {
			if i := f.index(row, x); int(i) >= f.colours {
				return damaged("bmp", fmt.Sprintf("colour %d of %d", i, f.colours))
			}
		}
	}
	return nil
}

func (f *bmpFile) palettedRow(y int, dst []uint8) {
	row := f.row(y)
	for x := range f.w {
		*(*[3]uint8)(dst[3*x:]) = f.palette[f.index(row, x)]
	}
}

func (f *bmpFile) bytesRow(y int, dst []uint8) {
	for row := f.row(y); len(row) >= 3; row, dst = row[3:], dst[3:] {
		dst[0], dst[1], dst[2] = row[2], row[1], row[0]
	}
}
