package imageprep

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestErrorsNameTheFileAndTheFault(t *testing.T) {
	tests := []struct {
		name string
		data []byte
		kind error
		want string
	}{
		{"cat.txt", []byte("I am a cat.\n"), ErrNotImage, "not an image (text/plain)"},
		{"cat.jpg", []byte("<!DOCTYPE html><html>"), ErrNotImage, "not an image (text/html)"},
		{"empty.jpg", nil, ErrNotImage, "not an image (empty)"},
		{"cat.pdf", []byte("%PDF-1.7\n"), ErrNotImage, "not an image (application/pdf)"},
		{"cat.heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), ErrUnsupported,
			"unsupported image (image/heic)"},
		{"cat.avif", []byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), ErrUnsupported,
			"unsupported image (image/avif)"},
		{"big.png", makePNG(20000, 10, 8, 2, 0, nil), ErrTooLarge,
			"image too large (png: 20000 x 10 pixels, at most 16384 a side)"},
		{"bigger.png", makePNG(8000, 8000, 8, 2, 0, nil), ErrTooLarge,
			"image too large (png: 8000 x 8000 pixels, at most 40 million)"},
		{"half.png", makePNG(9, 9, 8, 2, 0, nil)[:50], ErrTruncated,
			"image cut short (png: no end chunk)"},
		{"bad.png", makePNG(9, 9, 8, 5, 0, nil), ErrUnsupported,
			"unsupported image (png: unsupported feature: bit depth 8, color type 5)"},
		{"half.jpg", []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), ErrTruncated,
			"image cut short (jpeg: inside a segment)"},
	}
	for _, tt := range tests {
		path := write(t, tt.name, tt.data)
		for call, err := range map[string]error{
			"Decode":  second(new(Decoder).Decode(File(path))),
			"Prepare": second(new(Decoder).Prepare(File(path), Config{Size: 8})),
		} {
			if !errors.Is(err, tt.kind) || err.Error() != path+": "+tt.want {
				t.Errorf("%s(%s): %v\nwant %s: %s", call, tt.name, err, tt.name, tt.want)
				continue
			}
			checkLine(t, tt.name, err)
		}
		if err := second(new(Decoder).Decode(Bytes(tt.data))); err == nil || err.Error() != tt.want {
			t.Errorf("Decode(%s): %v, want %s", tt.name, err, tt.want)
		}
	}
}

