package data

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/data/augment"
)

// larger loads a divided set, and its training images at the side size.
func larger(t testing.TB, dir string, size int, opts LoadOptions) (*Cache, *Larger) {
	t.Helper()
	c := loadSet(t, dir, LoadOptions{})
	if err := c.Set.Split(SplitOptions{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	l, err := c.Larger(context.Background(), Train, size, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, l
}

// TestLargerImagesOfTheSameSideChangeNothing: order, targets, random streams and pixels
// are those of the cache; and where there are larger ones, all but the pixels.
func TestLargerImagesOfTheSameSideChangeNothing(t *testing.T) {
	dir := photographs(t)
	disk, _ := diskCache(t)
	policy, err := augment.ParsePolicy("flip,rotate=15,crop=0.3,brightness=0.2,mixup=0.2")
	if err != nil {
		t.Fatal(err)
	}
	c, l := larger(t, dir, config.Size, LoadOptions{})
	opts := LoaderOptions{Batch: 4, Shuffle: true, Seed: 3, Augment: policy}
	epochs := func(c *Cache, l *Larger) string {
		opts.Larger = l
		loader := newLoader(t, c, Train, opts)
		return fmt.Sprint(keep(t, loader, 0), keep(t, loader, 1))
	}
	want := epochs(c, nil)
	if epochs(c, l) != want {
		t.Error("images of the cache's own side give other batches")
	}
	c, inMemory := larger(t, dir, 2*config.Size, LoadOptions{})
	got := epochs(c, inMemory)
	if got == want {
		t.Error("larger images give the pixels of smaller ones")
	}
	c, onDisk := larger(t, dir, 2*config.Size, LoadOptions{Pixels: OnDisk, Disk: disk})
	if !onDisk.Cache().OnDisk() || epochs(c, onDisk) != got {
		t.Error("on disk, larger images give other batches than in memory")
	}
	if n := len(c.Set.Indices(Train)); onDisk.Cache().Len() != n {
		t.Errorf("got %d larger images, want those of training, %d", onDisk.Cache().Len(), n)
	}
}

// TestVariationsAreCutFromLargerImages: without a policy a batch's image is the larger one
// at the scale of the batch.
func TestVariationsAreCutFromLargerImages(t *testing.T) {
	c, l := larger(t, photographs(t), 2*config.Size, LoadOptions{})
	loader := newLoader(t, c, Train, LoaderOptions{Batch: 100, Larger: l})
	b := keep(t, loader, 0)[0]
	per, want := len(b.Pixels)/b.N, make([]uint8, len(b.Pixels)/b.N)
	for k, i := range b.Indices {
		cfg := config
		cfg.Size *= 2
		img, err := new(imageprep.Decoder).Prepare(c.Set.Source(c.Set.Items[i].Path), cfg)
		if err != nil {
			t.Fatal(err)
		}
		(augment.Policy{}).Apply(want, config.Size, img.Pix, cfg.Size, nil)
		if !bytes.Equal(b.Pixels[k*per:(k+1)*per], want) {
			t.Errorf("%s has other pixels", c.Set.Items[i].Path)
		}
	}
}

// TestLargerImagesAreForTraining: the other parts answer on the pixels of the network.
func TestLargerImagesAreForTraining(t *testing.T) {
	c, l := larger(t, photographs(t), 2*config.Size, LoadOptions{})
	_, err := NewLoader(c, c.Set.Indices(Val), LoaderOptions{Batch: 4, Larger: l})
	wantError(t, err, "are for val")
	val, err := c.Larger(context.Background(), Val, 2*config.Size, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewLoader(c, c.Set.Indices(Train), LoaderOptions{Batch: 4, Larger: val})
	wantError(t, err, "another side")
	_, err = drawn(t).Larger(context.Background(), Train, 64, LoadOptions{})
	wantError(t, err, "no files")
}

// TestLargerImagesAreTheSameFiles: one that changed since is not trained on.
func TestLargerImagesAreTheSameFiles(t *testing.T) {
	dir := photographs(t)
	c := loadSet(t, dir, LoadOptions{})
	if err := c.Set.Split(SplitOptions{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	it := c.Set.Items[c.Set.Indices(Train)[0]]
	if err := overwrite(dir+"/"+it.Path, pngOf(t, 99)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Larger(context.Background(), Train, 20, LoadOptions{})
	wantError(t, err, it.Path)
}
