package data

import (
	"bytes"
	"context"
	"image"
	"testing"

	"github.com/flowerctl/flowerctl/train/data/augment"
)

func TestPreviewGridShowsTheImagesOfTheFirstEpochs(t *testing.T) {
	c := drawn(t)
	indices := c.Set.Indices(Train)[:3]
	policy := augment.Policy{FlipH: 0.5, Rotate: 20, Mixup: 1}
	m, err := PreviewGrid(context.Background(), c, indices, policy, 7, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := image.Rect(0, 0, 3*12+4, 3*12+4); m.Rect != want {
		t.Fatalf("a picture of %v, want %v", m.Rect, want)
	}
	l, err := NewLoader(c, indices, LoaderOptions{Batch: 3, Seed: 7, Augment: policy})
	if err != nil {
		t.Fatal(err)
	}
	for column := range 3 {
		var pixels []byte
		for _, i := range indices {
			pixels = append(pixels, c.Image(i)...)
		}
		if column > 0 {
			pixels = keep(t, l, column-1)[0].Pixels
		}
		for row := range 3 {
			var got []byte
			for y := range 8 {
				for x := range 8 {
					at := m.PixOffset(4+12*column+x, 4+12*row+y)
					got = append(got, m.Pix[at:at+3]...)
				}
			}
			if !bytes.Equal(got, pixels[192*row:192*(row+1)]) {
				t.Errorf("column %d, row %d shows another picture", column, row)
			}
		}
	}
	_, err = PreviewGrid(context.Background(), c, nil, policy, 7, 2)
	wantError(t, err, "preview of 0 images")
}