// TestOtherKindsAreNamed has a beginning of each kind of image that is not read, as the
// programs write it that know it, and texts and numbers that only look like one.
func TestOtherKindsAreNamed(t *testing.T) {
	box := func(brand string, compatible ...string) []byte {
		all := strings.Join(compatible, "")
		return join(be32(16+len(all)), "ftyp", brand, be32(0), all, "meta")
	}
	tga := func(kind, palette, colours, depth int) []byte {
		return join(0, palette, kind, le16(0), le16(colours), depth&24, le16(0), le16(0), le16(64),
			le16(48), depth, 0, make([]byte, 30))
	}
	pcx := join(10, 5, 1, 8, le16(0), le16(0), le16(63), le16(47), make([]byte, 53), 3,
		make([]byte, 62))
	ico := join(le16(0), le16(1), le16(2), 32, 32, 0, 0, le16(1), le16(32), le32(99), le32(38))
	tests := []struct {
		data         []byte
		want, remedy string
	}{
		{box("heic", "mif1", "heic"), "image/heic", "heif-convert"},
		{box("mif1", "mif1", "heic"), "image/heic", "sips"},
		{box("mif1", "mif1"), "image/heic", "heif-convert"},
		{box("avif", "avif", "mif1"), "image/avif", "ffmpeg"},
		{box("mif1", "mif1", "avif", "miaf"), "image/avif", "avifdec"},
		{box("crx ", "crx "), "Canon CR3", "darktable-cli"},
		{join("II+\x00", le16(8), le16(0), le32(16), le32(0)), "BigTIFF", "tiffcp"},
		{join("MM\x00+", be16(8), be16(0), be32(0), be32(16)), "BigTIFF", "tiffcp"},
		{[]byte("\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 "), "JPEG 2000", "magick"},
		{[]byte("\xff\x4f\xff\x51\x00\x2f"), "JPEG 2000", "magick"},
		{[]byte("\x00\x00\x00\x0cJXL \r\n\x87\n"), "JPEG XL", "djxl"},
		{[]byte("\xff\x0a\x10\x90"), "JPEG XL", "djxl"},
		{join("8BPS", be16(1), make([]byte, 6), be16(3)), "PSD, of Photoshop", "magick"},
		{[]byte("qoif\x00\x00\x00\x40"), "QOI", "magick"},
		{[]byte("P6\n64 48\n255\n"), "PNM", "magick"},
		{[]byte("<svg xmlns='http://www.w3.org/2000/svg'>"), "SVG", "rsvg-convert"},
		{[]byte("\xef\xbb\xbf<?xml version='1.0'?>\n<!-- drawn -->\n<svg>"), "SVG", "rsvg-convert"},
		{[]byte("IIU\x00\x18\x00\x00\x00"), "the raw pixels of a camera", "darktable-cli"},
		{[]byte("FUJIFILMCCD-RAW 0201"), "the raw pixels of a camera", "darktable-cli"},
		{[]byte("II\xbc\x01\x20\x00\x00\x00"), "JPEG XR", "magick"},
		{[]byte("\x8aMNG\r\n\x1a\n\x00\x00\x00\x1cMHDR"), "MNG", "magick"},
		{[]byte("gimp xcf file\x00"), "XCF, of GIMP", "magick"},
		{[]byte("SIMPLE  =                    T"), "FITS", "magick"},
		{join(make([]byte, 128), "DICM\x02\x00"), "DICOM", "magick"},
		{join("\x01\xda", 1, 1, be16(3), be16(64), be16(48), be16(3)), "SGI", "magick"},
		{join(le32(1), le32(88), make([]byte, 32), " EMF"), "EMF, a drawing of Windows", "magick"},
		{[]byte("\x01\xda words"), "application/octet-stream", ""},
		{join("\x01\xda", 0, 2, be16(1), be16(64), be16(48), be16(3)), "SGI", "magick"},
		{join("\x01\xda", 2, 1, be16(3), be16(64), be16(48), be16(3)), "application/octet-stream", ""},
		{join("\x01\xda", 1, 3, be16(3), be16(64), be16(48), be16(3)), "application/octet-stream", ""},
		{join("\x01\xda", 1, 1, be16(0), be16(64), be16(48), be16(3)), "application/octet-stream", ""},
		{join("\x01\xda", 1, 1, be16(4), be16(64), be16(48), be16(3)), "application/octet-stream", ""},
		{join(make([]byte, 128), "DICM"), "DICOM", "magick"},
		{le32(1), "application/octet-stream", ""},
		{ico, "ICO, an icon of Windows", "magick"},
		{pcx, "PCX", "magick"},
		{tga(2, 0, 0, 24), "TGA", "magick"},
		{tga(10, 0, 0, 32), "TGA", "magick"},
		{tga(11, 0, 0, 8), "TGA", "magick"},
		{tga(1, 1, 256, 8), "TGA", "magick"},
		{box("isom", "isom", "mp41"), "video/mp4", ""},
		{[]byte("%PDF-1.4\n"), "application/pdf", ""},
		{[]byte("P6 is the name of a road."), "text/plain", ""},
		{[]byte("<?xml version='1.0'?><notes/>"), "text/xml", ""},
		{[]byte("\n\x05\x01\x08 a protocol buffer"), "application/octet-stream", ""},
		{make([]byte, 200), "application/octet-stream", ""},
		{tga(10, 0, 9, 24), "application/octet-stream", ""},
	}
	for _, tt := range tests {
		err := second(new(Decoder).Decode(Bytes(tt.data)))
		var refused *Error
		if !errors.As(err, &refused) || refused.Detail != tt.want {
			t.Errorf("%.20q: got %v, want %s", tt.data, err, tt.want)
			continue
		}
		if tt.remedy != "" != errors.Is(err, ErrUnsupported) ||
			!strings.Contains(refused.Hint(), tt.remedy) {
			t.Errorf("%s: got %v, hint %s, want %s", tt.want, err, refused.Hint(), tt.remedy)
		}
	}
}

func second(_ Image, err error) error { return err }

