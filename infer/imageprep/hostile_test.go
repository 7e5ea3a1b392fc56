package imageprep

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// bombs are small files that declare more pixels than are read.
func bombs() map[string][]byte {
	vp8 := riffChunk("VP8 ",
		join(0x10, 0, 0, "\x9d\x01\x2a", le16(16383), le16(16383), make([]byte, 20)))
	return map[string][]byte{
		"png":            makePNG(65535, 65535, 8, 2, 0, nil),
		"png-31-bits":    makePNG(1<<31-1, 1<<31-1, 16, 6, 1, nil),
		"png-product":    makePNG(1<<31-1, 2, 8, 0, 0, nil),
		"jpeg":           makeJPEG(0xc0, 65535, 65535, []byte{0x11}),
		"jpeg-megapixel": makeJPEG(0xc2, 6400, 6400, []byte{0x22, 0x11, 0x11}),
		"gif":            makeGIF(65535, 65535, 1, 1, []byte{1, 0x44, 0}),
		"bmp":            makeBMP(1<<30, 1<<30, nil),
		"bmp-top-down":   makeBMP(30000, -30000, nil),
		"tiff":           makeTIFF(nil, [2]int{256, 1 << 30}, [2]int{257, 1 << 30}),
		"tiff-32-bits":   makeTIFF(nil, [2]int{256, 1<<32 - 1}, [2]int{257, 1<<32 - 1}),
		"webp":           riff(vp8),
		"webp-lossless":  riff(makeVP8L(16384, 16384)),
		"webp-canvas":    riff(riffChunk("VP8X", join(2, 0, 0, 0, "\xff\xff\xff\xff\xff\xff"))),
		"jpeg-scans": makeJPEG(0xc2, 6000, 6000, []byte{0x11},
			jpegScan([]byte{1}, 0, 0, 8), bytes.Repeat(jpegScan([]byte{1}, 1, 9, 8), 1000)),
		"tiff-tiles": makeTIFF(nil, [2]int{256, 6000}, [2]int{257, 6000}, [2]int{259, 8},
			[2]int{322, 16}, [2]int{323, 16}),
		"tiff-strip": makeTIFF(nil, [2]int{256, 6000}, [2]int{257, 6000}, [2]int{258, 16},
			[2]int{259, 8}, [2]int{262, 2}, [2]int{277, 8}, [2]int{338, 0}),
	}
}

func TestBombsAreRefusedFromTheHeader(t *testing.T) {
	for name, data := range bombs() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := new(Decoder).Decode(Bytes(data))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v, want %v", name, err, ErrTooLarge)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes allocated to refuse %d", name, n, len(data))
		}
	}
}

// BenchmarkRefusal times how fast each bomb is refused. It must take less than a
// millisecond.
func BenchmarkRefusal(b *testing.B) {
	for name, data := range bombs() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := new(Decoder).Decode(Bytes(data)); err == nil {
					b.Fatal("decoded")
				}
			}
		})
	}
}

