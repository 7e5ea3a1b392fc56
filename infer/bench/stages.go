package bench

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// timeStages times the stages of one image, each alone.
func (r *Speed) timeStages(ctx context.Context, c *infer.Classifier, pictures [][]byte, limit time.Duration) error {
	var decode, resize, answer []time.Duration
	prep, decoder := c.Preprocess(), new(imageprep.Decoder)
	for i, start := 0, time.Now(); i < 3 || time.Since(start) < limit; i++ {
		t0 := time.Now()
		img, err := decoder.Decode(imageprep.Bytes(pictures[i%len(pictures)]))
		if err != nil {
			return err
		}
		t1 := time.Now()
		img = prep.Apply(img)
		t2 := time.Now()
		if _, err := c.Classify(ctx, []imageprep.Image{img}); err != nil {
			return err
		}
		decode, resize = append(decode, t1.Sub(t0)), append(resize, t2.Sub(t1))
		answer = append(answer, time.Since(t2))
	}
	for _, stage := range []struct {
		took []time.Duration
		p50  *float64
	}{{decode, &r.Decode}, {resize, &r.Resize}, {answer, &r.Infer}} {
		slices.Sort(stage.took)
		*stage.p50 = quantile(stage.took, 0.5)
	}
	return nil
}

// prepareRate is how many pictures a second are decoded and resized on all cores, for
// a network that takes no time.
func prepareRate(ctx context.Context, many *infer.Classifier, pictures [][]byte, limit time.Duration) (float64, error) {
	idle := infer.Engine{Prep: many.Preprocess(),
		Classify: func(_ context.Context, images []imageprep.Image) ([]infer.Answer, error) {
			return make([]infer.Answer, len(images)), nil
		}}
	return rate(ctx, idle, pictures, limit)
}

// rate is how many pictures a second go through an engine, decoded on all cores while
// the network runs, as in predict.
func rate(ctx context.Context, e infer.Engine, pictures [][]byte, limit time.Duration) (float64, error) {
	e.Alone = true
	start, n := time.Now(), 0
	list := func(yield func(infer.Picture) bool) {
		for i := 0; i < 64 || time.Since(start) < limit; i++ {
			if !yield(infer.Picture{Data: pictures[i%len(pictures)]}) {
				return
			}
		}
	}
	for result, err := range infer.Stream(ctx, e, list, infer.DefaultBatch) {
		if err := errors.Join(err, result.Err); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// prepared are the pictures as the network's images.
func prepared(c *infer.Classifier, pictures [][]byte) ([]imageprep.Image, error) {
	images, decoder := make([]imageprep.Image, len(pictures)), new(imageprep.Decoder)
	for i, data := range pictures {
		var err error
		if images[i], err = decoder.Prepare(imageprep.Bytes(data), c.Preprocess()); err != nil {
			return nil, err
		}
	}
	return images, nil
}

// cycled are n images, from the first again after the last.
func cycled(images []imageprep.Image, n int) []imageprep.Image {
	batch := make([]imageprep.Image, n)
	for i := range batch {
		batch[i] = images[i%len(images)]
	}
	return batch
}
