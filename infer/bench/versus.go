package bench

import (
	"context"
	"slices"
	"time"

	"github.com/flowerctl/flowerctl/infer"
)

// Versus compares a model with another on the same images. Their runs alternate, so
// that other work of the machine slows down both.
type Versus struct {
	Model   string  `json:"model"` // the other
	Batches []Ratio `json:"batches"`
}

// Ratio is how long the model's runs took, as a share of the run of the other model
// beside each: 0.5 is twice as fast.
type Ratio struct {
	Batch int     `json:"batch"`
	Pairs int     `json:"pairs"`
	P10   float64 `json:"p10"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
}

// Compare times a classifier against another, which the result calls name.
func Compare(ctx context.Context, c, other *infer.Classifier, name string, pictures [][]byte, o Options) (*Versus, error) {
	images, err := prepared(c, pictures)
	if err != nil {
		return nil, err
	}
	others, err := prepared(other, pictures)
	if err != nil {
		return nil, err
	}
	v := &Versus{Model: name}
	for _, n := range o.Batches {
		a, b := cycled(images, n), cycled(others, n)
		r, err := alternate(o.Limit,
			func() error { _, err := c.Classify(ctx, a); return err },
			func() error { _, err := other.Classify(ctx, b); return err })
		if err != nil {
			return nil, err
		}
		r.Batch = n
		v.Batches = append(v.Batches, r)
	}
	return v, nil
}

// alternate runs a and b in pairs, and each first in every second pair.
func alternate(limit time.Duration, a, b func() error) (Ratio, error) {
	var ratios []float64
	for start, i := time.Now(), 0; i < warmup+5 || time.Since(start) < limit; i++ {
		var took [2]time.Duration
		for k := range 2 {
			side := (i + k) % 2
			before := time.Now()
			if err := [2]func() error{a, b}[side](); err != nil {
				return Ratio{}, err
			}
			took[side] = time.Since(before)
		}
		if i >= warmup {
			ratios = append(ratios, float64(took[0])/float64(took[1]))
		}
	}
	slices.Sort(ratios)
	at := func(q float64) float64 { return ratios[int(q*float64(len(ratios)-1)+0.5)] }
	return Ratio{Pairs: len(ratios), P10: at(0.1), P50: at(0.5), P90: at(0.9)}, nil
}
