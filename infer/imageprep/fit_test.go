package imageprep

import (
	"bytes"
	"testing"
)

func TestSeenIsWhatApplyShows(t *testing.T) {
	for _, tt := range []struct {
		c    Config
		w, h int
		want Part
	}{
		{Config{Size: 10}, 40, 20, Part{0, 0, 1, 1}},
		{Config{Size: 10, Resize: Crop}, 40, 20, Part{0.25, 0, 0.75, 1}},
		{Config{Size: 10, Resize: Crop}, 20, 40, Part{0, 0.25, 1, 0.75}},
		{Config{Size: 10, Resize: Crop}, 20, 20, Part{0, 0, 1, 1}},
		{Config{Size: 10, Resize: Letterbox}, 40, 20, Part{0, -0.4, 1, 1.6}},
	} {
		if got := tt.c.Seen(tt.w, tt.h); got != tt.want {
			t.Errorf("%+v of %d x %d: got %+v, want %+v", tt.c, tt.w, tt.h, got, tt.want)
		}
	}
}

func TestFitKeepsTheShapeAndTurns(t *testing.T) {
	want := pattern(30, 18)
	for o := 1; o <= 8; o++ {
		file := Bytes(pngOf(stored(want, o), o))
		img, err := new(Decoder).Fit(file, 30)
		if err != nil || img.W != 30 || !bytes.Equal(img.Pix, want.Pix) {
			t.Errorf("orientation %d: got %d x %d (%v), want the image", o, img.W, img.H, err)
		}
		img, err = new(Decoder).Fit(file, 20)
		if err != nil || img.W != 20 || img.H != 12 {
			t.Fatalf("orientation %d: got %d x %d (%v), want 20 x 12", o, img.W, img.H, err)
		}
		smaller := bilinear(func(y int, dst []uint8) { copy(dst, want.Pix[90*y:]) },
			span{from: 30, to: 20, n: 20}, span{from: 18, to: 12, n: 12})
		if far := farthest(img.Pix, smaller.Pix); o == 1 && far != 0 || far > 1 {
			t.Errorf("orientation %d: %d levels off", o, far)
		}
	}
	if _, err := new(Decoder).Fit(Bytes([]byte("a cat")), 20); err == nil {
		t.Error("fitted a text")
	}
}
