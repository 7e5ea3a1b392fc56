package data

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train/data/augment"
)

// drawn is a divided set: 5 classes, 40 images for training, 10 for validation.
func drawn(t testing.TB) *Cache {
	t.Helper()
	c, err := Drawn(context.Background(), 50, 8, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set.Split(SplitOptions{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	return c
}

func newLoader(t testing.TB, c *Cache, p Part, opts LoaderOptions) *Loader {
	t.Helper()
	l, err := NewLoader(c, c.Set.Indices(p), opts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// keep copies the batches of an epoch.
func keep(t testing.TB, l *Loader, epoch int) []Batch {
	t.Helper()
	var out []Batch
	for b, err := range l.Batches(context.Background(), epoch) {
		if err != nil {
			t.Fatal(err)
		}
		c := *b
		c.Pixels, c.Targets = bytes.Clone(b.Pixels), slices.Clone(b.Targets)
		c.Labels, c.Indices, c.Weights = slices.Clone(b.Labels), slices.Clone(b.Indices), slices.Clone(b.Weights)
		out = append(out, c)
	}
	return out
}

func TestLoaderDealsEveryImageOnce(t *testing.T) {
	c := drawn(t)
	for _, tt := range []struct {
		opts       LoaderOptions
		steps, len int
	}{
		{LoaderOptions{Batch: 7}, 6, 40},
		{LoaderOptions{Batch: 7, Shuffle: true}, 6, 40},
		{LoaderOptions{Batch: 7, Shuffle: true, DropLast: true}, 5, 35},
		{LoaderOptions{Batch: 40}, 1, 40},
		{LoaderOptions{Batch: 100}, 1, 40},
		{LoaderOptions{Batch: math.MaxInt}, 1, 40},
		{LoaderOptions{Batch: 1, Workers: 9}, 40, 40},
	} {
		l := newLoader(t, c, Train, tt.opts)
		seen := map[int]bool{}
		batches := keep(t, l, 0)
		for k, b := range batches {
			want := min(tt.opts.Batch, 40-k*tt.opts.Batch)
			if b.N != want || b.Size != 8 || b.Classes != 5 || len(b.Pixels) != b.N*8*8*3 ||
				len(b.Targets) != b.N*5 || len(b.Labels) != b.N || len(b.Indices) != b.N || b.Weights != nil {
				t.Fatalf("%+v: batch %d has N %d and slices of %d, %d, %d, %d", tt.opts, k, b.N,
					len(b.Pixels), len(b.Targets), len(b.Labels), len(b.Indices))
			}
			for j, i := range b.Indices {
				it := c.Set.Items[i]
				if seen[i] || it.Part != Train || b.Labels[j] != it.Class {
					t.Errorf("image %d (%s, class %d): dealt before: %v, label %d", i, it.Part, it.Class, seen[i], b.Labels[j])
				}
				seen[i] = true
				if !bytes.Equal(b.Pixels[j*192:(j+1)*192], imageOf(t, c, i)) {
					t.Errorf("image %d has other pixels", i)
				}
				for k, v := range b.Targets[5*j : 5*j+5] {
					if (v == 1) != (k == it.Class) || v != 0 && v != 1 {
						t.Errorf("class %d has targets %v", it.Class, b.Targets[5*j:5*j+5])
					}
				}
			}
		}
		if len(batches) != tt.steps || l.Steps() != tt.steps || len(seen) != tt.len || l.Len() != tt.len {
			t.Errorf("%+v: %d batches (Steps %d) of %d images (Len %d), want %d of %d",
				tt.opts, len(batches), l.Steps(), len(seen), l.Len(), tt.steps, tt.len)
		}
	}
}

// However many workers there are, and whatever was dealt before, an epoch has
// the same bytes.
func TestBatchesDependOnSeedAndEpochOnly(t *testing.T) {
	c := drawn(t)
	strong, err := augment.ParsePolicy("strong")
	if err != nil {
		t.Fatal(err)
	}
	opts := LoaderOptions{Batch: 6, Shuffle: true, Seed: 3, Augment: strong, LabelSmoothing: 0.1,
		ClassWeights: []float32{1, 2, 3, 4, 5}, Workers: 1}
	text := func(l *Loader, epoch int) string { return fmt.Sprint(keep(t, l, epoch)) }
	one := newLoader(t, c, Train, opts)
	want := text(one, 2)
	if text(one, 3) == want {
		t.Error("epochs 2 and 3 are the same")
	}
	if text(one, 2) != want {
		t.Error("epoch 2 is another the second time")
	}
	for _, workers := range []int{2, 5, 16} {
		opts.Workers = workers
		if text(newLoader(t, c, Train, opts), 2) != want {
			t.Errorf("%d workers deal another epoch than one", workers)
		}
	}
	opts.Seed = 4
	if text(newLoader(t, c, Train, opts), 2) == want {
		t.Error("another seed deals the same epoch")
	}
}

// An image's variation is its own: it does not change with the order, the batch
// size or the other images.
func TestAugmentationBelongsToTheImage(t *testing.T) {
	c := drawn(t)
	opts := LoaderOptions{Batch: 6, Seed: 3, Augment: augment.Policy{Rotate: 90, Brightness: 0.5}}
	byImage := func(opts LoaderOptions) map[int]string {
		out := map[int]string{}
		for _, b := range keep(t, newLoader(t, c, Train, opts), 1) {
			for j, i := range b.Indices {
				out[i] = string(b.Pixels[j*192 : (j+1)*192])
			}
		}
		return out
	}
	a := byImage(opts)
	opts.Shuffle, opts.Batch = true, 11
	b := byImage(opts)
	for i, pixels := range a {
		if b[i] != pixels {
			t.Fatalf("image %d is varied in another way in another order", i)
		}
		if pixels == string(imageOf(t, c, i)) {
			t.Errorf("image %d is not varied", i)
		}
	}
}

// Training images may be cut at another size than they are kept in; others may not.
func TestBatchesOfAnotherSize(t *testing.T) {
	c := drawn(t)
	l := newLoader(t, c, Train, LoaderOptions{Batch: 4, Size: 4})
	for _, b := range keep(t, l, 0) {
		if b.Size != 4 || len(b.Pixels) != b.N*4*4*3 {
			t.Fatalf("batch of %d images of %d in %d bytes, want a side of 4", b.N, b.Size, len(b.Pixels))
		}
		want := make([]uint8, 4*4*3)
		augment.Policy{}.Apply(want, 4, imageOf(t, c, b.Indices[0]), 8, nil)
		if !bytes.Equal(b.Pixels[:len(want)], want) {
			t.Fatal("the image is not the one kept, at half its size")
		}
	}
	for _, o := range []LoaderOptions{{Batch: 4, Size: 4}, {Batch: 4, Size: -1}} {
		if _, err := NewLoader(c, c.Set.Indices(Val), o); err == nil {
			t.Errorf("validation images at %d pixels of 8: no error", o.Size)
		}
	}
}

func TestTargetsSumToOne(t *testing.T) {
	c := drawn(t)
	l := newLoader(t, c, Train, LoaderOptions{Batch: 9, Shuffle: true, LabelSmoothing: 0.2,
		Augment: augment.Policy{Mixup: 1, CutMix: 1}})
	mixed := false
	for _, b := range keep(t, l, 0) {
		for j := range b.N {
			var sum float64
			for _, v := range b.Targets[5*j : 5*j+5] {
				sum += float64(v)
				if v < 0.2/5-1e-6 {
					t.Errorf("target %v, want at least the smoothed 0.04", v)
				}
			}
			if math.Abs(sum-1) > 1e-6 {
				t.Errorf("targets sum to %v", sum)
			}
			mixed = mixed || b.Targets[5*j+b.Labels[j]] < 0.8
		}
	}
	if !mixed {
		t.Error("no image was mixed")
	}
	smooth := newLoader(t, c, Train, LoaderOptions{Batch: 1, LabelSmoothing: 0.1})
	if got, want := fmt.Sprint(keep(t, smooth, 0)[0].Targets), "[0.92 0.02 0.02 0.02 0.02]"; got != want {
		t.Errorf("smoothed targets %s, want %s", got, want)
	}
}

func TestNoImageIsTrainedOnAndValidatedWith(t *testing.T) {
	c := drawn(t)
	train, val := c.Set.Indices(Train), c.Set.Indices(Val)
	opts := LoaderOptions{Batch: 4}
	for name, tt := range map[string]struct {
		indices []int
		want    string
	}{
		"both parts":   {append(slices.Clone(train), val[0]), "one loader, one part"},
		"twice":        {append(slices.Clone(train), train[0]), "listed twice"},
		"not there":    {[]int{50}, "not there"},
		"negative":     {[]int{-1}, "not there"},
		"none":         {nil, "0 images make no batch of 4"},
		"all the same": {slices.Repeat(val[:1], 8), "listed twice"},
	} {
		_, err := NewLoader(c, tt.indices, opts)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		wantError(t, err, tt.want)
	}
	c.Set.Items[train[3]].SHA256 = c.Set.Items[val[2]].SHA256
	_, err := NewLoader(c, train, opts)
	wantError(t, err, "one image must never be in two parts")
}

func TestNewLoaderRefuses(t *testing.T) {
	c := drawn(t)
	for _, tt := range []struct {
		part Part
		opts LoaderOptions
		want string
	}{
		{Train, LoaderOptions{}, "batch of 0"},
		{Train, LoaderOptions{Batch: 41, DropLast: true}, "no batch of 41"},
		{Train, LoaderOptions{Batch: 4, LabelSmoothing: 1}, "label smoothing"},
		{Train, LoaderOptions{Batch: 4, LabelSmoothing: math.NaN()}, "label smoothing"},
		{Train, LoaderOptions{Batch: 4, ClassWeights: []float32{1, 2}}, "2 class weights for 5"},
		{Train, LoaderOptions{Batch: 4, Augment: augment.Policy{Zoom: 2}}, "zoom"},
		{Val, LoaderOptions{Batch: 4, Augment: augment.Policy{FlipH: 0.5}}, "augmentation is for training"},
	} {
		_, err := NewLoader(c, c.Set.Indices(tt.part), tt.opts)
		wantError(t, err, tt.want)
	}
}

// The time that preparing takes, an image, one worker: a step of v7-base takes
// about 10 ms an image on two cores.
func BenchmarkLoader(b *testing.B) {
	c, err := Drawn(context.Background(), 64, 150, 1)
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Set.Split(SplitOptions{}); err != nil {
		b.Fatal(err)
	}
	for _, name := range augment.Names() {
		policy, err := augment.ParsePolicy(name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			l := newLoader(b, c, Train, LoaderOptions{Batch: 32, Shuffle: true, Augment: policy, Workers: 1})
			images := 0
			b.ReportAllocs()
			for epoch := 0; b.Loop(); epoch++ {
				for batch := range l.Batches(context.Background(), epoch) {
					images += batch.N
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(images), "us/image")
		})
	}
}
