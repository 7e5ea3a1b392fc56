package imageprep

import (
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
)

// Files that no library writes: with false headers, or with few bytes and as many
// pixels as the limits allow.

func be16(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
func be32(v int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }
func le16(v int) []byte { return binary.LittleEndian.AppendUint16(nil, uint16(v)) }
func le32(v int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }

func join(parts ...any) []byte {
	var out []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			out = append(out, p...)
		case []byte:
			out = append(out, p...)
		case int:
			out = append(out, byte(p))
		}
	}
	return out
}

// deflated is n zero bytes, compressed.
func deflated(n int64) []byte {
	var b bytes.Buffer
	w, _ := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	io.CopyN(w, zeros{}, n)
	w.Close()
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func pngChunk(kind string, body []byte) []byte {
	sum := crc32.ChecksumIEEE(join(kind, body))
	return join(be32(len(body)), kind, body, be32(int(sum)))
}

// makePNG has the pixels idat. They are black if idat is deflated zeros.
func makePNG(w, h, depth, colour, interlace int, idat []byte, more ...[]byte) []byte {
	return join(pngMagic, pngChunk("IHDR", join(be32(w), be32(h), depth, colour, 0, 0, interlace)),
		bytes.Join(more, nil), pngChunk("IDAT", idat), pngChunk("IEND", nil))
}

func jpegSegment(marker int, body []byte) []byte {
	return join(0xff, marker, be16(len(body)+2), body)
}

// makeJPEG is grey all over. Its Huffman codes have one bit, and every bit is 0: no
// difference from the block before, then the end of the block. sampling has a byte a
// component, scans the rest before the end marker.
func makeJPEG(sof, w, h int, sampling []byte, scans ...[]byte) []byte {
	frame := join(8, be16(h), be16(w), len(sampling))
	for i, hv := range sampling {
		frame = append(frame, byte(i+1), hv, 0)
	}
	oneCode := join(1, make([]byte, 15), 0)
	return join("\xff\xd8", jpegSegment(0xdb, join(0, bytes.Repeat([]byte{1}, 64))),
		jpegSegment(sof, frame),
		jpegSegment(0xc4, join(0x00, oneCode, 0x10, oneCode)), bytes.Join(scans, nil), "\xff\xd9")
}

// jpegScan is a scan of components in so many bits, all zero.
func jpegScan(components []byte, first, last, bits int) []byte {
	head := []byte{byte(len(components))}
	for _, c := range components {
		head = append(head, c, 0)
	}
	return join(jpegSegment(0xda, append(head, byte(first), byte(last), 0)), make([]byte, bits/8+1))
}

// makeGIF is a screen with one frame of one colour.
func makeGIF(w, h, fw, fh int, blocks []byte) []byte {
	return join("GIF89a", le16(w), le16(h), 0x80, 0, 0, make([]byte, 6),
		0x2c, le16(0), le16(0), le16(fw), le16(fh), 0, 2, blocks, 0x3b)
}

// lzwBlocks are n pixels of the first colour, as a GIF has them after its width.
func lzwBlocks(n int) []byte {
	var b bytes.Buffer
	w := lzw.NewWriter(&b, lzw.LSB, 2)
	io.CopyN(w, zeros{}, int64(n))
	w.Close()
	var out []byte
	for c := range slices.Chunk(b.Bytes(), 255) {
		out = join(out, len(c), c)
	}
	return join(out, 0)
}

// makeTIFF has the given entries, of type LONG, and its data at byte 8.
func makeTIFF(data []byte, entries ...[2]int) []byte {
	pad := make([]byte, len(data)&1)
	ifd := le16(len(entries))
	for _, e := range entries {
		ifd = join(ifd, le16(e[0]), le16(4), le32(1), le32(e[1]))
	}
	return join("II*\x00", le32(8+len(data)+len(pad)), data, pad, ifd, le32(0))
}

// makeBMP is a header of 24 bits a pixel, then data.
func makeBMP(w, h int, data []byte) []byte {
	return join("BM", le32(54+len(data)), le32(0), le32(54), le32(40), le32(w), le32(h),
		le16(1), le16(24), make([]byte, 24), data)
}

func riff(chunks ...[]byte) []byte {
	body := bytes.Join(chunks, nil)
	return join("RIFF", le32(len(body)+4), "WEBP", body)
}

func riffChunk(kind string, body []byte) []byte {
	return join(kind, le32(len(body)), body, make([]byte, len(body)&1))
}

// makeVP8L is a lossless picture of one colour, in no bits at all: every Huffman
// tree has a single symbol.
func makeVP8L(w, h int) []byte {
	bits := uint64(0)
	n := 0
	put := func(v uint64, width int) { bits |= v << n; n += width }
	put(0, 1) // no transform
	put(0, 1) // no colour cache
	put(0, 1) // one group of trees
	for range 5 {
		put(1, 1) // simple tree
		put(0, 1) // of one symbol
		put(0, 1) // of one bit
		put(0, 1) // which is 0
	}
	head := uint32(w-1) | uint32(h-1)<<14
	return riffChunk("VP8L", join(0x2f, le32(int(head)),
		binary.LittleEndian.AppendUint64(nil, bits), make([]byte, 8)))
}

func compressed(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}
