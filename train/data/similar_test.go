package data

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/data/flowers"
)

// resaved is the picture at another size, a little brighter, and as JPEG.
func resaved(t *testing.T, m imageprep.Image, size, quality, brighter int) imageprep.Image {
	t.Helper()
	m = imageprep.Config{Size: size}.Apply(m)
	rgba := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	at := func(i int) uint8 { return uint8(min(int(m.Pix[i])+brighter, 255)) }
	for i := range m.W * m.H {
		rgba.Set(i%m.W, i/m.W, color.RGBA{at(3 * i), at(3*i + 1), at(3*i + 2), 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, rgba, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	out, err := new(imageprep.Decoder).Decode(imageprep.Bytes(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCopiesLookAlikeAndOthersDoNot(t *testing.T) {
	var prints []fingerprint
	for seed := range uint64(16) {
		for _, k := range flowers.Kinds() {
			m := flowers.Draw(k, seed, 64)
			prints = append(prints, newFingerprint(m))
			if seed < 4 {
				prints = append(prints, newFingerprint(resaved(t, m, 70, 50, 0)),
					newFingerprint(resaved(t, m, 128, 90, 6)))
			}
		}
	}
	groups := groupAlike(prints)
	for g, want := range groups {
		if fmt.Sprint(want) != fmt.Sprint([]int{3 * g, 3*g + 1, 3*g + 2}) {
			t.Errorf("group %d is %v", g, want)
		}
	}
	if len(groups) != 20 {
		t.Errorf("%d groups, want the 20 pictures that have copies", len(groups))
	}
}

// The pieces find every pair that comparing all with all finds.
func TestGroupAlikeMissesNone(t *testing.T) {
	rng := stream(1, "test")
	prints := make([]fingerprint, 600)
	for i := range prints {
		if i%3 == 0 {
			prints[i].hash = rng.Uint64()
			continue
		}
		prints[i] = prints[i/3*3]
		for range rng.IntN(maxBits + 3) {
			prints[i].hash ^= 1 << rng.IntN(64)
		}
	}
	all := newUnion(len(prints))
	for j := range prints {
		for i := range j {
			if prints[i].alike(&prints[j]) {
				all.join(i, j)
			}
		}
	}
	if got, want := fmt.Sprint(groupAlike(prints)), fmt.Sprint(all.list()); got != want {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestColourTellsPicturesApart(t *testing.T) {
	var a, b fingerprint
	for i := range b.thumb {
		b.thumb[i] = maxDifference
	}
	if !a.alike(&b) {
		t.Errorf("thumbnails %d grey levels apart are not alike", maxDifference)
	}
	b.thumb[0]++
	if a.alike(&b) {
		t.Errorf("thumbnails more than %d grey levels apart are alike", maxDifference)
	}
}
