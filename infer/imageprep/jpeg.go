package imageprep

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
)

// JPEG markers. Source: ITU-T T.81, table B.1.
const (
	mSOF0 = 0xc0
	mSOF2 = 0xc2
	mDHT  = 0xc4
	mJPG  = 0xc8
	mDAC  = 0xcc
	mSOFf = 0xcf
	mRST0 = 0xd0
	mRST7 = 0xd7
	mSOI  = 0xd8
	mEOI  = 0xd9
	mSOS  = 0xda
	mAPP0 = 0xe0
	mAPP1 = 0xe1
	mAPPe = 0xee
)

// maxBlockVisits bounds the time a JPEG can take: how many times its scans go
// over a block of 8x8. The largest image allowed has 2 million blocks in 4:4:4,
// an ordinary progressive one goes over each up to 6 times; a hostile one would
// spend 10 bytes on each of a million scans.
const maxBlockVisits = 32 << 20

// jpegInfo is what the segments say, the entropy-coded data unread.
type jpegInfo struct {
	w, h        int
	progressive bool
	comps       []jpegComponent
	scanned     int // bits: the components that a scan has begun
	visits      int64
	rgb         bool // components are R, G, B by the Adobe segment or their names
	exif        []byte
	end         int // just after EOI
}

type jpegComponent struct {
	id, h, v byte
	blocks   int64
}

func isJPEG(data []byte) bool {
	return len(data) >= 3 && data[0] == 0xff && data[1] == mSOI && data[2] == 0xff
}

func parseJPEG(data []byte) (header, error) {
	info, err := walkJPEG(data)
	if err != nil {
		return header{}, err
	}
	return info.header(), nil
}

// header estimates the memory image/jpeg takes: 64 bytes of samples a block,
// and 256 of coefficients if progressive; CMYK and RGB are copied once more.
func (j *jpegInfo) header() header {
	pixels := int64(j.w) * int64(j.h)
	var blocks int64
	for _, c := range j.comps {
		blocks += c.blocks
	}
	h := header{w: j.w, h: j.h, orientation: exifOrientation(j.exif)}
	h.peak, h.kept = 64*blocks, 64*blocks
	if j.progressive {
		h.peak += 256 * blocks
	}
	if len(j.comps) == 4 || j.rgb {
		h.peak += 4 * pixels
		h.kept = 4 * pixels
	}
	return h
}

// walkJPEG goes through the segments up to EOI, as leniently as image/jpeg
// does. Finding EOI where the segments put it is what tells a whole file from
// one that was cut: a thumbnail's EOI lies inside a segment, and rubbish after
// the picture's does no harm. A picture that was cut between two scans would
// otherwise decode without an error.
func walkJPEG(data []byte) (*jpegInfo, error) {
	info := new(jpegInfo)
	adobe, jfif := -1, false
	for at := 2; ; {
		marker, next := nextMarker(data, at)
		if next < 0 {
			return nil, info.cut()
		}
		at = next
		if marker == mEOI {
			info.end = at
			break
		}
		if mRST0 <= marker && marker <= mRST7 {
			continue
		}
		if len(data)-at < 2 {
			return nil, info.cut()
		}
		n := int(binary.BigEndian.Uint16(data[at:]))
		if n < 2 {
			return nil, damaged("jpeg", "a segment of no length")
		}
		if len(data)-at < n {
			return nil, info.cut()
		}
		body := data[at+2 : at+n]
		at += n
		var err error
		switch {
		case marker == mSOS:
			err = info.scan(body)
			at = skipScan(data, at)
		case mSOF0 <= marker && marker <= mSOFf && marker != mDHT && marker != mJPG && marker != mDAC:
			err = info.frame(marker, body)
		case marker == mAPP1 && info.exif == nil && bytes.HasPrefix(body, []byte("Exif\x00")) && len(body) > 6:
			info.exif = body[6:]
		case marker == mAPP0 && len(body) >= 5:
			jfif = string(body[:5]) == "JFIF\x00"
		case marker == mAPPe && len(body) >= 12 && string(body[:5]) == "Adobe":
			adobe = int(body[11])
		}
		if err != nil {
			return nil, err
		}
	}
	if len(info.comps) == 0 || info.scanned != 1<<len(info.comps)-1 {
		return nil, truncated("jpeg", "a colour has no data")
	}
	if len(info.comps) == 3 && !jfif {
		c := info.comps
		info.rgb = adobe == 0 || c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B'
	}
	return info, nil
}