func TestErrorsOfTheFileSystem(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.jpg")
	var d Decoder
	_, err := d.Decode(File(missing))
	if !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), missing) != 1 {
		t.Errorf("missing: %v", err)
	}
	_, err = d.Decode(File(t.TempDir()))
	if !errors.Is(err, ErrNotImage) || !strings.HasSuffix(err.Error(), "(a folder)") {
		t.Errorf("folder: %v", err)
	}
	if runtime.GOOS == "linux" {
		if _, err := d.Decode(File("/dev/zero")); !errors.Is(err, ErrNotImage) {
			t.Errorf("a file without end: %v", err)
		}
	}
}

// TestLargeFilesAreNotRead makes files with holes, which take no disk.
func TestLargeFilesAreNotRead(t *testing.T) {
	tests := []struct {
		name string
		head []byte
		size int64
		want error
	}{
		{"no image", make([]byte, 4), MaxFile + 1, ErrNotImage},
		{"large file", []byte("\xff\xd8\xff\xe0"), MaxFile + 1, ErrTooLarge},
		{"large picture", makePNG(20000, 20000, 8, 2, 0, nil)[:40], MaxFile - 1, ErrTooLarge},
	}
	for _, tt := range tests {
		path := write(t, "large", tt.head)
		if err := os.Truncate(path, tt.size); err != nil {
			t.Skip("no files with holes here: ", err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := new(Decoder).Decode(File(path))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, tt.want) || n > 1<<20 {
			t.Errorf("%s: %v after %d bytes, want %v", tt.name, err, n, tt.want)
		}
	}
}

func TestTheNameSaysNothing(t *testing.T) {
	for _, s := range readGolden(t).Small {
		img, err := new(Decoder).Decode(File(write(t, "picture.txt", s.Data)))
		if err != nil || farthest(img.Pix, s.RGB) > s.Tolerance {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []Config{
		{Size: 1}, {Size: 224, Resize: Stretch}, {Size: MaxSize, Resize: Crop},
	} {
		if err := c.Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	data := makePNG(2, 2, 8, 0, 0, deflated(6))
	for _, c := range []Config{{}, {Size: -1}, {Size: MaxSize + 1}, {Size: 8, Resize: "zoom"}} {
		if err := c.Validate(); err == nil {
			t.Errorf("%+v is valid", c)
		}
		if _, err := new(Decoder).Prepare(Bytes(data), c); err == nil {
			t.Errorf("%+v prepares", c)
		}
		if _, err := new(Decoder).Prepare(File("missing"), c); errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%+v is found out after its file", c)
		}
	}
	if _, err := new(Decoder).Prepare(Bytes(data), Config{Size: 3}); err != nil {
		t.Error(err)
	}
}

// The size and the pixels are those of Pillow 13.0: what the frame does not cover has its
// first colour.
func TestFrameOutsideTheScreenEnlargesIt(t *testing.T) {
	data := makeGIF(4, 4, 2, 1, []byte{2, 0x44, 0x0a, 0}) // the first colour, then the second
	copy(data[13:], []byte{0, 0, 255, 0, 255, 0})
	data[20] = 3 // from the left
	img, err := new(Decoder).Decode(Bytes(data))
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte{0, 0, 255}, 5*4)
	copy(want[3*4:], []byte{0, 255, 0})
	if img.W != 5 || img.H != 4 || !bytes.Equal(img.Pix, want) {
		t.Errorf("got %d x %d %v, want 5 x 4 %v", img.W, img.H, img.Pix, want)
	}
	for name, bad := range map[string][]byte{
		"a side":     makeGIF(9, 9, MaxSide+1, 1, []byte{1, 0x44, 0}),
		"40 million": makeGIF(MaxSide, 9, 9, 4000, []byte{1, 0x44, 0}),
	} {
		_, err := new(Decoder).Decode(Bytes(bad))
		if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want too large by %s", err, name)
		}
	}
}

func TestPixelsBoundImagesFurther(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 7, 5))); err != nil {
		t.Fatal(err)
	}
	for pixels, want := range map[int]string{0: "<nil>", 35: "<nil>",
		34: "image too large (png: 7 x 5 pixels, at most 34)"} {
		d := Decoder{Pixels: pixels}
		if _, err := d.Prepare(Bytes(file.Bytes()), Config{Size: 4}); fmt.Sprint(err) != want {
			t.Errorf("at most %d pixels: got %v, want %s", pixels, err, want)
		}
	}
}
