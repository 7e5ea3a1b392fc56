package data

import (
	"cmp"
	"context"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/flowerctl/flowerctl/train/data/augment"
)

// slot is a place in the ring of batches that are prepared ahead, with its memory.
type slot struct {
	batch Batch
	pcg   *rand.PCG
	rng   *rand.Rand // of pcg
	image []uint8    // room for one of the cache, where those are on disk
	err   error
	ready chan struct{}
}

// Batches yields the batches of an epoch while others are prepared in the
// background. A batch is the caller's until the next one. When ctx is cancelled the
// next pair is the last: nil and the context's error. When the loop is left early,
// the background work ends before Batches returns.
func (l *Loader) Batches(ctx context.Context, epoch int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		order, steps := l.order(epoch), l.Steps()
		ring := l.takeRing()
		defer l.giveRing(ring)

		// Jobs are given out in order, each when its slot is free, so that any number
		// of workers fills the ring in the same way.
		jobs := make(chan int, len(ring))
		var wg sync.WaitGroup
		for range min(l.opts.Workers, steps) {
			wg.Go(func() {
				for step := range jobs {
					s := ring[step%len(ring)]
					s.err = ctx.Err()
					if s.err == nil {
						l.readAhead(order, step, len(ring))
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
			if err := cmp.Or(s.err, ctx.Err()); err != nil {
				yield(nil, err)
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

// takeRing returns the buffers of an earlier epoch, or new ones: one for each worker,
// one for the caller and one that is ready.
func (l *Loader) takeRing() []*slot {
	l.mu.Lock()
	defer l.mu.Unlock()
	ring := l.spare
	l.spare = nil
	if ring != nil {
		return ring
	}
	pixels, classes := l.pixels(), len(l.Labels())
	source := l.source()
	for range min(l.opts.Workers, l.Steps()) + 2 {
		pcg := &rand.PCG{}
		s := &slot{ready: make(chan struct{}, 1), pcg: pcg, rng: rand.New(pcg)}
		s.batch = Batch{Size: l.Size(), Classes: classes,
			Pixels: make([]uint8, l.opts.Batch*pixels), Targets: make([]float32, l.opts.Batch*classes),
			Labels: make([]int, l.opts.Batch), Indices: make([]int, l.opts.Batch)}
		if source.OnDisk() && !l.opts.NoPixels {
			s.image = make([]uint8, source.bytes())
		}
		if l.cache.Set.Multi {
			s.batch.Present = make([]bool, l.opts.Batch*classes)
		} else if l.opts.ClassWeights != nil && !l.opts.Augment.Mixes() {
			s.batch.Weights = make([]float32, l.opts.Batch)
		}
		ring = append(ring, s)
	}
	return ring
}

// pixels is how many values of pixels an image of a batch has.
func (l *Loader) pixels() int {
	if l.opts.NoPixels {
		return 0
	}
	return 3 * l.Size() * l.Size()
}

// giveRing keeps the buffers for the next epoch.
func (l *Loader) giveRing(ring []*slot) {
	for _, s := range ring {
		select {
		case <-s.ready: // prepared after the caller had left
		default:
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spare = ring
}

// readAhead has the images read from disk that are wanted after those of the ring.
func (l *Loader) readAhead(order []int, step, ring int) {
	source := l.source()
	if l.opts.NoPixels || !source.OnDisk() {
		return
	}
	from, to := min((step+ring)*l.opts.Batch, len(order)), min((step+ring+1)*l.opts.Batch, len(order))
	if step == 0 {
		from = 0
	}
	wanted := order[from:to]
	if l.opts.Larger != nil {
		wanted = slices.Clone(wanted)
		for k, i := range wanted {
			wanted[k] = l.place(i)
		}
	}
	source.willNeed(wanted)
}

// fill prepares the batch of a step.
func (l *Loader) fill(s *slot, order []int, epoch, step int) error {
	first := step * l.opts.Batch
	n := min(l.opts.Batch, len(order)-first)
	b := &s.batch
	pixels := l.pixels()
	b.N = n
	b.Pixels, b.Targets = b.Pixels[:n*pixels], b.Targets[:n*b.Classes]
	b.Labels, b.Indices = b.Labels[:n], b.Indices[:n]
	if b.Present != nil {
		b.Present = b.Present[:n*b.Classes]
	}
	if b.Weights != nil {
		b.Weights = b.Weights[:n]
	}
	source := l.source()
	from := source.Size()
	varied := l.opts.Augment != augment.Policy{} || from != b.Size
	for k, i := range order[first : first+n] {
		class := l.cache.Set.Items[i].Class
		b.Indices[k], b.Labels[k] = i, class
		row := b.Targets[k*b.Classes : (k+1)*b.Classes]
		if b.Present != nil {
			l.targets(row, b.Present[k*b.Classes:(k+1)*b.Classes], l.cache.Set.Items[i].Labels)
		} else {
			l.target(row, class)
		}
		if b.Weights != nil {
			b.Weights[k] = l.opts.ClassWeights[class]
		}
		if l.opts.NoPixels {
			continue
		}
		image := b.Pixels[k*pixels : (k+1)*pixels]
		if !varied {
			own, err := l.cache.view(i, image)
			if err != nil {
				return err
			}
			copy(image, own) // onto itself where it was read from disk
			continue
		}
		own, err := source.view(l.place(i), s.image)
		if err != nil {
			return err
		}
		reseed(s.pcg, l.opts.Seed, "augment", uint64(epoch), uint64(i))
		l.opts.Augment.Apply(image, b.Size, own, from, s.rng)
	}
	if l.opts.Augment.Mixes() {
		reseed(s.pcg, l.opts.Seed, "mix", uint64(epoch), uint64(step))
		for i, j := 0, n-1; i < j; i, j = i+1, j-1 {
			l.mixPair(s, i, j)
		}
	}
	return nil
}

// mixPair mixes images i and j of the batch, and their targets.
func (l *Loader) mixPair(s *slot, i, j int) {
	b, pixels := &s.batch, 3*s.batch.Size*s.batch.Size
	share := float32(l.opts.Augment.MixPair(b.Pixels[i*pixels:(i+1)*pixels],
		b.Pixels[j*pixels:(j+1)*pixels], b.Size, s.rng))
	mix := func(x, y *float32) {
		*x, *y = share**x+(1-share)**y, share**y+(1-share)**x
	}
	for c := range b.Classes {
		mix(&b.Targets[i*b.Classes+c], &b.Targets[j*b.Classes+c])
	}
}

// target writes the smoothed one-hot row of a class. Where images are mixed the row
// is multiplied by the weight of the class, because an image of two classes has no
// single weight for its loss. Its cross-entropy, a sum over the row, is then the sum
// of the losses of the two images by their shares. Without smoothing that is
// PyTorch's CrossEntropyLoss with weights and probabilities as targets, except that
// it is divided by the number of images.
func (l *Loader) target(row []float32, class int) {
	s := l.opts.LabelSmoothing
	share := s / float64(len(row))
	for j := range row {
		row[j] = float32(share)
	}
	row[class] = float32(1 - s + share)
	if l.opts.ClassWeights != nil && l.opts.Augment.Mixes() {
		for j := range row {
			row[j] *= l.opts.ClassWeights[class]
		}
	}
}

// targets writes the row of an image with several labels, or none: 1 for those that it
// has and 0 for the others, or with label smoothing s, y*(1-s) + s/2, as Keras'
// BinaryCrossentropy: each label is a question of two answers.
func (l *Loader) targets(row []float32, present []bool, labels []int) {
	s := l.opts.LabelSmoothing
	for j := range row {
		row[j], present[j] = float32(s/2), false
	}
	for _, j := range labels {
		row[j], present[j] = float32(1-s+s/2), true
	}
}