// nextMarker finds the marker at or after at, and where it ends; next is
// negative where there is none.
func nextMarker(data []byte, at int) (marker byte, next int) {
	for {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 {
			return 0, -1
		}
		at += i + 1
		for at < len(data) && data[at] == 0xff {
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

// skipScan returns where the entropy-coded data at at ends: before the next
// marker that is no restart.
func skipScan(data []byte, at int) int {
	for {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 || at+i+1 == len(data) {
			return len(data)
		}
		m := data[at+i+1]
		if m == 0xff {
			at += i + 1
			continue
		}
		if m != 0 && (m < mRST0 || m > mRST7) {
			return at + i
		}
		at += i + 2
	}
}

// cut is the error for data that ends before EOI. A header that says too much
// is told first: its limits hold for a cut file too.
func (j *jpegInfo) cut() error {
	return truncated("jpeg", "no end marker")
}

// frame reads an SOF segment. Source: T.81, B.2.2.
func (j *jpegInfo) frame(marker byte, b []byte) error {
	if marker > mSOF2 {
		return unsupported("jpeg", "lossless, hierarchical or arithmetic coding")
	}
	if len(b) < 6 || len(b) < 6+3*int(b[5]) {
		return damaged("jpeg", "short frame header")
	}
	if len(j.comps) > 0 {
		return damaged("jpeg", "two frame headers")
	}
	if b[0] != 8 {
		return unsupported("jpeg", fmt.Sprintf("%d bits a sample", b[0]))
	}
	n := int(b[5])
	if n != 1 && n != 3 && n != 4 {
		return unsupported("jpeg", fmt.Sprintf("%d components", n))
	}
	j.progressive = marker == mSOF2
	j.h, j.w = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if err := checkSize("jpeg", j.w, j.h); err != nil {
		return err
	}
	for i := range n {
		c := jpegComponent{id: b[6+3*i], h: b[7+3*i] >> 4, v: b[7+3*i] & 15}
		if n == 1 {
			c.h, c.v = 1, 1
		}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 {
			return damaged("jpeg", "sampling factors")
		}
		j.comps = append(j.comps, c)
	}
	// image/jpeg rounds to whole units of the first component.
	y := j.comps[0]
	units := int64((j.w+8*int(y.h)-1)/(8*int(y.h))) * int64((j.h+8*int(y.v)-1)/(8*int(y.v)))
	for i, c := range j.comps {
		j.comps[i].blocks = units * int64(c.h) * int64(c.v)
	}
	return nil
}

// scan reads an SOS segment: which components it holds. Source: T.81, B.2.3.
func (j *jpegInfo) scan(b []byte) error {
	if len(b) < 1 || len(b) < 4+2*int(b[0]) {
		return damaged("jpeg", "short scan header")
	}
	n := int(b[0])
	first := b[1+2*n] == 0 // the band holds the blocks' means
	for i := range n {
		for k, c := range j.comps {
			if c.id != b[1+2*i] {
				continue
			}
			j.visits += c.blocks
			if first || !j.progressive {
				j.scanned |= 1 << k
			}
		}
	}
	if j.visits > maxBlockVisits {
		return tooLarge("jpeg", "%d x %d pixels in too many scans", j.w, j.h)
	}
	return nil
}

func decodeJPEG(data []byte, _ header) (image.Image, error) {
	return jpegDecode(data)
}
