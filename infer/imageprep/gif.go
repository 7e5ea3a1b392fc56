package imageprep

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/gif"
	"io"
)

func isGIF(data []byte) bool {
	return bytes.HasPrefix(data, []byte("GIF87a")) || bytes.HasPrefix(data, []byte("GIF89a"))
}

// parseGIF reads the logical screen and checks that the first frame is complete. It
// ignores the frames after it. A frame that is partly outside the screen enlarges
// the screen, as in Pillow.
func parseGIF(data []byte) (header, error) {
	if len(data) < 13 {
		return header{}, truncated("gif", "inside the header")
	}
	h := header{
		w: int(binary.LittleEndian.Uint16(data[6:])), h: int(binary.LittleEndian.Uint16(data[8:])),
		orientation: 1,
	}
	// A screen of no size takes that of the frame.
	if err := checkSize("gif", max(h.w, 1), max(h.h, 1)); err != nil {
		return header{}, err
	}
	frame, end, err := gifFirstFrame(data)
	if err != nil {
		return header{}, err
	}
	screen := append([]byte(nil), data[:13]...)
	if frame.X > h.w || frame.Y > h.h {
		h.w, h.h = max(h.w, frame.X), max(h.h, frame.Y)
		if err := checkSize("gif", h.w, h.h); err != nil {
			return header{}, err
		}
		binary.LittleEndian.PutUint16(screen[6:], uint16(h.w))
		binary.LittleEndian.PutUint16(screen[8:], uint16(h.h))
	}
	h.decoded = int64(h.w) * int64(h.h)
	h.peak = 2 * h.decoded // an interlaced frame is copied
	// The frame's bounds are its place on the screen.
	h.decode = func() (picture, error) {
		frame := bytes.NewReader(data[13:end])
		img, err := gif.Decode(io.MultiReader(bytes.NewReader(screen), frame))
		p, err := pictureOf(img, err)
		if err == nil {
			p.around = gifAround(img)
		}
		return p, err
	}
	return h, nil
}

// gifAround is the colour of the screen beside the first frame, as Pillow has it: white
// where the frame has a transparent colour, else the first of its colours, whatever the
// background is said to be. It is nil for white.
func gifAround(img image.Image) *[3]uint8 {
	m, ok := img.(*image.Paletted)
	if !ok || len(m.Palette) == 0 {
		return nil
	}
	for _, c := range m.Palette {
		if _, _, _, a := c.RGBA(); a == 0 {
			return nil
		}
	}
	r, g, b, _ := m.Palette[0].RGBA()
	return &[3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
}

// gifFirstFrame returns the first frame's right and lower edge on the screen, and
// where its data ends. Source: GIF89a, 18 to 26.
func gifFirstFrame(data []byte) (edges image.Point, end int, err error) {
	at := 13 + gifColours(data[10])
	for {
		if at >= len(data) {
			return edges, 0, truncated("gif", "before the first frame")
		}
		switch data[at] {
		case 0x21: // extension: label, then sub-blocks
			at = gifBlocks(data, at+2)
		case 0x2c: // image: descriptor, colours, LZW width, then sub-blocks
			if len(data)-at < 10 {
				return edges, 0, truncated("gif", "inside the first frame")
			}
			d := data[at+1:]
			if binary.LittleEndian.Uint16(d[4:]) == 0 || binary.LittleEndian.Uint16(d[6:]) == 0 {
				return edges, 0, damaged("gif", "the first frame is empty")
			}
			edges.X = int(binary.LittleEndian.Uint16(d)) + int(binary.LittleEndian.Uint16(d[4:]))
			edges.Y = int(binary.LittleEndian.Uint16(d[2:])) + int(binary.LittleEndian.Uint16(d[6:]))
			at = gifBlocks(data, at+11+gifColours(data[at+9]))
			if at < 0 {
				return edges, 0, truncated("gif", "inside the first frame")
			}
			return edges, at, nil
		case 0x3b:
			return edges, 0, damaged("gif", "no frame")
		default:
			return edges, 0, damaged("gif", "unknown block")
		}
		if at < 0 {
			return edges, 0, truncated("gif", "before the first frame")
		}
	}
}

// gifColours is the size in bytes of the colour table that flags announce.
func gifColours(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (1 + flags&7)
}

// gifBlocks skips a chain of sub-blocks and its terminator. It returns -1 if the
// data ends before.
func gifBlocks(data []byte, at int) int {
	for at < len(data) {
		n := int(data[at])
		at += 1 + n
		if n == 0 {
			return at
		}
	}
	return -1
}
