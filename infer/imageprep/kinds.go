package imageprep

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"strings"
)

// Recognize says by the first [HeadBytes] bytes of a file, or all of a smaller one, whether
// it is an image that may be read: nil, or an error that is ErrNotImage or ErrUnsupported,
// as decoding the file would give.
func Recognize(head []byte) error {
	if _, ok := findFormat(head); !ok {
		return notImage(head)
	}
	return nil
}

// notImage says what data is, as far as its first bytes tell.
func notImage(data []byte) error {
	if len(data) == 0 {
		return &Error{Kind: ErrNotImage, Detail: "empty"}
	}
	if k := otherKindOf(data); k != nil {
		return k.unsupported()
	}
	// net/http knows neither these nor PostScript as what they are.
	kind, _, _ := strings.Cut(http.DetectContentType(data), ";")
	if strings.HasPrefix(kind, "image/") {
		return &Error{Kind: ErrUnsupported, Detail: kind}
	}
	return &Error{Kind: ErrNotImage, Detail: kind}
}

// Unread says what image a file is that begins with head and is not read, as an [*Error]
// of the kind [ErrUnsupported] with what converts it. It is nil for what is read, for
// what is no image, and for drawings and icons, which are no photographs. A few kilobytes
// are enough.
func Unread(head []byte) error {
	if _, ok := findFormat(head); ok {
		return nil
	}
	if k := otherKindOf(head); k != nil && !k.icon {
		return k.unsupported()
	}
	return nil
}

// otherKindOf is the kind of an image that is not read, or nil.
func otherKindOf(head []byte) *otherKind {
	for i := range otherKinds {
		if otherKinds[i].match(head) {
			return &otherKinds[i]
		}
	}
	return nil
}

func (k *otherKind) unsupported() error {
	return &Error{Kind: ErrUnsupported, Detail: k.name, remedy: k.remedy}
}

// otherKind is an image that is not read.
type otherKind struct {
	name   string
	match  func(data []byte) bool
	remedy string // empty for the one of [ErrUnsupported]
	icon   bool   // or a drawing
}

// The commands that convert what telephones and cameras write. Each writes a JPEG
// beside the file.
const (
	fromHEIC = "convert it: heif-convert IN.heic OUT.jpg, or on macOS " +
		"sips -s format jpeg IN.heic --out OUT.jpg"
	fromAVIF = "convert it: ffmpeg -i IN.avif OUT.png, or avifdec IN.avif OUT.png, or on macOS " +
		"sips -s format png IN.avif --out OUT.png"
	fromBigTIFF = "convert it: tiffcp IN.tif OUT.tif, which writes an ordinary TIFF"
	fromMagick  = "convert it: magick IN OUT.png (ImageMagick), or save it as PNG in an image editor"
	fromJXL     = "convert it: djxl IN.jxl OUT.png, or save it as PNG in an image editor"
	fromRaw     = "develop it: darktable-cli IN OUT.jpg, or save it as JPEG in the camera's program"
	fromSVG     = "it is a drawing, not pixels: rsvg-convert IN.svg -o OUT.png makes a picture of it"
)

// otherKinds are recognized by their first bytes, the doubtful ones last: TGA and PCX
// have no signature, so their headers must make sense.
var otherKinds = [...]otherKind{
	{"image/heic", func(b []byte) bool { return isobmff(b, heicBrands) }, fromHEIC, false},
	{"image/avif", func(b []byte) bool { return isobmff(b, "avif avis") }, fromAVIF, false},
	{"Canon CR3", func(b []byte) bool { return isobmff(b, "crx ") }, fromRaw, false},
	{"the raw pixels of a camera", prefixes("IIRO", "IIRS", "MMOR", "IIU\x00", "FUJIFILMCCD-RAW",
		"FOVb", "\x00MRM", "II\x1a\x00\x00\x00HEAPCCDR"), fromRaw, false},
	{"BigTIFF", prefixes("II+\x00", "MM\x00+"), fromBigTIFF, false},
	{"JPEG 2000", prefixes("\x00\x00\x00\x0cjP  \r\n\x87\n", "\xff\x4f\xff\x51"), fromMagick, false},
	{"JPEG XL", prefixes("\x00\x00\x00\x0cJXL \r\n\x87\n", "\xff\x0a"), fromJXL, false},
	{"PSD, of Photoshop", prefixes("8BPS"), fromMagick, false},
	{"OpenEXR", prefixes("\x76\x2f\x31\x01"), fromMagick, false},
	{"Radiance HDR", prefixes("#?RADIANCE", "#?RGBE"), fromMagick, false},
	{"JPEG XR", prefixes("II\xbc\x01"), fromMagick, false},
	{"MNG", prefixes("\x8aMNG\r\n\x1a\n"), fromMagick, false},
	{"JNG", prefixes("\x8bJNG\r\n\x1a\n"), fromMagick, false},
	{"FLIF", prefixes("FLIF"), fromMagick, false},
	{"BPG", prefixes("BPG\xfb"), fromMagick, false},
	{"DjVu", prefixes("AT&TFORM"), fromMagick, false},
	{"XCF, of GIMP", prefixes("gimp xcf "), fromMagick, false},
	{"DPX", prefixes("SDPX", "XPDS"), fromMagick, false},
	{"FITS", prefixes("SIMPLE  ="), fromMagick, false},
	{"DICOM", func(b []byte) bool { return len(b) >= 132 && string(b[128:132]) == "DICM" },
		fromMagick, false},
	{"Sun raster", prefixes("\x59\xa6\x6a\x95"), fromMagick, false},
	{"SGI", isSGI, fromMagick, false},
	{"XPM", prefixes("/* XPM */"), fromMagick, true},
	{"WMF, a drawing of Windows", prefixes("\xd7\xcd\xc6\x9a\x00\x00"), fromMagick, true},
	{"EMF, a drawing of Windows", func(b []byte) bool {
		return len(b) >= 44 && string(b[:4]) == "\x01\x00\x00\x00" && string(b[40:44]) == " EMF"
	}, fromMagick, true},
	{"DDS", prefixes("DDS \x7c\x00\x00\x00"), fromMagick, false},
	{"QOI", prefixes("qoif"), fromMagick, false},
	{"icns, an icon of macOS", prefixes("icns"), fromMagick, true},
	{"PNM", isPNM, fromMagick, false},
	{"SVG", isSVG, fromSVG, true},
	{"ICO, an icon of Windows", isICO, fromMagick, true},
	{"PCX", isPCX, fromMagick, false},
	{"TGA", isTGA, fromMagick, false},
}

