package imageprep

import (
	"bytes"
	"encoding/binary"
	"image/png"
)

const pngMagic = "\x89PNG\r\n\x1a\n"

func isPNG(data []byte) bool { return bytes.HasPrefix(data, []byte(pngMagic)) }

// parsePNG walks the chunks up to IEND. Source: PNG specification, 5.3 and 11.
func parsePNG(data []byte) (header, error) {
	var h header
	var exif []byte
	var text pngText
	var depth, colour, interlaced byte
	transparent, ended := false, false
	for rest := data[len(pngMagic):]; !ended; {
		if len(rest) < 12 {
			return header{}, truncated("png", "no end chunk")
		}
		n := int64(binary.BigEndian.Uint32(rest))
		kind := string(rest[4:8])
		if kind == "IHDR" && n == 13 && len(rest) >= 25 {
			w, ht := binary.BigEndian.Uint32(rest[8:]), binary.BigEndian.Uint32(rest[12:])
			if err := checkSize("png", int(w), int(ht)); err != nil {
				return header{}, err
			}
			h.w, h.h = int(w), int(ht)
			depth, colour, interlaced = rest[16], rest[17], rest[20]
		} else if kind == "CgBI" {
			return header{}, &Error{Kind: ErrUnsupported, Detail: "png: Apple's own kind, of apps for iOS",
				remedy: "convert it on macOS: xcrun pngcrush -revert-iphone-optimizations IN.png OUT.png"}
		} else if h.w == 0 {
			return header{}, damaged("png", "does not begin with IHDR")
		}
		if n > int64(len(rest)-12) {
			return header{}, truncated("png", "inside chunk "+oneLine(kind))
		}
		switch kind {
		case "tRNS":
			transparent = true
		case "eXIf":
			exif = rest[8 : 8+n]
		case "tEXt", "zTXt", "iTXt":
			text.read(kind, rest[8:8+n])
		case "IEND":
			ended = true
		}
		rest = rest[12+n:]
	}
	if exif == nil {
		exif = rawProfile(text.exif.text())
	}
	h.orientation = orientationOf(exif, text.xmp.text())
	h.decoded = int64(h.w) * int64(h.h) * pngPixelSize(depth, colour, transparent)
	h.peak = h.decoded
	if interlaced != 0 {
		h.peak += h.decoded // the seven passes are images too
	}
	h.decode = func() (picture, error) { return pictureOf(png.Decode(bytes.NewReader(data))) }
	return h, nil
}

// pngPixelSize is the size in bytes of a pixel in the image that image/png returns.
func pngPixelSize(depth, colour byte, transparent bool) int64 {
	size := int64(4)
	switch {
	case colour == 3, colour == 0 && !transparent:
		size = 1
	}
	if depth == 16 {
		size *= 2
	}
	return size
}
