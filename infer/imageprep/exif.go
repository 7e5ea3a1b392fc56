package imageprep

import (
	"bytes"
	"encoding/binary"
)

// orientationTag is the EXIF tag of the orientation, in the first directory (IFD0).
const orientationTag = 0x0112

// exifPrefix is in front of the TIFF structure in a JPEG. Some programs leave it there
// in other files.
const exifPrefix = "Exif\x00\x00"

// orientationOf is the orientation, 1 to 8, that a file's EXIF says or, where that says
// nothing, its XMP, as in Pillow.
func orientationOf(exif, xmp []byte) int {
	if o, ok := exifOrientation(bytes.TrimPrefix(exif, []byte(exifPrefix))); ok {
		return o
	}
	return xmpOrientation(xmp)
}

// exifOrientation reads the orientation, 1 to 8, from a TIFF structure such as
// the one in a JPEG's APP1 segment. It returns 1 if there is none or the bytes are
// damaged; ok says that there is one. It reads only the first directory, so directories
// that form a loop do no harm. Source: Exif 2.32, 4.6.2 and 4.6.4.
func exifOrientation(b []byte) (orientation int, ok bool) {
	order, at, ok := tiffDirectory(b)
	if !ok {
		return 1, false
	}
	n := int(order.Uint16(b[at:]))
	for entry := b[at+2:]; n > 0 && len(entry) >= tiffEntry; n, entry = n-1, entry[tiffEntry:] {
		if order.Uint16(entry) == orientationTag {
			if v, _ := tiffValue(b, order, entry, 0); 1 <= v && v <= 8 {
				return int(v), true
			}
			return 1, true
		}
	}
	return 1, false
}

// xmpOrientation finds tiff:Orientation="6" or <tiff:Orientation>6 in XMP, without an
// XML parser. It returns 1 if there is none. Source: XMP, part 2, 3.2.
func xmpOrientation(xmp []byte) int {
	for {
		_, after, ok := bytes.Cut(xmp, []byte("tiff:Orientation"))
		if !ok {
			return 1
		}
		for _, mark := range []string{`="`, ">"} {
			value, ok := bytes.CutPrefix(after, []byte(mark))
			if ok && len(value) > 0 && '0' <= value[0] && value[0] <= '9' {
				if '1' <= value[0] && value[0] <= '8' {
					return int(value[0] - '0')
				}
				return 1
			}
		}
		xmp = after
	}
}

// tiffEntry is the size of a directory's entry: tag, type, count, value.
const tiffEntry = 12

// tiffDirectory finds the first directory of a TIFF structure; at least its
// two bytes of count are inside b.
func tiffDirectory(b []byte) (order binary.ByteOrder, at int, ok bool) {
	if len(b) < 8 {
		return nil, 0, false
	}
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return nil, 0, false
	}
	offset := int64(order.Uint32(b[4:]))
	if offset < 8 || offset > int64(len(b)-2) {
		return nil, 0, false
	}
	return order, int(offset), true
}
