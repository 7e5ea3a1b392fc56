package imageprep

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// variant is a file for a tag, chunk or field of a header that changes pixels.
type variant struct {
	Name      string
	Data, RGB []byte
	Sum       string // SHA-256 of the pixels, in place of RGB
	W, H      int
	Tolerance int
}

// variants are testdata/variants.json and web.json, made by variants.py and web.py there.
func variants(t testing.TB) []variant {
	t.Helper()
	var list []variant
	for _, name := range []string{"variants.json", "web.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		var all struct{ Small []variant }
		if err := json.Unmarshal(data, &all); err != nil {
			t.Fatal(err)
		}
		list = append(list, all.Small...)
	}
	return list
}

func TestTagsThatChangePixelsMatchPillow(t *testing.T) {
	for _, v := range variants(t) {
		img, err := new(Decoder).Decode(Bytes(v.Data))
		switch {
		case err != nil:
			t.Errorf("%s: %v", v.Name, err)
		case img.W != v.W || img.H != v.H:
			t.Errorf("%s: %d x %d, want %d x %d", v.Name, img.W, img.H, v.W, v.H)
		case v.Sum != "" && hash(img.Pix) != v.Sum:
			t.Errorf("%s: the pixels differ", v.Name)
		case v.Sum == "":
			if d := farthest(img.Pix, v.RGB); d < 0 || d > v.Tolerance {
				t.Errorf("%s: a pixel is %d levels off, want at most %d", v.Name, d, v.Tolerance)
			}
		}
	}
}

// TestTIFFsThatAreNotRead names what is not read in one line, where reading on would
// give other pixels.
func TestTIFFsThatAreNotRead(t *testing.T) {
	grey := [][2]int{{256, 9}, {257, 9}, {258, 8}, {259, 1}, {262, 1}, {273, 8}, {277, 1},
		{278, 9}, {279, 81}}
	tests := []struct {
		change [][2]int
		want   string
	}{
		{[][2]int{{339, 2}}, "samples with a sign"},
		{[][2]int{{339, 3}, {258, 16}}, "samples of floating point"},
		{[][2]int{{258, 32}}, "samples of 32 bits"},
		{[][2]int{{262, 8}}, "colours are CIELab"},
		{[][2]int{{262, 6}, {277, 3}}, "colours are YCbCr"},
		{[][2]int{{262, 32803}}, "colours are the raw pixels of a camera"},
		{[][2]int{{262, 77}}, "photometric interpretation 77"},
		{[][2]int{{259, 7}}, "compressed with JPEG"},
		{[][2]int{{259, 50000}}, "compressed with Zstandard"},
		{[][2]int{{259, 77}}, "compressed with method 77"},
		{[][2]int{{259, 8}, {317, 3}}, "predictor 3 of samples of 8 bits"},
		{[][2]int{{259, 5}, {317, 2}, {258, 4}}, "predictor 2 of samples of 4 bits"},
		{[][2]int{{262, 5}, {277, 4}, {332, 2}}, "inks other than"},
		{[][2]int{{262, 5}, {277, 5}, {338, 2}}, "CMYK with alpha"},
		{[][2]int{{262, 0}, {277, 2}, {338, 1}}, "grey that was multiplied by its alpha"},
		{[][2]int{{277, 2}}, "grey with 2 samples a pixel, not explained"},
		{[][2]int{{277, 9}}, "9 samples a pixel"},
		{[][2]int{{259, 4}}, "fax compression of more than one bit a pixel"},
		{[][2]int{{278, 3}}, "no strip or tile 2"},
		{[][2]int{{262, 3}}, "the palette is too short"},
		{[][2]int{{284, 3}}, "planar configuration 3"},
	}
	for _, tt := range tests {
		tags := map[int]int{}
		for _, e := range append(slices.Clone(grey), tt.change...) {
			tags[e[0]] = e[1]
		}
		var entries [][2]int
		for _, tag := range slices.Sorted(maps.Keys(tags)) {
			entries = append(entries, [2]int{tag, tags[tag]})
		}
		_, err := new(Decoder).Decode(Bytes(makeTIFF(make([]byte, 81), entries...)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: got %v, want %s", tt.change, err, tt.want)
			continue
		}
		checkLine(t, tt.want, err)
	}
}

// TestFramesOfNoSize: a GIF whose screen has no size takes that of its first frame, as in
// Pillow; one whose first frame has none has nothing to show.
func TestFramesOfNoSize(t *testing.T) {
	const pixel = "\x02\x44\x01\x00"
	img, err := new(Decoder).Decode(Bytes(makeGIF(0, 0, 1, 1, join(pixel))))
	if err != nil || img.W != 1 || img.H != 1 {
		t.Errorf("no screen: %d x %d, %v", img.W, img.H, err)
	}
	for _, size := range [][2]int{{0, 0}, {0, 1}, {1, 0}} {
		_, err := new(Decoder).Decode(Bytes(makeGIF(9, 9, size[0], size[1], join(pixel))))
		if err == nil || !strings.Contains(err.Error(), "first frame is empty") {
			t.Errorf("a frame of %d x %d: %v", size[0], size[1], err)
		}
	}
}

// TestKindsOfPrograms are files of known formats in a form that one program alone reads.
func TestKindsOfPrograms(t *testing.T) {
	os2 := func(bits, compression int) []byte {
		return join("BM", le32(200), le32(0), le32(78), le32(64), le32(9), le32(9), le16(1),
			le16(bits), le32(compression), make([]byte, 150))
	}
	if _, err := parseBMP(os2(16, 3)); err == nil || strings.Contains(err.Error(), "Huffman") {
		t.Errorf("bit fields: got %v", err)
	}
	for _, tt := range []struct {
		data []byte
		want string
	}{
		{join(os2(24, 4)[:14], le32(40), os2(24, 4)[18:]), "compressed with JPEG"},
		{join(pngMagic, pngChunk("CgBI", le32(0)), pngChunk("IHDR", make([]byte, 13))), "of apps for iOS"},
		{os2(1, 3), "OS/2's Huffman"},
		{os2(24, 4), "OS/2's run lengths"},
	} {
		_, err := new(Decoder).Decode(Bytes(tt.data))
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
			continue
		}
		checkLine(t, tt.want, err)
	}
}
