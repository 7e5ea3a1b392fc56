package imageprep

import "encoding/binary"

// orientationTag is the EXIF tag of the orientation, in the first directory (IFD0).
const orientationTag = 0x0112

// exifOrientation reads the orientation, 1 to 8, from a TIFF structure such as
// the one in a JPEG's APP1 segment. It returns 1 if there is none or the bytes are
// damaged. It reads only the first directory, so directories that form a loop do no
// harm. Source: Exif 2.32, 4.6.2 and 4.6.4.
func exifOrientation(b []byte) int {
	order, at, ok := tiffDirectory(b)
	if !ok {
		return 1
	}
	n := int(order.Uint16(b[at:]))
	for entry := b[at+2:]; n > 0 && len(entry) >= tiffEntry; n, entry = n-1, entry[tiffEntry:] {
		if order.Uint16(entry) == orientationTag {
			if v, _ := tiffValue(b, order, entry, 0); 1 <= v && v <= 8 {
				return int(v)
			}
			return 1
		}
	}
	return 1
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
