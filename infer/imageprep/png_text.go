package imageprep

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
)

// pngText is what programs that do not know the eXIf chunk write of EXIF and XMP into
// text: ImageMagick 6 writes "Raw profile type exif", Adobe's write "XML:com.adobe.xmp".
type pngText struct {
	exif, xmp pngTextChunk
}

// pngTextChunk is a chunk of text, behind its keyword.
type pngTextChunk struct {
	kind string
	body []byte
}

// maxPNGText bounds the text that is decompressed, in bytes. An orientation is near its
// beginning.
const maxPNGText = 1 << 20

// read reads a chunk of text, of which the last of each sort counts, as in Pillow.
func (t *pngText) read(kind string, body []byte) {
	keyword, rest, ok := bytes.Cut(body, []byte{0})
	switch {
	case !ok:
	case string(keyword) == "Raw profile type exif":
		t.exif = pngTextChunk{kind, rest}
	case string(keyword) == "XML:com.adobe.xmp":
		t.xmp = pngTextChunk{kind, rest}
	}
}

// text is nil if the chunk is damaged. Source: PNG specification, 11.3.3.
func (c pngTextChunk) text() []byte {
	rest, compressed := c.body, c.kind == "zTXt"
	if c.kind == "iTXt" {
		if len(rest) < 2 {
			return nil
		}
		compressed = rest[0] == 1
		_, rest, _ = bytes.Cut(rest[2:], []byte{0}) // the language
		_, rest, _ = bytes.Cut(rest, []byte{0})     // the keyword in that language
	}
	if compressed {
		return inflatedText(rest, c.kind)
	}
	return rest
}

// inflatedText is nil if the text is damaged. The method is in front of a zTXt's text.
func inflatedText(b []byte, kind string) []byte {
	if kind == "zTXt" && len(b) > 0 {
		b = b[1:]
	}
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(r, maxPNGText))
	if err != nil {
		return nil
	}
	return text
}

// rawProfile decodes an empty line, a name, a length and lines of hexadecimal digits.
func rawProfile(text []byte) []byte {
	for range 3 {
		_, text, _ = bytes.Cut(text, []byte{'\n'})
	}
	digits := bytes.Join(bytes.Fields(text[:min(len(text), maxPNGText)]), nil)
	out := make([]byte, len(digits)/2)
	n, _ := hex.Decode(out, digits) // up to a damaged one
	return out[:n]
}
