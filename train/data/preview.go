package data

import (
	"context"
	"fmt"
	"image"

	"github.com/flowerctl/flowerctl/train/data/augment"
)

// PreviewGrid draws what a policy does: a row for each image that indices lists,
// first as it is, then as the first epochs of a training with that seed would
// see it. Mixing takes place within the rows.
func PreviewGrid(ctx context.Context, c *Cache, indices []int, policy augment.Policy,
	seed uint64, epochs int) (*image.RGBA, error) {
	if len(indices) == 0 || epochs < 1 {
		return nil, fmt.Errorf("preview of %d images in %d epochs, want one or more", len(indices), epochs)
	}
	l, err := NewLoader(c, indices, LoaderOptions{Batch: len(indices), Seed: seed, Augment: policy})
	if err != nil {
		return nil, err
	}
	const gap = 4 // pixels of white
	size := c.Size()
	cell := size + gap
	out := image.NewRGBA(image.Rect(0, 0, (epochs+1)*cell+gap, len(indices)*cell+gap))
	for i := range out.Pix {
		out.Pix[i] = 255
	}
	for row, i := range indices {
		paste(out, c.Image(i), size, gap, row*cell+gap)
	}
	for epoch := range epochs {
		for b, err := range l.Batches(ctx, epoch) {
			if err != nil {
				return nil, err
			}
			for row := range b.N {
				paste(out, b.Pixels[row*3*size*size:], size, (epoch+1)*cell+gap, row*cell+gap)
			}
		}
	}
	return out, nil
}

// paste puts size rows of size RGB pixels at a place of the picture.
func paste(dst *image.RGBA, pix []uint8, size, x, y int) {
	for row := range size {
		for col := range size {
			copy(dst.Pix[dst.PixOffset(x+col, y+row):], pix[3*(row*size+col):][:3])
		}
	}
}
