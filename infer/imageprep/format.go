package imageprep

import (
	"fmt"
	"image"
	"path/filepath"
	"strings"
)

// The limits of what is read. An image beyond one of them is refused from its
// header, before anything is allocated for its pixels.
const (
	MaxPixels = 40_000_000 // width times height
	MaxSide   = 16384      // pixels
	MaxFile   = 256 << 20  // bytes of a file
)

// header is what a format's parser learns without decoding, and how to go on.
type header struct {
	w, h        int   // as stored, before orientation
	orientation int   // EXIF, 1 to 8
	peak        int64 // bytes that decoding takes, the file not counted
	decoded     int64 // bytes of the decoded image, which is needed until it is RGB
	decode      func() (picture, error)
}

// total is the most memory at one time, in bytes: the decoder's, or afterwards
// the decoded image's and its RGB copy's.
func (h header) total(file int) int64 {
	return int64(file) + max(h.peak, h.decoded+3*int64(h.w)*int64(h.h))
}

// picture is a decoded image: its place on the canvas of the header's size, the colour
// of the canvas elsewhere, white where it is nil, and its rows as RGB.
type picture struct {
	bounds  image.Rectangle
	around  *[3]uint8
	rows    rowReader
	release func() // called when the rows have been read; may be nil
}

// format reads one kind of file. parse must not allocate in proportion to what
// the bytes claim, and must refuse what would make decode do so.
type format struct {
	name  string
	match func(data []byte) bool
	parse func(data []byte) (header, error)
}

// formats are the formats that are read, the most frequent first.
var formats = [...]format{
	{"jpeg", isJPEG, parseJPEG},
	{"png", isPNG, parsePNG},
	{"webp", isWebP, parseWebP},
	{"gif", isGIF, parseGIF},
	{"tiff", isTIFF, parseTIFF},
	{"bmp", isBMP, parseBMP},
}

func findFormat(data []byte) (format, bool) {
	for _, f := range formats {
		if f.match(data) {
			return f, true
		}
	}
	return format{}, false
}

// ImageName reports whether name has the extension of an image file. The
// extension says what a file is meant to be; decoding looks at its bytes only.
func ImageName(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff":
		return true
	}
	return false
}

// checkSize checks a width and height against the limits. Parsers call it as soon
// as they have read them.
func checkSize(format string, w, h int) error {
	switch {
	case w < 1 || h < 1:
		return damaged(format, fmt.Sprintf("%d x %d pixels", w, h))
	case w > MaxSide || h > MaxSide:
		return tooLarge(format, "%d x %d pixels, at most %d a side", w, h, MaxSide)
	case int64(w)*int64(h) > MaxPixels:
		return tooLarge(format, "%d x %d pixels, at most %d million", w, h, MaxPixels/1_000_000)
	}
	return nil
}
