package imageprep

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"golang.org/x/image/tiff/lzw"

	"github.com/flowerctl/flowerctl/infer/imageprep/internal/fax"
)

// Values of the Compression tag. Source: TIFF 6.0, sections 3 to 11.
const (
	tiffUncompressed = 1
	tiffHuffman      = 2
	tiffGroup3       = 3
	tiffGroup4       = 4
	tiffLZW          = 5
	tiffDeflate      = 8
	tiffOldDeflate   = 32946
	tiffPackBits     = 32773
)

// tiffNames are the compressions that are not read.
var tiffNames = map[int64]string{6: "JPEG, the old kind", 7: "JPEG", 9: "JBIG", 10: "JBIG",
	32771: "modified Huffman in words", 32809: "ThunderScan", 34661: "JBIG", 34712: "JPEG 2000",
	34887: "LERC", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL",
	52546: "JPEG XL"}

func (p *tiffPage) readCompression() error {
	p.compression = p.tags.first(tagCompression, tiffUncompressed)
	if p.compression == 0 {
		p.compression = tiffUncompressed
	}
	switch p.compression {
	case tiffUncompressed, tiffPackBits:
		return nil
	case tiffHuffman, tiffGroup3, tiffGroup4:
		if p.bits != 1 || p.samples != p.planes {
			return damaged("tiff", "fax compression of more than one bit a pixel")
		}
		return nil
	case tiffLZW, tiffDeflate, tiffOldDeflate:
		return p.readPredictor()
	}
	name, ok := tiffNames[p.compression]
	if !ok {
		name = fmt.Sprintf("method %d", p.compression)
	}
	return unsupported("tiff", "compressed with "+name)
}

// readPredictor reads whether samples are differences from those on their left. The
// tag means nothing with other compressions.
func (p *tiffPage) readPredictor() error {
	switch predictor := p.tags.first(tagPredictor, 1); {
	case predictor == 2 && (p.bits == 8 || p.bits == 16):
		p.predictor = true
	case predictor > 1:
		return unsupported("tiff", fmt.Sprintf("predictor %d of samples of %d bits",
			predictor, p.bits))
	}
	return nil
}

// decode reads the planes, each of them rows of rowBytes.
func (p *tiffPage) decode() (picture, error) {
	if err := p.checkBytes(); err != nil {
		return picture{}, err
	}
	stride, width := p.rowBytes(p.w), p.rowBytes(p.blockW)
	pix := make([]byte, p.planes*p.h*stride)
	var tile []byte
	if p.tiled {
		tile = make([]byte, width*p.blockH)
	}
	for i := range p.planes * p.down {
		y := i % p.down * p.blockH
		rows := min(p.blockH, p.h-y)
		to := pix[(i/p.down*p.h+y)*stride:][:rows*stride]
		if !p.tiled {
			if err := p.block(to, p.w, i); err != nil {
				return picture{}, err
			}
			continue
		}
		for k := range p.across {
			if err := p.block(tile, p.blockW, i*p.across+k); err != nil {
				return picture{}, err
			}
			for row := range rows {
				copy(to[row*stride+k*width:(row+1)*stride], tile[row*width:(row+1)*width])
			}
		}
	}
	return p.picture(pix), nil
}

// checkBytes bounds the time that strips or tiles take: those that a program wrote do
// not overlap.
func (p *tiffPage) checkBytes() error {
	const least = 64 << 20
	sum := int64(0)
	for i := range p.planes * p.across * p.down {
		b, err := p.blockBytes(i)
		if err != nil {
			return err
		}
		sum += int64(len(b))
	}
	if sum > 4*int64(len(p.tags.data))+least {
		return damaged("tiff", "strips or tiles overlap")
	}
	return nil
}