func TestHeadersThatLieAreErrors(t *testing.T) {
	gray := [][2]int{{256, 9}, {257, 9}, {258, 8}, {259, 1}, {262, 1}, {273, 8}, {278, 9}, {279, 81}}
	tags := func(change ...[2]int) [][2]int {
		out := slices.Clone(gray)
		for _, c := range change {
			out = slices.DeleteFunc(out, func(e [2]int) bool { return e[0] == c[0] })
			out = append(out, c)
		}
		slices.SortFunc(out, func(a, b [2]int) int { return a[0] - b[0] })
		return out
	}
	body := make([]byte, 81)
	if _, err := new(Decoder).Decode(Bytes(makeTIFF(body, gray...))); err != nil {
		t.Fatalf("the honest TIFF: %v", err)
	}
	whole := makeVP8L(4, 4)
	tests := map[string][]byte{
		"tiff strip far outside":   makeTIFF(body, tags([2]int{273, 1<<31 - 1})...),
		"tiff strip of 4 GB":       makeTIFF(body, tags([2]int{279, 1<<32 - 1})...),
		"tiff no bits":             makeTIFF(body, tags([2]int{258, 0})...),
		"tiff 33 bits":             makeTIFF(body, tags([2]int{258, 33})...),
		"tiff unknown compression": makeTIFF(body, tags([2]int{259, 7})...),
		"tiff planes":              makeTIFF(body, tags([2]int{277, 3}, [2]int{284, 2})...),
		"tiff tile of one pixel":   makeTIFF(body, tags([2]int{322, 1}, [2]int{323, 1})...),
		"tiff wide tile":           makeTIFF(body, tags([2]int{322, 1 << 30}, [2]int{323, 16})...),
		"tiff ink of one sample":   makeTIFF(body, tags([2]int{262, 5})...),
		"tiff no directory":        []byte("II*\x00\xff\xff\xff\x7f"),
		"tiff directory of 65535":  join("II*\x00", le32(8), le16(65535), make([]byte, 100)),
		"png nothing inside":       makePNG(9, 9, 8, 2, 0, nil),
		"png colour 5":             makePNG(9, 9, 8, 5, 0, deflated(1000)),
		"png too little":           makePNG(9, 9, 8, 2, 0, deflated(100)),
		"png too much":             makePNG(9, 9, 8, 2, 0, deflated(100_000)),
		"png no header":            join(pngMagic, pngChunk("IDAT", nil), pngChunk("IEND", nil)),
		"png chunk of 4 GB": join(pngMagic, pngChunk("IHDR", make([]byte, 13)), be32(1<<32-1),
			"IDAT", make([]byte, 99)),
		"png nothing wide":  makePNG(0, 9, 8, 2, 0, nil),
		"gif frame outside": makeGIF(9, 9, 10, 10, []byte{1, 0x44, 0}),
		"gif nothing wide":  makeGIF(0, 0, 0, 0, []byte{0}),
		"bmp palette": join("BM", make([]byte, 8), le32(54), le32(40), le32(9), le32(9),
			le16(1), le16(8), make([]byte, 24)),
		"webp frame outside": riff(riffChunk("VP8X", join(2, 0, 0, 0, 1, 0, 0, 1, 0, 0)),
			riffChunk("ANMF", join(make([]byte, 16), whole))),
		"webp other canvas": riff(riffChunk("VP8X", join(0, 0, 0, 0, 9, 0, 0, 9, 0, 0)), whole),
		"webp no picture":   riff(riffChunk("VP8X", join(0, 0, 0, 0, 9, 0, 0, 9, 0, 0))),
		"webp short header": riff(riffChunk("VP8L", []byte{0x2f})),
		"webp chunk of 4 GB": join("RIFF", le32(100), "WEBPVP8L", le32(1<<32-1),
			make([]byte, 100)),
	}
	for name, data := range tests {
		if _, err := new(Decoder).Decode(Bytes(data)); err == nil {
			t.Errorf("%s: decoded", name)
		} else {
			checkLine(t, name, err)
		}
	}
}

// checkLine checks that an error is an Error of one line.
func checkLine(t *testing.T, name string, err error) {
	t.Helper()
	var own *Error
	if !errors.As(err, &own) || own.Hint() == "" {
		t.Errorf("%s: %T without a hint", name, err)
	}
	if s := err.Error(); strings.ContainsAny(s, "\r\n\t") || len(s) > 300 {
		t.Errorf("%s: not one line: %q", name, s)
	}
}

// photograph is a coloured JPEG with enough data for several scans.
func photograph(t testing.TB, restart bool) []byte {
	name := "video-001.jpeg"
	if restart {
		name = "video-001.restart2.jpeg"
	}
	data, err := os.ReadFile(filepath.Join(goImages(t), name))
	if err != nil {
		t.Skipf("this Go comes without test images: %v", err)
	}
	return data
}

func TestCutFilesAreRefused(t *testing.T) {
	files := map[string][]byte{
		"baseline": photograph(t, false),
		"restart":  photograph(t, true),
	}
	for _, s := range readGolden(t).Small {
		files[s.Name] = s.Data
	}
	for name, data := range files {
		end := len(data)
		if strings.HasPrefix(name, "animated") && !strings.HasSuffix(name, ".webp") {
			end = 200 // what follows the first frame is not looked at
		}
		cuts := []int{end - 1}
		for tenth := 1; tenth < 10; tenth++ {
			cuts = append(cuts, end*tenth/10)
		}
		for _, at := range cuts {
			cut := data[:at]
			if at == len(data)-1 && (strings.HasSuffix(name, ".gif") || strings.HasSuffix(name, ".tiff")) {
				continue // a GIF's trailer and the end of a TIFF's directory say nothing
			}
			if _, err := new(Decoder).Decode(Bytes(cut)); err == nil {
				t.Errorf("%s cut at %d of %d was decoded", name, at, len(data))
			} else {
				checkLine(t, name, err)
				if strings.HasSuffix(name, "jpg") && at > 3 && !errors.Is(err, ErrTruncated) {
					t.Errorf("%s cut at %d of %d: %v, want %v", name, at, len(data), err, ErrTruncated)
				}
			}
		}
	}
}