func prefixes(all ...string) func(data []byte) bool {
	return func(data []byte) bool {
		for _, p := range all {
			if bytes.HasPrefix(data, []byte(p)) {
				return true
			}
		}
		return false
	}
}

// heicBrands are those of HEIF with HEVC pictures. Source: ISO/IEC 23008-12, annex B.
const heicBrands = "heic heix heim heis hevc hevx hevm hevs"

// isobmff reports that data is a file of boxes with one of the brands: as its own, or,
// where its own is the general one of HEIF, among the compatible ones. A file with the
// general one alone is taken for HEIC, which nearly all are.
func isobmff(data []byte, brands string) bool {
	if len(data) < 12 || string(data[4:8]) != "ftyp" {
		return false
	}
	has := func(brand []byte) bool { return strings.Contains(brands, string(brand)) }
	if has(data[8:12]) {
		return true
	}
	if own := string(data[8:12]); own != "mif1" && own != "msf1" && own != "miaf" {
		return false
	}
	size := int(min(binary.BigEndian.Uint32(data), uint32(len(data))))
	avif := false
	for at := 16; at+4 <= size; at += 4 {
		if has(data[at : at+4]) {
			return true
		}
		avif = avif || string(data[at:at+4]) == "avif"
	}
	return brands == heicBrands && !avif
}

// isPNM wants the width behind the signature: text may begin with P5.
func isPNM(data []byte) bool {
	if len(data) < 4 || data[0] != 'P' || !strings.ContainsRune("123456fF7", rune(data[1])) {
		return false
	}
	rest := strings.TrimLeft(string(data[2:min(len(data), 256)]), " \t\r\n")
	return data[2] <= ' ' && rest != "" &&
		('0' <= rest[0] && rest[0] <= '9' || rest[0] == '#' || strings.HasPrefix(rest, "WIDTH"))
}

// isSVG looks for the first element behind a byte order mark, declarations and
// comments.
func isSVG(data []byte) bool {
	rest := bytes.TrimPrefix(data[:min(len(data), 4096)], []byte("\xef\xbb\xbf"))
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		end := ""
		switch {
		case bytes.HasPrefix(rest, []byte("<svg")), bytes.HasPrefix(rest, []byte("<!DOCTYPE svg")):
			return true
		case bytes.HasPrefix(rest, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(rest, []byte("<?")):
			end = "?>"
		default:
			return false
		}
		_, after, ok := bytes.Cut(rest, []byte(end))
		if !ok {
			return false
		}
		rest = after
	}
}

// isICO takes cursors too. The first picture must be behind the directory.
func isICO(data []byte) bool {
	if len(data) < 22 || data[0] != 0 || data[1] != 0 || data[3] != 0 || data[5] != 0 ||
		data[2] != 1 && data[2] != 2 || data[4] == 0 || data[9] != 0 {
		return false
	}
	return binary.LittleEndian.Uint32(data[18:]) >= 6+16*uint32(data[4])
}

// isSGI checks the encoding, the bytes a sample and the dimensions too.
func isSGI(data []byte) bool {
	return len(data) >= 12 && string(data[:2]) == "\x01\xda" && data[2] <= 1 &&
		(data[3] == 1 || data[3] == 2) && data[4] == 0 && 1 <= data[5] && data[5] <= 3
}

// isPCX checks the version, the encoding, the bits, the window and the planes.
func isPCX(data []byte) bool {
	if len(data) < 128 || data[0] != 10 || data[1] > 5 || data[1] == 1 || data[2] > 1 ||
		!bytes.Contains([]byte{1, 2, 4, 8}, data[3:4]) || data[64] != 0 ||
		data[65] < 1 || data[65] > 4 {
		return false
	}
	le := binary.LittleEndian
	return le.Uint16(data[4:]) <= le.Uint16(data[8:]) && le.Uint16(data[6:]) <= le.Uint16(data[10:])
}

// isTGA checks the kind, the palette, the size and the bits. Source: Truevision TGA
// File Format Specification 2.0.
func isTGA(data []byte) bool {
	if len(data) < 18 || data[1] > 1 || !bytes.Contains([]byte{1, 2, 3, 9, 10, 11}, data[2:3]) ||
		data[17]&0xc0 != 0 || !bytes.Contains([]byte{8, 15, 16, 24, 32}, data[16:17]) {
		return false
	}
	le := binary.LittleEndian
	colours := le.Uint16(data[5:])
	if data[1] == 1 != (colours > 0) || data[2]&7 == 1 && colours == 0 {
		return false
	}
	return le.Uint16(data[12:]) > 0 && le.Uint16(data[14:]) > 0
}
