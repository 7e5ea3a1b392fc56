package data

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/flowerctl/flowerctl/train/data/augment"
)

// LoaderOptions says how batches are made. The zero value of each field except Batch
// is its default.
type LoaderOptions struct {
	Batch    int    // images in a batch; where there are fewer, all of them
	Shuffle  bool   // a new order each epoch, from (Seed, epoch)
	DropLast bool   // no smaller batch at the end of an epoch
	Seed     uint64 // of order and augmentation
	// Size is the side of the batches' images in pixels, 0 for the cache's own. It is for
	// training images, whose variations are then cut from larger ones.
	Size int
	// Larger are the same images at another side, from which variations are cut in place of
	// the cache's own; nil for these. It is for training images too.
	Larger  *Larger
	Workers int // batches prepared at the same time; 0 means one for each core
	// LabelSmoothing s turns a one-hot target y into y*(1-s) + s/classes, as Keras; where
	// pictures have several labels, into y*(1-s) + s/2.
	LabelSmoothing float64
	// ClassWeights multiply the loss of the images of each class; nil means 1. If
	// images are mixed they multiply the targets instead, which is right only for a
	// loss that is a sum over the targets, as cross-entropy is. Where pictures have several
	// labels they have no effect: they are in the loss then, see nn.Config.
	ClassWeights []float32
	// Augment varies the images, each with a random stream of its own from (Seed,
	// epoch, image). It is not for validation or test images. If it mixes, the first
	// image of a batch is mixed with the last, the second with the last but one, and so
	// on.
	Augment augment.Policy
	// NoPixels makes batches without pixels, for whoever knows the images' features.
	NoPixels bool
}

// Loader makes the batches of one part of a cache and prepares them ahead. It is
// deterministic: the same cache, options and epoch give the same bytes in the same
// order with any number of workers.
type Loader struct {
	cache   *Cache
	indices []int
	opts    LoaderOptions
	part    Part

	mu    sync.Mutex
	spare []*slot // buffers of a finished epoch
}

// NewLoader makes a loader of the images of the cache that indices lists, as from
// [Set.Indices]. It is an error if they are not all of the same part, or if the set
// has an image in two parts. So no image can be used for both training and
// validation.
func NewLoader(cache *Cache, indices []int, opts LoaderOptions) (*Loader, error) {
	if err := opts.check(len(indices), cache.Set.Classes()); err != nil {
		return nil, fmt.Errorf("loader: %w", err)
	}
	if err := checkIndices(cache.Set, indices); err != nil {
		return nil, fmt.Errorf("loader: %w", err)
	}
	l := &Loader{cache: cache, indices: slices.Clone(indices), opts: opts,
		part: cache.Set.Items[indices[0]].Part}
	l.opts.Batch = min(opts.Batch, len(indices))
	if (l.part == Val || l.part == Test) && opts.Augment != (augment.Policy{}) {
		return nil, fmt.Errorf("loader: augmentation is for training, these images are for %s", l.part)
	}
	if l.part != Train && l.Size() != cache.Size() {
		return nil, fmt.Errorf("loader: images of %d pixels at %d, which is for training, these are for %s",
			cache.Size(), opts.Size, l.part)
	}
	if opts.Larger != nil && (l.part != Train || opts.Larger.part != l.part || opts.NoPixels) {
		return nil, fmt.Errorf("loader: images of another side are for training and its variations, these "+
			"are for %s", l.part)
	}
	if opts.Workers <= 0 {
		l.opts.Workers = runtime.GOMAXPROCS(0)
	}
	return l, nil
}

func (o LoaderOptions) check(images, classes int) error {
	if o.Batch <= 0 {
		return fmt.Errorf("batch of %d images, want 1 or more", o.Batch)
	}
	if o.Size < 0 {
		return fmt.Errorf("images of %d pixels, want 1 or more, or 0 for their own size", o.Size)
	}
	if images == 0 || o.DropLast && images < o.Batch {
		return fmt.Errorf("%d images make no batch of %d", images, o.Batch)
	}
	if s := o.LabelSmoothing; !(s >= 0 && s < 1) {
		return fmt.Errorf("label smoothing %v, want 0 or more and less than 1", s)
	}
	if n := len(o.ClassWeights); n != 0 && n != classes {
		return fmt.Errorf("%d class weights for %d classes", n, classes)
	}
	if o.NoPixels && o.Augment != (augment.Policy{}) {
		return fmt.Errorf("batches without pixels cannot vary them")
	}
	return o.Augment.Check()
}

// checkIndices returns an error unless the images are of one part, each listed once.
func checkIndices(set *Set, indices []int) error {
	if err := set.Check(); err != nil {
		return err
	}
	seen := make(map[int]bool, len(indices))
	for _, i := range indices {
		if i < 0 || i >= len(set.Items) || seen[i] {
			return fmt.Errorf("image %d of %d is not there or listed twice", i, len(set.Items))
		}
		seen[i] = true
		if first, it := set.Items[indices[0]], set.Items[i]; it.Part != first.Part {
			return fmt.Errorf("%s is in part %q, %s in %q: one loader, one part",
				first.Path, first.Part, it.Path, it.Part)
		}
	}
	return nil
}

// Len is the number of images of an epoch.
func (l *Loader) Len() int {
	if l.opts.DropLast {
		return l.Steps() * l.opts.Batch
	}
	return len(l.indices)
}

// Steps is the number of batches of an epoch.
func (l *Loader) Steps() int {
	if l.opts.DropLast {
		return len(l.indices) / l.opts.Batch
	}
	return (len(l.indices) + l.opts.Batch - 1) / l.opts.Batch
}

// Part is the part that all its images are of.
func (l *Loader) Part() Part { return l.part }

// Labels are the names of the classes.
func (l *Loader) Labels() []string { return l.cache.Set.Labels }

// source is the cache that variations are cut from.
func (l *Loader) source() *Cache {
	if l.opts.Larger != nil {
		return l.opts.Larger.cache
	}
	return l.cache
}

// place is an image's place in source.
func (l *Loader) place(image int) int {
	if l.opts.Larger != nil {
		return l.opts.Larger.place[image]
	}
	return image
}

// Size is the side of a batch's image, in pixels.
func (l *Loader) Size() int { return cmp.Or(l.opts.Size, l.cache.Size()) }
