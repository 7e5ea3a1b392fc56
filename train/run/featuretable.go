package run

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/data/augment"
	"github.com/flowerctl/flowerctl/train/features"
	"github.com/flowerctl/flowerctl/train/head"
	"github.com/flowerctl/flowerctl/train/model"
)

// view is one way in which an image is seen: 0 is as it is, others as the policy of
// augmentation varies it.
type view struct{ item, number int }

// viewCount is in how many ways the training images are seen: Settings.Views, or where that
// is 0, in a mirror too up to mirrored images if the policy mirrors, and 4 with a policy
// that does more.
func (s *Session) viewCount() int {
	switch p := &s.plan.augment; {
	case s.plan.Views > 0:
		return s.plan.Views
	case *p == (augment.Policy{}):
		return 1
	case !mirrors(p):
		return usualViews
	case s.Training.Len() <= mirrored:
		return 2
	}
	return 1
}

// usualViews is what a policy of more than mirrors is worth seeing: the image and three
// variations.
const usualViews = 4

// mirrors says whether the policy does nothing but that, half of the time: its one other
// view is the mirror image, not chance.
func mirrors(p *augment.Policy) bool { return *p == (augment.Policy{FlipH: p.FlipH}) && p.FlipH > 0 }

// pixels are those of a view. They depend on the picture, the policy and the number
// alone, so that a run with another split or seed finds them in the cache.
func (s *Session) pixels(v view) ([]uint8, error) {
	image, err := s.Images.Image(v.item)
	if err != nil {
		return nil, err
	}
	switch p := s.plan.augment; {
	case v.number == 0:
		return image, nil
	case mirrors(&p) && v.number == 1:
		return mirror(image, s.Settings.Size), nil
	default:
		k := s.key(v)
		rng := rand.New(rand.NewChaCha8(k))
		out := make([]uint8, len(image))
		p.Apply(out, s.Settings.Size, image, s.Settings.Size, rng)
		return out, nil
	}
}

// key names a view by the content of its picture.
func (s *Session) key(v view) features.Key {
	how := "as it is"
	if v.number > 0 {
		how = fmt.Sprintf("%s %d", s.plan.augment, v.number)
	}
	return features.KeyOf(s.Images.Set.Items[v.item].SHA256, how)
}

// compute fills in the features of views that are not known yet: from the cache, or by
// the extractor. What was computed when ctx ends is kept.
func (s *Session) compute(ctx context.Context, items []int, views int) error {
	if s.features.rows == nil {
		s.features.rows = map[view][]float32{}
	}
	var missing []view
	var keys []features.Key
	for _, i := range items {
		for n := range views {
			if v := (view{i, n}); s.features.rows[v] == nil {
				missing, keys = append(missing, v), append(keys, s.key(v))
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	prep, err := json.Marshal(s.plan.preprocess())
	if err != nil {
		return err
	}
	node := s.Spec.Extractor()
	set := features.KeyOf(node.File.SHA256, string(prep), s.extractor.Engine())
	store := s.options.Frozen.Cache.Open(set, node.Units, keys)
	defer store.Flush()
	for from := 0; from < len(missing); from += chunk {
		to := min(from+chunk, len(missing))
		if err := s.computeSome(ctx, store, missing[from:to], keys[from:to]); err != nil {
			return err
		}
		if s.options.Observer != nil {
			s.options.Observer.Reading(to, len(missing))
		}
	}
	return nil
}

// computeSome fills in the features of a few views.
func (s *Session) computeSome(ctx context.Context, store *features.Store, some []view,
	keys []features.Key) error {
	var pixels []uint8
	var fresh []int
	for i, v := range some {
		known, ok := store.Get(keys[i])
		if ok {
			s.features.rows[v] = known
			continue
		}
		image, err := s.pixels(v)
		if err != nil {
			return err
		}
		pixels, fresh = append(pixels, image...), append(fresh, i)
	}
	if len(fresh) == 0 {
		return ctx.Err()
	}
	values, err := s.extractor.Extract(ctx, pixels, len(fresh))
	if err != nil {
		return err
	}
	length := len(values) / len(fresh)
	for k, i := range fresh {
		row := values[k*length : (k+1)*length : (k+1)*length]
		for j, x := range row {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return fmt.Errorf("%s: feature %d is %g: the network is not fit for such pictures",
					s.Images.Set.Items[some[i].item].Path, j, x)
			}
		}
		if err := store.Put(keys[i], row); err != nil {
			return err
		}
		s.features.rows[some[i]] = row
	}
	return nil
}

// featured is a loader whose batches have features in place of pixels. The view of an
// image changes from epoch to epoch.
type featured struct {
	*data.Loader
	session *Session
	items   []int
	views   int
}

// Batches computes what is missing, and then gives batches.
func (f featured) Batches(ctx context.Context, epoch int) iter.Seq2[*data.Batch, error] {
	return func(yield func(*data.Batch, error) bool) {
		s := f.session
		if err := s.compute(ctx, f.items, f.views); err != nil {
			yield(nil, err)
			return
		}
		if f.Part() == data.Train {
			s.standardise(f.items, f.views)
		}
		for b, err := range f.Loader.Batches(ctx, epoch) {
			if err == nil {
				b.Features = b.Features[:0]
				for _, i := range b.Indices {
					b.Features = append(b.Features, s.features.rows[view{i, (epoch + i) % f.views}]...)
				}
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// standardise sets the statistics by which a hidden layer's features are normalised: the
// mean of each, and one deviation for all. Scaling each by its own would give a say to
// those that hardly ever change; see package train/head.
func (s *Session) standardise(items []int, views int) {
	if s.plan.Hidden == 0 || s.standardised {
		return
	}
	s.standardised = true
	norm := s.Spec.Nodes[1].Name
	w := s.Network.Weights()
	mean := w[model.ParamName(norm, model.RunningMean)].Data
	variance := w[model.ParamName(norm, model.RunningVar)].Data
	sums := make([]float64, len(mean))
	squares, n := 0.0, float64(len(items)*views)
	for _, i := range items {
		for k := range views {
			for j, x := range s.features.rows[view{i, k}] {
				sums[j] += float64(x) / n
				squares += float64(x) * float64(x) / n
			}
		}
	}
	for j, m := range sums {
		mean[j] = float32(m)
		squares -= m * m
	}
	for j := range variance {
		variance[j] = float32(max(squares/float64(len(mean)), 1e-12))
	}
}

// frozenExamples are the features of images, in so many views.
func (s *Session) frozenExamples(ctx context.Context, items []int, views int) (
	*head.Examples, error) {

	if err := s.compute(ctx, items, views); err != nil {
		return nil, err
	}
	set := s.Images.Set
	e := &head.Examples{N: len(items) * views, D: s.Spec.Extractor().Units, Classes: set.Classes()}
	for _, i := range items {
		for n := range views {
			e.Features = append(e.Features, s.features.rows[view{i, n}]...)
			e.Labels, e.Groups = append(e.Labels, set.Items[i].Class), append(e.Groups, i)
			if set.Multi {
				e.Several = append(e.Several, set.Items[i].Labels)
			}
		}
	}
	return e, nil
}