// TestScansOfWhatLibjpegGuesses: of the nine lowest frequencies all bits must be there.
func TestScansOfWhatLibjpegGuesses(t *testing.T) {
	scan := func(first, last, low int) []byte {
		s := jpegScan([]byte{1}, first, last, 8)
		s[9] = byte(low)
		return s
	}
	for _, c := range []struct {
		scans    [][]byte
		complete bool
	}{
		{[][]byte{scan(0, 0, 0), scan(1, 9, 0)}, true},
		{[][]byte{scan(0, 0, 1), scan(1, 9, 0), scan(10, 63, 1)}, true},
		{[][]byte{scan(0, 0, 0), scan(1, 8, 0), scan(10, 63, 0)}, false},
		{[][]byte{scan(0, 0, 0), scan(2, 63, 0)}, false},
		{[][]byte{scan(0, 0, 0), scan(1, 63, 1)}, false},
		{[][]byte{scan(0, 0, 0), scan(1, 63, 1), scan(1, 63, 1<<4)}, true},
	} {
		_, err := parseJPEG(makeJPEG(0xc2, 8, 8, []byte{0x11}, c.scans...))
		if (err == nil) != c.complete || err != nil && !strings.Contains(err.Error(), "last scans") {
			t.Errorf("%x: got %v", c.scans, err)
		}
	}
	if _, err := parseJPEG(makeJPEG(0xc0, 8, 8, []byte{0x11}, scan(0, 63, 0))); err != nil {
		t.Errorf("a baseline image: %v", err)
	}
}

func TestProgressiveCutBetweenScansIsRefused(t *testing.T) {
	data := sample(t, "progressive.jpg")
	if _, err := new(Decoder).Decode(Bytes(data)); err != nil {
		t.Fatal(err)
	}
	cuts := 0
	for at := 2; at+1 < len(data); at++ {
		if data[at] != 0xff || data[at+1] != 0xda {
			continue
		}
		cuts++
		if _, err := new(Decoder).Decode(Bytes(data[:at])); !errors.Is(err, ErrTruncated) {
			t.Errorf("cut before the scan at %d: %v, want %v", at, err, ErrTruncated)
		}
		// image/jpeg accepts a file that is cut if an end marker follows, and libjpeg
		// guesses at what the missing scans would have said.
		_, err := new(Decoder).Decode(Bytes(append(data[:at:at], 0xff, 0xd9)))
		if !errors.Is(err, ErrTruncated) {
			t.Errorf("ended before the scan at %d: %v, want %v", at, err, ErrTruncated)
		}
	}
	if cuts < 5 {
		t.Fatalf("%d scans", cuts)
	}
}

func TestThumbnailIsNotTheEnd(t *testing.T) {
	var thumbnail bytes.Buffer
	if err := jpeg.Encode(&thumbnail, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	data := photograph(t, false)
	inside := join(data[:2], jpegSegment(0xe1, thumbnail.Bytes()), data[2:])
	if _, err := new(Decoder).Decode(Bytes(inside)); err != nil {
		t.Errorf("with a thumbnail: %v", err)
	}
	if _, err := new(Decoder).Decode(Bytes(inside[:len(inside)-100])); !errors.Is(err, ErrTruncated) {
		t.Errorf("with a thumbnail, cut: %v, want %v", err, ErrTruncated)
	}
}

func TestTrailingRubbishIsIgnored(t *testing.T) {
	rubbish := bytes.Repeat([]byte("\x00\xff\xd8rubbish"), 50)
	for _, s := range readGolden(t).Small {
		img, err := new(Decoder).Decode(Bytes(append(s.Data[:len(s.Data):len(s.Data)], rubbish...)))
		if err != nil || farthest(img.Pix, s.RGB) > s.Tolerance {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

func TestTransparencyIsLaidOverWhite(t *testing.T) {
	rows := rowsOf(&image.NRGBA{
		Pix:    []uint8{200, 100, 0, 0, 200, 100, 0, 128, 200, 100, 0, 255},
		Stride: 12, Rect: image.Rect(0, 0, 3, 1),
	})
	got := make([]uint8, 9)
	rows(0, got)
	want := []uint8{255, 255, 255, 227, 177, 127, 200, 100, 0}
	if !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	palette := rowsOf(&image.Paletted{Pix: []uint8{0, 1}, Stride: 2, Rect: image.Rect(0, 0, 2, 1),
		Palette: color.Palette{color.RGBA{}, color.NRGBA{R: 200, G: 100, A: 128}}})
	palette(0, got)
	if !bytes.Equal(got[:6], want[:6]) {
		t.Errorf("palette: got %v, want %v", got[:6], want[:6])
	}
}
