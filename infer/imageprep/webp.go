package imageprep

import (
	"bytes"
	"encoding/binary"
	"image"

	"golang.org/x/image/webp"
)

func isWebP(data []byte) bool {
	return len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP"
}

// webpFile is the picture inside the container: the only one, or the first
// frame of an animation.
type webpFile struct {
	w, h     int // canvas
	x, y     int // place of the frame on it
	fw, fh   int // the frame
	alpha    []byte
	bits     []byte
	lossless bool
	// opaque says that the container announces no transparency. As in Pillow, what there
	// is all the same does not count then, but for a lossless picture that is no frame of
	// an animation; and the canvas beside a frame is black.
	opaque, animated bool
	flags            byte // of the VP8X chunk
	exif, xmp        []byte
}

// Flags of a VP8X chunk. What it does not announce does not count, as in libwebp.
const (
	webpXMP   = 1 << 2
	webpEXIF  = 1 << 3
	webpAlpha = 1 << 4
)

// chunks calls visit for each chunk of b until it returns false.
func chunks(b []byte, visit func(kind string, body []byte) bool) error {
	for len(b) >= 8 {
		n := int64(binary.LittleEndian.Uint32(b[4:]))
		if n > int64(len(b)-8) {
			return truncated("webp", "inside chunk "+oneLine(string(b[:4])))
		}
		if !visit(string(b[:4]), b[8:8+n]) {
			return nil
		}
		b = b[min(8+n+n&1, int64(len(b))):]
	}
	return nil
}

// readWebP walks the chunks. Source: developers.google.com/speed/webp/docs/riff_container.
func readWebP(data []byte) (*webpFile, error) {
	f := new(webpFile)
	var bad error
	size := int64(binary.LittleEndian.Uint32(data[4:]))
	cut := size > int64(len(data)-8)
	body := data[12:min(int64(len(data)), max(size+8, 12))]
	err := chunks(body, func(kind string, b []byte) bool {
		switch {
		case kind == "VP8X" && len(b) >= 10 && f.w == 0:
			f.w, f.h, f.flags = uint24(b[4:])+1, uint24(b[7:])+1, b[0]
			f.opaque = f.flags&webpAlpha == 0
			bad = checkSize("webp", f.w, f.h)
		case kind == "ANMF" && !f.animated && f.bits == nil:
			f.animated = true
			bad = f.frame(b)
		case kind == "EXIF" && f.exif == nil && f.flags&webpEXIF != 0:
			f.exif = b
		case kind == "XMP " && f.xmp == nil && f.flags&webpXMP != 0:
			f.xmp = b
		case !f.animated:
			bad = f.picture(kind, b)
		}
		return bad == nil
	})
	switch {
	case bad != nil:
		return nil, bad
	case err != nil:
		return nil, err
	case cut:
		return nil, truncated("webp", "the file is shorter than it says")
	case f.bits == nil:
		return nil, truncated("webp", "no picture")
	}
	if f.w == 0 {
		f.w, f.h = f.fw, f.fh
	}
	if f.x+f.fw > f.w || f.y+f.fh > f.h || !f.animated && (f.fw != f.w || f.fh != f.h) {
		return nil, damaged("webp", "picture and canvas do not fit")
	}
	if f.opaque {
		f.alpha = nil
	}
	return f, nil
}

// frame reads a frame of an animation.
func (f *webpFile) frame(b []byte) error {
	if len(b) < 16 {
		return truncated("webp", "inside the first frame")
	}
	f.x, f.y = 2*uint24(b), 2*uint24(b[3:])
	var bad error
	err := chunks(b[16:], func(kind string, b []byte) bool {
		bad = f.picture(kind, b)
		return bad == nil
	})
	if bad != nil {
		return bad
	}
	return err
}

// picture reads a chunk with pixels. Only the first one counts.
func (f *webpFile) picture(kind string, b []byte) error {
	if f.bits != nil {
		return nil
	}
	switch kind {
	case "ALPH":
		f.alpha = b
	case "VP8 ": // RFC 6386, 9.1: three bytes, the start code, then two sizes of 14 bits
		if len(b) < 10 {
			return truncated("webp", "inside the picture's header")
		}
		f.fw = int(binary.LittleEndian.Uint16(b[6:])) & 0x3fff
		f.fh = int(binary.LittleEndian.Uint16(b[8:])) & 0x3fff
		f.bits = b
	case "VP8L":
		if len(b) < 5 {
			return truncated("webp", "inside the picture's header")
		}
		v := binary.LittleEndian.Uint32(b[1:])
		f.fw, f.fh = int(v&0x3fff)+1, int(v>>14&0x3fff)+1
		f.bits, f.lossless = b, true
	default:
		return nil
	}
	return checkSize("webp", max(f.fw, 1), max(f.fh, 1))
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func parseWebP(data []byte) (header, error) {
	f, err := readWebP(data)
	if err != nil {
		return header{}, err
	}
	h := header{w: f.w, h: f.h, orientation: orientationOf(f.exif, f.xmp)}
	h.decode = f.decode
	pixels := int64(f.fw+15) * int64(f.fh+15)
	// A lossless image needs its pixels twice, with and without their palette, and
	// Huffman tables in proportion to the file; x/image limits these to 130 MiB.
	tables := min(64*int64(len(data)), 130<<20)
	if f.lossless {
		h.decoded, h.peak = 4*pixels, 8*pixels+tables
		return h, nil
	}
	h.decoded = pixels + pixels/2
	h.peak = h.decoded
	if f.alpha != nil {
		h.decoded += pixels
		h.peak += 9*pixels + tables
	}
	return h, nil
}

// decode decodes the frame with x/image, in a container of its own.
func (f *webpFile) decode() (picture, error) {
	img, err := webp.Decode(bytes.NewReader(f.container()))
	if err != nil {
		return picture{}, err
	}
	if s := img.Bounds().Size(); s != image.Pt(f.fw, f.fh) {
		return picture{}, damaged("webp", "picture of another size than its header")
	}
	p := picture{bounds: image.Rect(f.x, f.y, f.x+f.fw, f.y+f.fh)}
	if f.animated && f.opaque {
		p.around = new([3]uint8)
	}
	switch m := img.(type) {
	case *image.YCbCr:
		p.rows = vp8Rows(&image.NYCbCrA{YCbCr: *m})
	case *image.NYCbCrA:
		p.rows = vp8Rows(m)
	case *image.NRGBA:
		if f.animated && f.opaque {
			for i := 3; i < len(m.Pix); i += 4 {
				m.Pix[i] = 255
			}
		}
		p.rows = rowsOf(m)
	default:
		p.rows = rowsOf(img)
	}
	return p, nil
}

// container returns the frame as a file of its own, without the other chunks and
// without what x/image does not read (animation, a flag for alpha that is absent).
func (f *webpFile) container() []byte {
	out := make([]byte, 12, len(f.bits)+len(f.alpha)+64)
	copy(out, "RIFF....WEBP")
	chunk := func(kind string, body []byte) {
		out = append(out, kind...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(body)))
		out = append(out, body...)
		if len(body)&1 == 1 {
			out = append(out, 0)
		}
	}
	if f.alpha != nil && !f.lossless {
		x := make([]byte, 10)
		x[0] = webpAlpha
		w, h := f.fw-1, f.fh-1
		copy(x[4:], []byte{byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)})
		chunk("VP8X", x)
		chunk("ALPH", f.alpha)
	}
	if f.lossless {
		chunk("VP8L", f.bits)
	} else {
		chunk("VP8 ", f.bits)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}
