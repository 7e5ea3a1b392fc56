package imageprep

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/image/tiff"
)

// TIFF tags. Source: TIFF 6.0, appendix A.
const (
	tagWidth        = 256
	tagHeight       = 257
	tagBits         = 258
	tagCompression  = 259
	tagPhotometric  = 262
	tagSamples      = 277
	tagRowsPerStrip = 278
	tagPlanar       = 284
	tagTileWidth    = 322
	tagTileHeight   = 323
	tagExtra        = 338
)

const (
	photometricRGB   = 2
	photometricInk   = 5 // CMYK
	tiffUncompressed = 1
	maxTIFFBlocks    = 1 << 16 // strips or tiles: each costs a decompressor
	minTIFFTile      = 16      // the specification's unit
)

func isTIFF(data []byte) bool {
	return bytes.HasPrefix(data, []byte("II*\x00")) || bytes.HasPrefix(data, []byte("MM\x00*"))
}

// tiffTags are the first values of the first directory's integer tags.
type tiffTags map[uint16]int64

func parseTIFF(data []byte) (header, error) {
	tags, err := readTIFFTags(data)
	if err != nil {
		return header{}, err
	}
	w, ht := tags[tagWidth], tags[tagHeight]
	if err := checkSize("tiff", int(w), int(ht)); err != nil {
		return header{}, err
	}
	samples := max(tags[tagSamples], 1)
	if samples > 1 && tags[tagPlanar] == 2 {
		return header{}, unsupported("tiff", "planes apart from each other")
	}
	h := header{w: int(w), h: int(ht), orientation: exifOrientation(data)}
	size := int64(1)
	if samples > 1 {
		size = 4
	}
	if tags[tagBits] == 16 {
		size *= 2
	}
	h.decoded = size * w * ht
	block, err := tiffBlock(tags, w, ht)
	if err != nil {
		return header{}, err
	}
	// A compressed strip or tile is decoded to a buffer that grows by doubling, up to
	// 8 bytes a pixel in x/image. An uncompressed one is copied.
	scratch := 3 * 8 * block
	if tags[tagCompression] <= tiffUncompressed {
		scratch = 3 * min(int64(len(data)), 8*block)
	}
	h.peak = h.decoded + scratch
	h.decode = func() (picture, error) { return pictureOf(tiff.Decode(bytes.NewReader(data))) }
	if tags[tagPhotometric] == photometricInk {
		h.decode = func() (picture, error) { return decodeInkTIFF(data) }
	}
	return h, nil
}

// tiffBlock is the pixels of a strip or tile.
func tiffBlock(tags tiffTags, w, h int64) (int64, error) {
	bw, bh := w, h
	if tags[tagTileWidth] != 0 {
		bw, bh = tags[tagTileWidth], tags[tagTileHeight]
		if bw < minTIFFTile || bh < minTIFFTile || bw > MaxSide || bh > MaxSide {
			return 0, damaged("tiff", fmt.Sprintf("tiles of %d x %d", bw, bh))
		}
	} else if rows := tags[tagRowsPerStrip]; rows > 0 {
		bh = min(bh, rows)
	}
	if n := ((w + bw - 1) / bw) * ((h + bh - 1) / bh); n > maxTIFFBlocks {
		return 0, tooLarge("tiff", "%d strips or tiles, at most %d", n, maxTIFFBlocks)
	}
	return bw * bh, nil
}

// readTIFFTags reads the first directory.
func readTIFFTags(data []byte) (tiffTags, error) {
	order, at, ok := tiffDirectory(data)
	if !ok {
		return nil, truncated("tiff", "no directory")
	}
	n := int(order.Uint16(data[at:]))
	entries := data[at+2:]
	if len(entries) < n*tiffEntry {
		return nil, truncated("tiff", "inside the directory")
	}
	tags := tiffTags{}
	for ; n > 0; n, entries = n-1, entries[tiffEntry:] {
		tags[order.Uint16(entries)] = tiffValue(data, order, entries)
	}
	return tags, nil
}

// tiffValue is the first value of an entry, or 0 if it is absent or not an integer.
func tiffValue(data []byte, order binary.ByteOrder, entry []byte) int64 {
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
	value := entry[8:12]
	if size*count > 4 {
		at := int64(order.Uint32(entry[8:]))
		if at+size > int64(len(data)) {
			return 0
		}
		value = data[at:]
	}
	switch {
	case count == 0:
		return 0
	case size == 1:
		return int64(value[0])
	case size == 2:
		return int64(order.Uint16(value))
	case size == 4:
		return int64(order.Uint32(value))
	}
	return 0
}
