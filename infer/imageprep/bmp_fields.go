package imageprep

import (
	"encoding/binary"
	"fmt"
	"io"
)

// pixel is a pixel of 16 or 32 bits.
func (f *bmpFile) pixel(row []byte, x int) uint32 {
	if f.bits == 16 {
		return uint32(binary.LittleEndian.Uint16(row[2*x:]))
	}
	return binary.LittleEndian.Uint32(row[4*x:])
}

// of is the field of a pixel, scaled to 8 bits as in Pillow.
func (b bmpField) of(pixel uint32) uint8 {
	v := pixel >> b.shift & b.most
	if b.most == 255 {
		return uint8(v)
	}
	return uint8(uint64(v) * 255 / uint64(b.most))
}

func (f *bmpFile) fieldsRow(y int, dst []uint8) {
	row := f.row(y)
	for x := range f.w {
		pixel := f.pixel(row, x)
		for i := range 3 {
			dst[3*x+i] = f.fields[i].of(pixel)
		}
		if f.fields[3].most == 0 {
			continue
		}
		if a := f.fields[3].of(pixel); a != 255 {
			for i := range 3 {
				dst[3*x+i] = overWhite(dst[3*x+i], a)
			}
		}
	}
}

// invisible reports that the alpha of every pixel is zero.
func (f *bmpFile) invisible() bool {
	alpha := f.fields[3]
	for y := range f.h {
		row := f.row(y)
		for x := range f.w {
			if f.pixel(row, x)>>alpha.shift&alpha.most != 0 {
				return false
			}
		}
	}
	return true
}

// runs decodes run lengths to indices of the palette, from the lowest row. Pixels that
// are passed over keep the first colour. Source: Microsoft, Bitmap Compression.
func (f *bmpFile) runs(indices []uint8) error {
	data, x, y := f.pixels, 0, 0
	for y < f.h {
		if len(data) < 2 {
			return io.ErrUnexpectedEOF
		}
		n, v := int(data[0]), data[1]
		data = data[2:]
		switch {
		case n > 0:
			if err := f.put(indices, x, y, n, func(i int) uint8 { return f.half(v, i) }); err != nil {
				return err
			}
			x += n
		case v == 0:
			x, y = 0, y+1
		case v == 1:
			return nil
		case v == 2:
			if len(data) < 2 {
				return io.ErrUnexpectedEOF
			}
			x, y = x+int(data[0]), y+int(data[1])
			data = data[2:]
		default:
			n = int(v)
			size := n
			if f.bits == 4 {
				size = (n + 1) / 2
			}
			if len(data) < size {
				return io.ErrUnexpectedEOF
			}
			err := f.put(indices, x, y, n, func(i int) uint8 {
				return f.half(data[i*f.bits/8], i)
			})
			if err != nil {
				return err
			}
			x += n
			data = data[min(size+size&1, len(data)):]
		}
	}
	return nil
}

// half is the i-th pixel of a byte of two, or a byte of one.
func (f *bmpFile) half(v uint8, i int) uint8 {
	switch {
	case f.bits == 8:
		return v
	case i&1 == 0:
		return v >> 4
	}
	return v & 15
}

// put writes n pixels of a row. What is past its end is left out, as in Windows.
func (f *bmpFile) put(indices []uint8, x, y, n int, colour func(i int) uint8) error {
	for i := range min(n, f.w-x) {
		v := colour(i)
		if int(v) >= f.colours {
			return damaged("bmp", fmt.Sprintf("colour %d of %d", v, f.colours))
		}
		indices[y*f.w+x+i] = v
	}
	return nil
}
