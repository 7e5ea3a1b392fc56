package imageprep

import (
	"errors"
	"strings"
	"testing"
)

// fuzzPixels keeps an execution under a millisecond or so: headers of any size
// are parsed, but only small pictures decoded.
const fuzzPixels = 1 << 16

func seeds(f *testing.F) (files [][]byte) {
	for _, s := range readGolden(f).Small {
		files = append(files, s.Data)
	}
	for _, v := range variants(f) {
		files = append(files, v.Data)
	}
	for _, data := range bombs() {
		files = append(files, data)
	}
	three := []byte{1, 2, 3}
	return append(files,
		makeJPEG(0xc0, 40, 24, []byte{0x22, 0x11, 0x11}, jpegScan(three, 0, 63, 100)),
		makeJPEG(0xc2, 40, 24, []byte{0x41, 0x11, 0x11},
			jpegScan(three, 0, 0, 100), jpegScan([]byte{2}, 1, 63, 9)),
		makeJPEG(0xc0, 9, 9, []byte{0x11, 0x11, 0x11, 0x11}, jpegScan([]byte{1, 2, 3, 4}, 0, 63, 100)),
		riff(riffChunk("VP8X", join(2, 0, 0, 0, 9, 0, 0, 9, 0, 0)),
			riffChunk("ANMF", join(make([]byte, 16), makeVP8L(3, 5)))),
		pngOf(pattern(5, 3), 6), tiffOf(pattern(5, 3), 8), []byte("BM"), []byte("I am a cat."), nil)
}

// small says whether data's picture may be decoded here.
func small(data []byte) bool {
	format, ok := findFormat(data)
	if !ok {
		return true
	}
	h, err := new(Decoder).header(format, data)
	return err != nil || h.w*h.h <= fuzzPixels && h.total(len(data)) <= 64*fuzzPixels
}

func FuzzDecode(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !small(data) {
			return
		}
		img, err := new(Decoder).Decode(Bytes(data))
		if err == nil {
			if img.W < 1 || img.H < 1 || len(img.Pix) != 3*img.W*img.H {
				t.Fatalf("%d x %d of %d bytes", img.W, img.H, len(img.Pix))
			}
			return
		}
		var own *Error
		if !errors.As(err, &own) || strings.ContainsAny(err.Error(), "\r\n") {
			t.Fatalf("%T: %q", err, err)
		}
		if strings.Contains(own.Detail, "decoder failed") {
			t.Logf("a panic was caught: %v", err)
		}
	})
}

func FuzzPrepare(f *testing.F) {
	for i, s := range seeds(f) {
		f.Add(s, i%40, i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, size int, crop bool) {
		c := Config{Size: size, Resize: Stretch}
		if crop {
			c.Resize = Crop
		}
		if size > 64 || !small(data) {
			return
		}
		img, err := new(Decoder).Prepare(Bytes(data), c)
		if err != nil {
			return
		}
		if img.W != size || img.H != size || len(img.Pix) != 3*size*size {
			t.Fatalf("%d x %d of %d bytes, want %d", img.W, img.H, len(img.Pix), size)
		}
	})
}
