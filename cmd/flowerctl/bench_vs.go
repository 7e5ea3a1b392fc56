package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// versus compares the model with another on the same images, run by run in turn:
// what else the machine does then slows down both.
type versus struct {
	Model   string  `json:"model"` // the other
	Batches []ratio `json:"batches"`
}

// ratio is how long the model's runs took, as a share of the run of the other one
// beside each: 0.5 is twice as fast.
type ratio struct {
	Batch int     `json:"batch"`
	Pairs int     `json:"pairs"`
	P10   float64 `json:"p10"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
}

// versusModel opens the model that --vs names and times it against classifier.
// Nothing was asked where the flag is not set.
func versusModel(c *cli.Context, classifier *infer.Classifier, files [][]byte, sizes []int,
	limit time.Duration) (v *versus, err error) {
	if !c.IsSet("vs") {
		return nil, nil
	}
	v = &versus{Model: c.String("vs")}
	model, err := readModelFile(v.Model)
	if err != nil {
		return nil, err
	}
	options, err := modelOptions(c)
	if err != nil {
		return nil, err
	}
	m, err := chooseModel(c, v.Model, model, options)
	if err != nil {
		return nil, err
	}
	other, err := m.open(c, false)
	if err != nil {
		return nil, err
	}
	defer closing(&err, other.Close)
	sides := make([][]imageprep.Image, 2)
	for i, one := range []*infer.Classifier{classifier, other} {
		if sides[i], err = prepared(one, files); err != nil {
			return nil, err
		}
	}
	for _, n := range sizes {
		r, err := pairs(c.Context, limit, func(ctx context.Context) error {
			_, err := classifier.Classify(ctx, repeated(sides[0], n))
			return err
		}, func(ctx context.Context) error {
			_, err := other.Classify(ctx, repeated(sides[1], n))
			return err
		})
		if err != nil {
			return nil, err
		}
		r.Batch = n
		v.Batches = append(v.Batches, r)
	}
	return v, nil
}

// pairs runs a and b in turn, each first in every second pair.
func pairs(ctx context.Context, limit time.Duration, a, b func(context.Context) error) (ratio, error) {
	const warm = 3 // memory, and on a GPU cuDNN's choice of algorithms
	var ratios []float64
	for start, i := time.Now(), 0; i < warm+5 || time.Since(start) < limit; i++ {
		var took [2]time.Duration
		for k := range 2 {
			side := (i + k) % 2
			before := time.Now()
			if err := [2]func(context.Context) error{a, b}[side](ctx); err != nil {
				return ratio{}, err
			}
			took[side] = time.Since(before)
		}
		if i >= warm {
			ratios = append(ratios, float64(took[0])/float64(took[1]))
		}
	}
	slices.Sort(ratios)
	at := func(q float64) float64 { return ratios[int(q*float64(len(ratios)-1)+0.5)] }
	return ratio{Pairs: len(ratios), P10: at(0.1), P50: at(0.5), P90: at(0.9)}, nil
}

// prepared are the files as the network's images.
func prepared(classifier *infer.Classifier, files [][]byte) ([]imageprep.Image, error) {
	images := make([]imageprep.Image, len(files))
	for i, data := range files {
		var err error
		if images[i], err = new(imageprep.Decoder).Prepare(imageprep.Bytes(data), classifier.Preprocess()); err != nil {
			return nil, err
		}
	}
	return images, nil
}

// repeated are n images, from the first again where there are fewer.
func repeated(images []imageprep.Image, n int) []imageprep.Image {
	batch := make([]imageprep.Image, n)
	for i := range batch {
		batch[i] = images[i%len(images)]
	}
	return batch
}

func (v *versus) print(w io.Writer) error {
	fmt.Fprintf(w, "\nagainst %s, run by run in turn: time as a share of the other's\n", v.Model)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "batch\tp10\tp50\tp90\tpairs\t\n")
	for _, r := range v.Batches {
		fmt.Fprintf(t, "%d\t%.2f\t%.2f\t%.2f\t%d\t\n", r.Batch, r.P10, r.P50, r.P90, r.Pairs)
	}
	return t.Flush()
}
