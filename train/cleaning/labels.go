package cleaning

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/head"
)

// Body gives images features: the numbers that the last layer of a network reads.
type Body interface {
	// Network is its name, for people.
	Network() string
	// Prep is what it takes images as.
	Prep() imageprep.Config
	// Features are those of images as Prep makes them, image after image.
	Features(ctx context.Context, images []imageprep.Image) ([]float32, error)
}

// Labels is what a network says of the labels of a set.
type Labels struct {
	Network string `json:"network"`
	Images  int    `json:"images"` // whose labels were judged
	// Agreement is the share of them whose label is the cross-validated answer.
	Agreement float64 `json:"agreement"`
	// NotJudged are classes with a single picture: a head that has not seen it knows
	// nothing of the class.
	NotJudged []string `json:"not_judged"`
	Doubtful  []Doubt  `json:"doubtful"` // the most doubtful first

	typical []int // by class, the item with the least doubtful label; -1 for none
}

// Trusted is the Agreement from which on doubts count: below it the heads are wrong for so
// many images that most doubts are mistakes of their own, and the images stay.
const Trusted = 0.7

// Weak reports whether the network tells the classes apart too badly to judge labels.
func (l *Labels) Weak() bool { return l.Agreement < Trusted }

// Doubt is a label that is likely wrong.
type Doubt struct {
	Path              string  `json:"path"`
	Label             string  `json:"label"`
	Probability       float64 `json:"probability"` // of Label
	Likely            string  `json:"likely"`      // the class that it more likely is
	LikelyProbability float64 `json:"likely_probability"`

	item int
}

// judge finds the labels that are likely wrong, by confident learning (Northcutt, Jiang
// and Chuang 2021, arXiv:1911.00068) on cross-validated answers: linear heads are fitted
// on the features of all but a fold of the images and answer for that fold. Copies of a
// picture are in one fold. A label is doubtful if another class is more probable, and as
// probable as that class is, on average, for the images labelled so. The list is in the
// order of the margin between the two probabilities.
func judge(ctx context.Context, set *data.Set, body Body, progress func(done, total int)) (
	*Labels, error) {

	e, items, l, err := judged(set)
	if err != nil {
		return nil, err
	}
	l.Network = body.Network()
	if e.Features, err = features(ctx, set, items, body, progress); err != nil {
		return nil, err
	}
	e.D = len(e.Features) / e.N
	held, trial, err := head.CrossValidate(ctx, *e, head.Options{Seed: 1})
	if err != nil {
		return nil, err
	}
	l.Agreement = trial.Accuracy
	classes := make([]int, e.Classes) // in the set
	for i, label := range e.Labels {
		classes[label] = set.Items[items[i]].Class
	}
	usual := usualProbability(e, held)
	margins := map[int]float64{}
	for i, h := range held {
		it := set.Items[items[i]]
		if t := l.typical[it.Class]; t < 0 || h.Margin() > margins[t] {
			l.typical[it.Class] = items[i]
		}
		margins[items[i]] = h.Margin()
		if h.Margin() < 0 && h.P >= usual[h.Other] {
			l.Doubtful = append(l.Doubtful, Doubt{Path: it.Path, Label: set.Labels[it.Class],
				Probability: h.Own, Likely: set.Labels[classes[h.Other]], LikelyProbability: h.P,
				item: items[i]})
		}
	}
	slices.SortStableFunc(l.Doubtful, func(a, b Doubt) int {
		return cmp.Compare(margins[a.item], margins[b.item])
	})
	return l, nil
}

// usualProbability is, for each class, the mean probability of the class for the images
// that are labelled so.
func usualProbability(e *head.Examples, held []head.Held) []float64 {
	sum, n := make([]float64, e.Classes), make([]float64, e.Classes)
	for i, h := range held {
		sum[e.Labels[i]] += h.Own
		n[e.Labels[i]]++
	}
	for c := range sum {
		sum[c] /= n[c]
	}
	return sum
}

// judged are the examples whose labels can be judged, without features: those of classes
// with two different pictures and more, numbered anew; items are their places in the set.
func judged(set *data.Set) (e *head.Examples, items []int, l *Labels, err error) {
	groups, err := set.Groups()
	if err != nil {
		return nil, nil, nil, err
	}
	group, pictures := make([]int, len(set.Items)), make([]int, len(set.Labels))
	for g, of := range groups {
		pictures[set.Items[of[0]].Class]++ // as folds deal them out
		for _, i := range of {
			group[i] = g
		}
	}
	l = &Labels{NotJudged: []string{}, Doubtful: []Doubt{}, typical: make([]int, len(set.Labels))}
	number := make([]int, len(set.Labels))
	e = new(head.Examples)
	for class, n := range pictures {
		l.typical[class] = -1
		if number[class] = e.Classes; n > 1 {
			e.Classes++
			continue
		}
		number[class] = -1
		l.NotJudged = append(l.NotJudged, set.Labels[class])
	}
	for i, it := range set.Items {
		if c := number[it.Class]; c >= 0 {
			e.Labels, e.Groups, items = append(e.Labels, c), append(e.Groups, group[i]), append(items, i)
		}
	}
	if e.N, l.Images = len(items), len(items); e.Classes < 2 {
		return nil, nil, nil, fmt.Errorf("data %s: %d classes have two different pictures or more, "+
			"want two of them to judge labels", set.Dir, e.Classes)
	}
	return e, items, l, nil
}

// features are those of some of the set's items.
func features(ctx context.Context, set *data.Set, items []int, body Body,
	progress func(done, total int)) (all []float32, err error) {

	const chunk = 64
	decoder, prep := new(imageprep.Decoder), body.Prep()
	for from := 0; from < len(items); from += chunk {
		some := items[from:min(from+chunk, len(items))]
		images := make([]imageprep.Image, len(some))
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(runtime.GOMAXPROCS(0))
		for k, i := range some {
			g.Go(func() (err error) {
				if gctx.Err() == nil {
					images[k], err = decoder.Prepare(set.Source(set.Items[i].Path), prep)
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		values, err := body.Features(ctx, images)
		if err != nil {
			return nil, err
		}
		if all = append(all, values...); progress != nil {
			progress(from+len(some), len(items))
		}
	}
	return all, ctx.Err()
}
