package data

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync"
)

// LoaderOptions says how batches are made. The zero value of each field but
// Batch is its default.
type LoaderOptions struct {
	Batch    int    // images in a batch
	Shuffle  bool   // a new order each epoch, from (Seed, epoch)
	DropLast bool   // no smaller batch at the end of an epoch
	Seed     uint64 // of order and augmentation
	Workers  int    // batches prepared at the same time; 0 for one a core
	// LabelSmoothing s turns a one-hot target y into y*(1-s) + s/classes, as Keras.
	LabelSmoothing float64
	// ClassWeights multiply the loss of an image of each class; nil for 1.
	ClassWeights []float32
}

// Loader deals out batches of one part of a cache, prepared ahead. It is
// deterministic: the same cache, options and epoch give the same bytes in the
// same order, however many workers prepare them.
type Loader struct {
	cache   *Cache
	indices []int
	opts    LoaderOptions
	part    Part

	mu    sync.Mutex
	spare []*slot // buffers of a finished epoch
}

// NewLoader deals out the images of the cache that indices lists, as
// [Set.Indices] gives them. It is an error when they are not all of the same
// part, or when the set has an image in two parts: this is where it is made
// impossible that an image used for validation is also trained on.
func NewLoader(cache *Cache, indices []int, opts LoaderOptions) (*Loader, error) {
	if opts.Batch <= 0 {
		return nil, fmt.Errorf("loader: batch of %d images, want 1 or more", opts.Batch)
	}
	if len(indices) == 0 || opts.DropLast && len(indices) < opts.Batch {
		return nil, fmt.Errorf("loader: %d images make no batch of %d", len(indices), opts.Batch)
	}
	if s := opts.LabelSmoothing; !(s >= 0 && s < 1) {
		return nil, fmt.Errorf("loader: label smoothing %v, want 0 or more and less than 1", s)
	}
	if n := len(opts.ClassWeights); n != 0 && n != cache.Set.Classes() {
		return nil, fmt.Errorf("loader: %d class weights for %d classes", n, cache.Set.Classes())
	}
	if err := cache.Set.Check(); err != nil {
		return nil, fmt.Errorf("loader: %w", err)
	}
	items := cache.Set.Items
	seen := make(map[int]bool, len(indices))
	for _, i := range indices {
		if i < 0 || i >= len(items) || seen[i] {
			return nil, fmt.Errorf("loader: image %d of %d is not there or listed twice", i, len(items))
		}
		seen[i] = true
		if first := items[indices[0]]; items[i].Part != first.Part {
			return nil, fmt.Errorf("loader: %s is in part %q, %s in %q: one loader, one part",
				first.Path, first.Part, items[i].Path, items[i].Part)
		}
	}
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	return &Loader{cache: cache, indices: indices, opts: opts, part: items[indices[0]].Part}, nil
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

// Size is the side of an image, in pixels.
func (l *Loader) Size() int { return l.cache.Size() }

// slot is a place in the ring of batches that are prepared ahead, with the
// memory that preparing takes.
type slot struct {
	batch Batch
	pcg   rand.PCG
	err   error
	ready chan struct{}
}

// Batches deals out the batches of an epoch, while others are prepared in the
// background. A batch is the caller's until the next is asked for. When ctx is
// cancelled the last pair is (nil, the context's error). Leaving the loop early
// ends the background work before Batches returns.
func (l *Loader) Batches(ctx context.Context, epoch int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		order, steps := l.order(epoch), l.Steps()
		ring := l.takeRing()
		defer l.giveRing(ring)

		// The jobs are handed out in order, each only when its slot is free, so
		// that any number of workers fills the ring in the same way.
		jobs := make(chan int, len(ring))
		var wg sync.WaitGroup
		for range min(l.opts.Workers, steps) {
			wg.Go(func() {
				for step := range jobs {
					s := ring[step%len(ring)]
					s.err = ctx.Err()
					if s.err == nil {
						s.err = l.fill(s, order, epoch, step)
					}
					s.ready <- struct{}{}
				}
			})
		}
		next := 0
		defer wg.Wait()
		defer close(jobs)
		defer cancel()
		for ; next < min(len(ring), steps); next++ {
			jobs <- next
		}
		for step := range steps {
			s := ring[step%len(ring)]
			<-s.ready
			if s.err != nil {
				yield(nil, s.err)
				return
			}
			if !yield(&s.batch, nil) {
				return
			}
			if next < steps {
				jobs <- next
				next++
			}
		}
	}
}

// order is the epoch's order of the loader's images.
func (l *Loader) order(epoch int) []int {
	order := make([]int, len(l.indices))
	copy(order, l.indices)
	if l.opts.Shuffle {
		rng := stream(l.opts.Seed, "shuffle", uint64(epoch))
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	return order
}

// takeRing returns the buffers of an earlier epoch, or new ones: two more than
// workers, one for the caller and one that is ready.
func (l *Loader) takeRing() []*slot {
	l.mu.Lock()
	defer l.mu.Unlock()
	ring := l.spare
	l.spare = nil
	if ring != nil {
		return ring
	}
	pixels, classes := 3*l.Size()*l.Size(), len(l.Labels())
	for range min(l.opts.Workers, l.Steps()) + 2 {
		s := &slot{ready: make(chan struct{}, 1)}
		s.batch = Batch{Size: l.Size(), Classes: classes,
			Pixels: make([]uint8, l.opts.Batch*pixels), Targets: make([]float32, l.opts.Batch*classes),
			Labels: make([]int, l.opts.Batch), Indices: make([]int, l.opts.Batch)}
		if l.opts.ClassWeights != nil {
			s.batch.Weights = make([]float32, l.opts.Batch)
		}
		ring = append(ring, s)
	}
	return ring
}

// giveRing keeps the buffers for the next epoch.
func (l *Loader) giveRing(ring []*slot) {
	for _, s := range ring {
		select {
		case <-s.ready: // prepared, but the caller had left
		default:
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spare = ring
}

// fill prepares the batch of a step.
func (l *Loader) fill(s *slot, order []int, epoch, step int) error {
	first := step * l.opts.Batch
	n := min(l.opts.Batch, len(order)-first)
	b := &s.batch
	pixels := 3 * b.Size * b.Size
	b.N = n
	b.Pixels, b.Targets = b.Pixels[:n*pixels], b.Targets[:n*b.Classes]
	b.Labels, b.Indices = b.Labels[:n], b.Indices[:n]
	if b.Weights != nil {
		b.Weights = b.Weights[:n]
	}
	for k, i := range order[first : first+n] {
		class := l.cache.Set.Items[i].Class
		b.Indices[k], b.Labels[k] = i, class
		copy(b.Pixels[k*pixels:], l.cache.Image(i))
		l.target(b.Targets[k*b.Classes:(k+1)*b.Classes], class)
		if b.Weights != nil {
			b.Weights[k] = l.opts.ClassWeights[class]
		}
	}
	return nil
}

// target writes the smoothed one-hot row of a class.
func (l *Loader) target(row []float32, class int) {
	s := l.opts.LabelSmoothing
	for j := range row {
		row[j] = float32(s / float64(len(row)))
	}
	row[class] += float32(1 - s)
}
