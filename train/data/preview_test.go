package data

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train/data/augment"
)

func TestPreviewShowsTheImagesOfTheFirstEpochs(t *testing.T) {
	c := drawn(t)
	indices := c.Set.Indices(Train)[:3]
	policy := augment.Policy{FlipH: 0.5, Rotate: 20, Mixup: 1}
	rows, err := Preview(context.Background(), c, indices, policy, 7, 2)
	if err != nil || len(rows) != 3 {
		t.Fatalf("got %d rows, %v, want 3", len(rows), err)
	}
	l, err := NewLoader(c, indices, LoaderOptions{Batch: 3, Seed: 7, Augment: policy})
	if err != nil {
		t.Fatal(err)
	}
	first, second := keep(t, l, 0)[0], keep(t, l, 1)[0]
	for i, row := range rows {
		if len(row) != 3 || !bytes.Equal(row[0].Pixels, imageOf(t, c, indices[i])) || row[0].Shares[c.Set.Items[indices[i]].Class] != 1 {
			t.Fatalf("row %d does not start with its image, or has %d tiles, want 3", i, len(row))
		}
		for k, b := range []Batch{first, second} {
			if !bytes.Equal(row[k+1].Pixels, b.Pixels[192*i:192*(i+1)]) ||
				!slices.Equal(row[k+1].Shares, b.Targets[b.Classes*i:b.Classes*(i+1)]) {
				t.Errorf("row %d, epoch %d shows another picture", i, k+1)
			}
		}
	}
	_, err = Preview(context.Background(), c, nil, policy, 7, 2)
	wantError(t, err, "preview of 0 images")
}
