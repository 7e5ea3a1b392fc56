package jpeg

import (
	"bytes"
	"encoding/binary"
)

// Markers. Source: T.81, table B.1.
const (
	sof0  = 0xc0
	sof2  = 0xc2
	dht   = 0xc4
	jpg   = 0xc8
	dac   = 0xcc
	sof15 = 0xcf
	rst0  = 0xd0
	rst7  = 0xd7
	soi   = 0xd8
	eoi   = 0xd9
	sos   = 0xda
	dqt   = 0xdb
	dri   = 0xdd
	sof55 = 0xf7 // of JPEG-LS, T.87
	app0  = 0xe0
	app1  = 0xe1
	app14 = 0xee
)

// walk calls visit for each segment up to EOI: its marker, its body, and for SOS
// the entropy-coded data that follows it. It skips bytes between segments, as
// libjpeg does. A file is complete if EOI follows the last segment: the EOI of a
// thumbnail is inside a segment, and bytes after the EOI are ignored.
func walk(data []byte, visit func(marker byte, body, entropy []byte) error) error {
	if len(data) < 2 || data[0] != 0xff || data[1] != soi {
		return FormatError("no start marker")
	}
	for at := 2; ; {
		marker, next := nextMarker(data, at)
		if next < 0 {
			return TruncatedError("no end marker")
		}
		if at = next; marker == eoi {
			return nil
		}
		if rst0 <= marker && marker <= rst7 || marker == 1 {
			continue
		}
		if len(data)-at < 2 {
			return TruncatedError("no end marker")
		}
		n := int(binary.BigEndian.Uint16(data[at:]))
		if n < 2 {
			return FormatError("a segment of no length")
		}
		if len(data)-at < n {
			return TruncatedError("inside a segment")
		}
		body := data[at+2 : at+n]
		at += n
		var entropy []byte
		if marker == sos {
			end := scanEnd(data, at)
			entropy, at = data[at:end], end
		}
		if err := visit(marker, body, entropy); err != nil {
			return err
		}
	}
}

// nextMarker finds the first marker at or after at, and where it ends. next is
// negative if there is none.
func nextMarker(data []byte, at int) (marker byte, next int) {
	for {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 {
			return 0, -1
		}
		for at += i + 1; at < len(data) && data[at] == 0xff; {
			at++
		}
		if at == len(data) {
			return 0, -1
		}
		if at++; data[at-1] != 0 {
			return data[at-1], at
		}
	}
}

// scanEnd returns where the entropy-coded data that begins at at ends: before the
// next marker other than a restart.
func scanEnd(data []byte, at int) int {
	for {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 || at+i+1 >= len(data) {
			return len(data)
		}
		switch m := data[at+i+1]; {
		case m == 0xff:
			at += i + 1
		case m == 0 || rst0 <= m && m <= rst7:
			at += i + 2
		default:
			return at + i
		}
	}
}

// coding is the name of what a frame marker other than those of baseline and progressive
// Huffman coding says. Source: T.81, table B.1.
func coding(marker byte) string {
	name := "hierarchical coding"
	switch marker {
	case 0xc3:
		name = "lossless coding"
	case 0xc9, 0xca:
		name = "arithmetic coding"
	case 0xcb:
		name = "lossless arithmetic coding"
	}
	return name
}