// blockBytes are the bytes of a strip or tile. One without a count, or with a count of
// nothing, goes on to the end of the file.
func (p *tiffPage) blockBytes(i int) ([]byte, error) {
	at, count := uint16(tagStrips), uint16(tagStripBytes)
	if p.tiled {
		if _, ok := p.tags.at(tagTiles, i); ok {
			at, count = tagTiles, tagTileBytes
		}
	}
	offset, ok := p.tags.at(at, i)
	if !ok {
		return nil, damaged("tiff", fmt.Sprintf("no strip or tile %d", i+1))
	}
	b := p.tags.data[min(offset, int64(len(p.tags.data))):]
	n, _ := p.tags.at(count, i)
	if n > int64(len(b)) || len(b) == 0 {
		return nil, truncated("tiff", fmt.Sprintf("strip or tile %d is outside the file", i+1))
	}
	if n > 0 {
		b = b[:n]
	}
	return b, nil
}

// block decompresses a strip or tile of rows of so many pixels.
func (p *tiffPage) block(dst []byte, width, i int) error {
	data, err := p.blockBytes(i)
	if err != nil {
		return err
	}
	if p.backwards && p.compression != tiffUncompressed {
		data = slices.Clone(data)
		reverseBits(data)
	}
	if err := p.decompress(dst, data, width); err != nil {
		return err
	}
	if p.backwards && p.compression == tiffUncompressed {
		reverseBits(dst)
	}
	if p.predictor {
		p.addLeft(dst, p.rowBytes(width))
	}
	return nil
}

func (p *tiffPage) decompress(dst, data []byte, width int) (err error) {
	var r io.Reader = bytes.NewReader(data)
	switch p.compression {
	case tiffHuffman:
		return faxError(fax.Decode(dst, data, width, fax.Huffman))
	case tiffGroup3:
		coding := fax.Group3
		if p.tags.first(tagT4Options, 0)&1 != 0 {
			coding = fax.Group3Rows
		}
		return faxError(fax.Decode(dst, data, width, coding))
	case tiffGroup4:
		return faxError(fax.Decode(dst, data, width, fax.Group4))
	case tiffPackBits:
		return unpackBits(dst, data)
	case tiffLZW:
		r = lzw.NewReader(r, lzw.MSB, 8)
	case tiffDeflate, tiffOldDeflate:
		if r, err = zlib.NewReader(r); err != nil {
			return err
		}
	}
	_, err = io.ReadFull(r, dst)
	return err
}

func faxError(err error) error {
	switch {
	case errors.Is(err, fax.ErrTruncated):
		return truncated("tiff", err.Error())
	case errors.Is(err, fax.ErrUnsupported):
		return unsupported("tiff", err.Error())
	}
	return err
}

func reverseBits(b []byte) {
	for i, v := range b {
		b[i] = bits.Reverse8(v)
	}
}

// unpackBits decompresses PackBits. Source: TIFF 6.0, section 9.
func unpackBits(dst, data []byte) error {
	for len(dst) > 0 {
		if len(data) < 2 {
			return io.ErrUnexpectedEOF
		}
		n := int(int8(data[0]))
		data = data[1:]
		switch {
		case n >= 0:
			n = min(n+1, len(dst))
			if len(data) < n {
				return io.ErrUnexpectedEOF
			}
			copy(dst, data[:n])
			dst, data = dst[n:], data[n:]
		case n > -128:
			n = min(1-n, len(dst))
			for i := range n {
				dst[i] = data[0]
			}
			dst, data = dst[n:], data[1:]
		}
	}
	return nil
}

// addLeft undoes the predictor.
func (p *tiffPage) addLeft(dst []byte, width int) {
	size := p.bits / 8
	pixel := p.samples / p.planes * size
	for row := range slices.Chunk(dst, width) {
		if size == 1 {
			for i := pixel; i < len(row); i++ {
				row[i] += row[i-pixel]
			}
			continue
		}
		for i := pixel; i < len(row); i += 2 {
			sum := p.tags.order.Uint16(row[i:]) + p.tags.order.Uint16(row[i-pixel:])
			p.tags.order.PutUint16(row[i:], sum)
		}
	}
}
