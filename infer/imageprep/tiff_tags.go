package imageprep

import "encoding/binary"

// TIFF tags. Source: TIFF 6.0, appendix A.
const (
	tagWidth        = 256
	tagHeight       = 257
	tagBits         = 258
	tagCompression  = 259
	tagPhotometric  = 262
	tagFillOrder    = 266
	tagStrips       = 273
	tagSamples      = 277
	tagRowsPerStrip = 278
	tagStripBytes   = 279
	tagPlanar       = 284
	tagT4Options    = 292
	tagPredictor    = 317
	tagColours      = 320
	tagTileWidth    = 322
	tagTileHeight   = 323
	tagTiles        = 324
	tagTileBytes    = 325
	tagInkSet       = 332
	tagExtra        = 338
	tagSampleFormat = 339
	tagXMP          = 700
)

// tiffTags are the entries of the first directory, by tag.
type tiffTags struct {
	data    []byte
	order   binary.ByteOrder
	entries map[uint16][]byte
}

// readTIFFTags reads the first directory.
func readTIFFTags(data []byte) (tiffTags, error) {
	order, at, ok := tiffDirectory(data)
	if !ok {
		return tiffTags{}, truncated("tiff", "no directory")
	}
	n := int(order.Uint16(data[at:]))
	entries := data[at+2:]
	if len(entries) < n*tiffEntry {
		return tiffTags{}, truncated("tiff", "inside the directory")
	}
	t := tiffTags{data: data, order: order, entries: map[uint16][]byte{}}
	for ; n > 0; n, entries = n-1, entries[tiffEntry:] {
		tag := order.Uint16(entries)
		if tagWidth <= tag && tag <= tagSampleFormat || tag == tagXMP {
			t.entries[tag] = entries[:tiffEntry]
		}
	}
	return t, nil
}

// first is the first value of a tag, or otherwise if it is absent or not an integer.
func (t tiffTags) first(tag uint16, otherwise int64) int64 {
	if v, ok := t.at(tag, 0); ok {
		return v
	}
	return otherwise
}

// at is the i-th value of a tag.
func (t tiffTags) at(tag uint16, i int) (value int64, ok bool) {
	e, ok := t.entries[tag]
	if !ok {
		return 0, false
	}
	return tiffValue(t.data, t.order, e, i)
}

// bytes are those of a tag of more than four bytes, or nil.
func (t tiffTags) bytes(tag uint16) []byte {
	e, ok := t.entries[tag]
	if !ok {
		return nil
	}
	kind, n := t.order.Uint16(e[2:]), int64(t.order.Uint32(e[4:]))
	if kind != 1 && kind != 7 {
		return nil
	}
	b := t.data[min(int64(t.order.Uint32(e[8:])), int64(len(t.data))):]
	return b[:min(n, int64(len(b)))]
}

// tiffValue is the i-th value of an entry, unless it is absent or not an integer.
func tiffValue(data []byte, order binary.ByteOrder, entry []byte, i int) (value int64, ok bool) {
	kind, count := order.Uint16(entry[2:]), int64(order.Uint32(entry[4:]))
	size := int64(0)
	switch kind {
	case 1:
		size = 1
	case 3, 8: // and signed, which some cameras write
		size = 2
	case 4, 9:
		size = 4
	}
	if size == 0 || int64(i) >= count {
		return 0, false
	}
	values := entry[8:12]
	if size*count > 4 {
		values = data[min(int64(order.Uint32(entry[8:])), int64(len(data))):]
	}
	if int64(len(values)) < size*int64(i+1) {
		return 0, false
	}
	values = values[size*int64(i):]
	switch size {
	case 1:
		return int64(values[0]), true
	case 2:
		return int64(order.Uint16(values)), true
	}
	return int64(order.Uint32(values)), true
}
