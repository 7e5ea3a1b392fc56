package data

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/train/data/augment"
)

// PreviewTile is an image as an epoch gets it.
type PreviewTile struct {
	Pixels []uint8   // RGB, as in the cache
	Shares []float32 // of each class in its target; more than one where images are mixed
}

// Preview shows what a policy does. It has a row for each image that indices lists:
// the image itself, then what the first epochs of a run with that seed would get.
// These images are mixed with each other.
func Preview(ctx context.Context, c *Cache, indices []int, policy augment.Policy,
	seed uint64, epochs int) ([][]PreviewTile, error) {
	if len(indices) == 0 || epochs < 1 {
		return nil, fmt.Errorf("preview of %d images in %d epochs, want one or more",
			len(indices), epochs)
	}
	l, err := NewLoader(c, indices, LoaderOptions{Batch: len(indices), Seed: seed, Augment: policy})
	if err != nil {
		return nil, err
	}
	rows := make([][]PreviewTile, len(indices))
	for row, i := range indices {
		own := make([]float32, c.Set.Classes())
		for _, class := range c.Set.LabelsOf(&c.Set.Items[i]) {
			own[class] = 1
		}
		pixels, err := c.Image(i)
		if err != nil {
			return nil, err
		}
		rows[row] = []PreviewTile{{pixels, own}}
	}
	image := 3 * c.Size() * c.Size()
	for epoch := range epochs {
		for b, err := range l.Batches(ctx, epoch) {
			if err != nil {
				return nil, err
			}
			for row := range b.N {
				rows[row] = append(rows[row], PreviewTile{bytes.Clone(b.Pixels[row*image : (row+1)*image]),
					slices.Clone(b.Targets[row*b.Classes : (row+1)*b.Classes])})
			}
		}
	}
	return rows, nil
}
