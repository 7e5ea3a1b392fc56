package jpeg

import (
	"encoding/binary"
	"sync"
)

// Picture is a decoded image; [Picture.Rows] reads it.
type Picture struct {
	frame  *Frame
	planes [4]plane // samples of each component, if the decoder in Go made them
	rgb    []uint8  // the image as RGB, if libjpeg-turbo decoded it
}

// Release makes p's memory available to the next picture. The caller must not use p
// afterwards.
func (p *Picture) Release() {
	rgb := p.rgb
	if p.rgb = nil; rgb != nil && len(rgb) <= pooled {
		pixels.Put(&rgb)
	}
}

// pixels holds the memory of released pictures of ordinary size. Reusing it saves
// most of the garbage that decoding a folder of photographs would make.
var pixels sync.Pool

const pooled = 16 << 20 // bytes of the largest picture in pixels

// plane holds a component's samples, whole blocks of them.
type plane struct {
	pix    []uint8
	stride int
}

// decoder is the state between segments.
type decoder struct {
	*Frame
	pic      *Picture
	quants   [maxTables]*[blockLen]uint16 // by zig-zag order
	used     [4]*[blockLen]uint16         // by component: the table at its first scan
	dc, ac   [maxTables]huffman
	interval int // units between restarts, 0 for none
	coeffs   [4][]int16
	bits     bitReader
}

// Decode decodes the frame that Parse read. A build with the tag libjpeg uses
// libjpeg-turbo, unless that reports an error or a warning; the pixels are the
// same.
func (f *Frame) Decode() (*Picture, error) {
	if rgb, ok := f.decodeTurbo(); ok {
		return &Picture{frame: f, rgb: rgb}, nil
	}
	return f.decode()
}

// decode decodes without libjpeg-turbo.
func (f *Frame) decode() (*Picture, error) {
	d := &decoder{Frame: f, pic: &Picture{frame: f}}
	for i, c := range f.comps[:f.components] {
		d.pic.planes[i] = plane{make([]uint8, c.bw*c.bh*blockLen), c.bw * blockSide}
		if f.progressive {
			d.coeffs[i] = make([]int16, c.bw*c.bh*blockLen)
		}
	}
	if err := walk(f.data, d.segment); err != nil {
		return nil, err
	}
	if f.progressive {
		d.reconstruct()
	}
	return d.pic, nil
}

func (d *decoder) segment(marker byte, body, entropy []byte) error {
	switch marker {
	case dqt:
		return d.readQuants(body)
	case dht:
		return d.readHuffman(body)
	case dri:
		if len(body) != 2 {
			return FormatError("a restart interval of the wrong length")
		}
		d.interval = int(binary.BigEndian.Uint16(body))
	case sos:
		s, err := d.readScan(body)
		if err != nil {
			return err
		}
		return d.decodeScan(s, entropy)
	}
	return nil
}

// readQuants reads a DQT segment. Source: T.81, B.2.4.1.
func (d *decoder) readQuants(b []byte) error {
	for len(b) > 0 {
		wide, id := int(b[0]>>4), b[0]&15
		n := blockLen * (1 + wide)
		if wide > 1 || id >= maxTables || len(b) < 1+n {
			return FormatError("a bad quantization table")
		}
		q := new([blockLen]uint16)
		for k := range q {
			if wide == 1 {
				q[k] = binary.BigEndian.Uint16(b[1+2*k:])
				continue
			}
			q[k] = uint16(b[1+k])
		}
		d.quants[id] = q
		b = b[1+n:]
	}
	return nil
}

func (d *decoder) readHuffman(b []byte) (err error) {
	for len(b) > 0 {
		class, id := b[0]>>4, b[0]&15
		if class > 1 || id >= maxTables {
			return FormatError("a Huffman table of an unknown number")
		}
		table := &d.dc[id]
		if class == 1 {
			table = &d.ac[id]
		}
		if b, err = table.define(b[1:]); err != nil {
			return err
		}
		for _, s := range table.symbols {
			if class == 0 && s > 15 {
				return FormatError("a Huffman table of impossible sizes")
			}
		}
	}
	return nil
}

// index is the position of c in the frame.
func (f *Frame) index(c *component) int {
	for i := range f.comps {
		if &f.comps[i] == c {
			return i
		}
	}
	panic("jpeg: a component of another frame")
}
