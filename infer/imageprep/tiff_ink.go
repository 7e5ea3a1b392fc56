package imageprep

import (
	"cmp"
	"encoding/binary"
	"image"
	"io"
	"slices"

	"golang.org/x/image/tiff"
)

// decodeInkTIFF reads a CMYK image. x/image does not, so it gets the same bytes with
// a directory that says RGB with a fourth channel.
func decodeInkTIFF(data []byte) (picture, error) {
	order, at, _ := tiffDirectory(data)
	r := &redirected{data: data}
	copy(r.head[:], data)
	order.PutUint32(r.head[4:], inkDirectoryAt)
	r.tail = inkDirectory(data[at:], order)
	img, err := tiff.Decode(io.NewSectionReader(r, 0, inkDirectoryAt+int64(len(r.tail))))
	if err != nil {
		return picture{}, err
	}
	p := picture{bounds: img.Bounds()}
	switch m := img.(type) {
	case *image.NRGBA:
		p.rows = inkRows(m.Pix, m.Stride, 1)
	case *image.NRGBA64:
		p.rows = inkRows(m.Pix, m.Stride, 2)
	default:
		return picture{}, unsupported("tiff", "inks other than four")
	}
	return p, nil
}

// inkDirectory copies a directory that is inside b, with another photometric
// interpretation and the fourth channel called alpha.
func inkDirectory(b []byte, order binary.ByteOrder) []byte {
	n := int(order.Uint16(b))
	var entries [][]byte
	for e := range slices.Chunk(b[2:2+n*tiffEntry], tiffEntry) {
		if tag := order.Uint16(e); tag != tagExtra && tag != tagPhotometric {
			entries = append(entries, e)
		}
	}
	for tag, value := range map[uint16]uint16{tagPhotometric: photometricRGB, tagExtra: 2} {
		e := make([]byte, tiffEntry)
		order.PutUint16(e, tag)
		order.PutUint16(e[2:], 3) // SHORT
		order.PutUint32(e[4:], 1)
		order.PutUint16(e[8:], value)
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b []byte) int {
		return cmp.Compare(order.Uint16(a), order.Uint16(b))
	})
	out := make([]byte, 2, 2+len(entries)*tiffEntry)
	order.PutUint16(out, uint16(len(entries)))
	for _, e := range entries {
		out = append(out, e...)
	}
	return out
}

// inkDirectoryAt is past the end of any file that is read. If the pixels are cut
// off, the decoder does not read the directory in their place.
const inkDirectoryAt = 1 << 31

// redirected is a file with its first 8 bytes replaced and a directory far behind it.
type redirected struct {
	data []byte
	head [8]byte
	tail []byte
}

func (r *redirected) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(r.head)) {
		n = copy(p, r.head[off:])
	}
	rest, at := r.data, off+int64(n)
	if at >= inkDirectoryAt {
		rest, at = r.tail, at-inkDirectoryAt
	}
	if at < int64(len(rest)) {
		n += copy(p[n:], rest[at:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// inkRows converts cyan, magenta, yellow and black ink on white paper, rounded as in
// Pillow.
func inkRows(pix []uint8, stride, size int) rowReader {
	return func(y int, dst []uint8) {
		src := pix[y*stride:]
		for len(dst) >= 3 {
			paper := 255 - src[3*size]
			for i := range 3 {
				dst[i] = paper - times255(src[i*size], paper)
			}
			src, dst = src[4*size:], dst[3:]
		}
	}
}

// times255 is a*b/255, rounded.
func times255(a, b uint8) uint8 { return uint8((uint32(a)*uint32(b) + 127) / 255) }
