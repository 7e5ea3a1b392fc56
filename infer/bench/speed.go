// Package bench times the answers of a classifier: one by one, in batches, from
// files, from a cold start, and against another classifier. Results are structs;
// nothing is printed. It never imports training, export or gorgonia. Start at [Time].
package bench

import (
	"context"
	"runtime"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/ort"
)

// Options say what is timed. Those under "for the result" change nothing else.
type Options struct {
	Batches []int         // sizes of a run, at least one
	Limit   time.Duration // to spend on each figure

	// For the result.
	Model   string // its name
	Version string // of the program
	CPU     string // name of the processor
	Threads int    // as the classifier was opened with
	TF32    bool   // as the classifier was opened with
}

// Speed is how fast a model answers. Its JSON is what `flowerctl bench infer --json`
// prints. The figures at the top are those of the first batch size.
type Speed struct {
	Model       string  `json:"model"`
	Device      string  `json:"device"`
	Provider    string  `json:"provider"`  // as onnxruntime calls it
	Precision   string  `json:"precision"` // of the file; empty where it does not say
	TF32        bool    `json:"tf32"`
	Threads     int     `json:"threads"`
	Onnxruntime string  `json:"onnxruntime"`
	Version     string  `json:"flowerctl"`
	CPU         string  `json:"cpu"`
	Images      int     `json:"images"`
	ColdStart   float64 `json:"cold_start_ms,omitempty"` // of ColdStart
	Decode      float64 `json:"decode_ms"`               // of one image on one core, p50
	Resize      float64 `json:"resize_ms"`
	Infer       float64 `json:"infer_ms"`
	Prepare     float64 `json:"prepare_images_per_s"`  // decode and resize alone, on all cores
	Pipeline    float64 `json:"pipeline_images_per_s"` // files to answers
	Runs
	Batches []Runs  `json:"batches"`
	Versus  *Versus `json:"vs,omitempty"` // of Compare
}

// Runs is how fast runs of one batch size are.
type Runs struct {
	Batch     int     `json:"batch"`
	P50       float64 `json:"p50_ms"` // of a run
	P90       float64 `json:"p90_ms"`
	P99       float64 `json:"p99_ms"`
	PerSecond float64 `json:"images_per_s"`
}

// Time times a model on pictures, which are files of images in memory. It is opened
// twice: as one for a picture at a time, and as many with infer.Options.Many.
func Time(ctx context.Context, one, many *infer.Classifier, pictures [][]byte, o Options) (
	*Speed, error) {
	session := one.Session()
	r := &Speed{Model: o.Model, Precision: session.Metadata()["precision"],
		Device: session.Device().String(), Provider: session.Device().Provider(),
		TF32: o.TF32, Threads: o.Threads, CPU: o.CPU, Images: len(pictures),
		Onnxruntime: ort.Loaded().Version, Version: o.Version}
	if r.Threads == 0 {
		r.Threads = runtime.GOMAXPROCS(0)
	}
	var err error
	if r.Batches, err = timeBatches(ctx, one, pictures, o); err != nil {
		return nil, err
	}
	r.Runs = r.Batches[0]
	if err := r.timeStages(ctx, one, pictures, o.Limit); err != nil {
		return nil, err
	}
	if r.Prepare, err = prepareRate(ctx, many, pictures, o.Limit); err != nil {
		return nil, err
	}
	if r.Pipeline, err = rate(ctx, many.Engine(), pictures, o.Limit); err != nil {
		return nil, err
	}
	return r, nil
}

// timeBatches times runs of each batch size, with all cores at work on one run.
func timeBatches(ctx context.Context, c *infer.Classifier, pictures [][]byte, o Options) (
	[]Runs, error) {
	images, err := prepared(c, pictures)
	if err != nil {
		return nil, err
	}
	var all []Runs
	for _, n := range o.Batches {
		batch := cycled(images, n)
		run := func() error { _, err := c.Classify(ctx, batch); return err }
		for range warmup {
			if err := run(); err != nil {
				return nil, err
			}
		}
		took, err := repeat(o.Limit, run)
		if err != nil {
			return nil, err
		}
		var sum time.Duration
		for _, d := range took {
			sum += d
		}
		all = append(all, Runs{n, quantile(took, 0.5), quantile(took, 0.9), quantile(took, 0.99),
			float64(n*len(took)) / sum.Seconds()})
	}
	return all, nil
}
