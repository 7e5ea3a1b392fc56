package imageprep

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSquaresOfOtherTools compares with testdata/elsewhere.json, made by elsewhere.py.
func TestSquaresOfOtherTools(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "elsewhere.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		W, H, Size    int
		Share         float64
		Resize        Resize
		Interpolation Interpolation
		SHA256        string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 336 {
		t.Fatalf("%d cases, want 336", len(cases))
	}
	for _, want := range cases {
		c := Config{Size: want.Size, Resize: want.Resize, CropShare: want.Share,
			Interpolation: want.Interpolation}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		got := c.fit(pattern(want.W, want.H))
		if got.W != c.Size || got.H != c.Size || !strings.HasPrefix(hash(got.Pix), want.SHA256) {
			t.Errorf("%d x %d to %+v: not the pixels of Pillow", want.W, want.H, c)
		}
	}
}

// TestASquareIsMadeOnce: a picture that has been prepared is not cropped again, and one
// that has the square's size when it is decoded is.
func TestASquareIsMadeOnce(t *testing.T) {
	c := Config{Size: 16, Resize: Crop, CropShare: 0.5}
	img := pattern(16, 16)
	if got := c.Apply(img); &got.Pix[0] != &img.Pix[0] {
		t.Error("Apply cropped a square of its size")
	}
	data := sample(t, "orientation-1.png") // 7 x 4
	for _, size := range []int{4, 7} {
		c := Config{Size: size, Resize: Crop, CropShare: 0.5}
		got, err := new(Decoder).Prepare(Bytes(data), c)
		if err != nil {
			t.Fatal(err)
		}
		if want := c.fit(pattern(7, 4)); string(got.Pix) != string(want.Pix) {
			t.Errorf("size %d: Prepare differs from fit", size)
		}
	}
}

func TestConfigsThatTrainingDoesNotHave(t *testing.T) {
	for _, c := range []Config{{Size: 8, Resize: Letterbox}, {Size: 8, Resize: Crop, CropShare: 0.9},
		{Size: 8, Interpolation: Bicubic}} {
		if err := c.Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		if err := c.Trainable(); err == nil {
			t.Errorf("%+v: can be trained", c)
		}
	}
	for _, c := range []Config{{Size: 8, Resize: "fit"}, {Size: 8, Resize: Letterbox, CropShare: 0.9},
		{Size: 8, Resize: Crop, CropShare: 1.1}, {Size: 8, Interpolation: "lanczos"}} {
		if err := c.Validate(); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
	same := Config{Size: 8, Resize: Crop, CropShare: 1, Interpolation: Bilinear}
	if err := same.Trainable(); err != nil {
		t.Error(err)
	}
}

// TestUnreadNamesPhotographsAlone: lists of folders say of them that they are pictures.
func TestUnreadNamesPhotographsAlone(t *testing.T) {
	heic := []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
	var e *Error
	if err := Unread(heic); !errors.As(err, &e) || e.Kind != ErrUnsupported || e.Detail != "image/heic" ||
		!strings.Contains(e.Hint(), "heif-convert IN.heic OUT.jpg") {
		t.Errorf("HEIC: got %v", err)
	}
	for name, head := range map[string][]byte{
		"text": []byte("only words"), "nothing": nil, "a drawing": []byte("<svg xmlns='x'/>"),
		"an icon": append([]byte{0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0, 0, 0, 0, 0, 22, 0, 0, 0}, 0),
		"a PNG":   sample(t, "rgb.png"),
		"XPM":     []byte("/* XPM */ static"), "WMF": []byte("\xd7\xcd\xc6\x9a\x00\x00"),
		"EMF": join(le32(1), make([]byte, 36), " EMF"),
	} {
		if err := Unread(head); err != nil {
			t.Errorf("%s: got %v, want nothing", name, err)
		}
	}
}
