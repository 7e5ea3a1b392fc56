package imageprep

import (
	"bytes"
	"image/color"

	"golang.org/x/image/bmp"
)

// isBMP checks that the two reserved words are zero too: text may begin with "BM".
func isBMP(data []byte) bool {
	return len(data) >= 10 && string(data[:2]) == "BM" && string(data[6:10]) == "\x00\x00\x00\x00"
}

func parseBMP(data []byte) (header, error) {
	c, err := bmp.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return header{}, err
	}
	if err := checkSize("bmp", c.Width, c.Height); err != nil {
		return header{}, err
	}
	h := header{w: c.Width, h: c.Height, orientation: 1}
	h.decoded = 4 * int64(h.w) * int64(h.h)
	if _, palette := c.ColorModel.(color.Palette); palette {
		h.decoded /= 4
	}
	h.peak = h.decoded
	h.decode = func() (picture, error) { return pictureOf(bmp.Decode(bytes.NewReader(data))) }
	return h, nil
}
