package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/infer/ort"
)

func benchInferCommand() *cli.Command {
	return &cli.Command{
		Name:      "infer",
		Usage:     "time answers: from a cold start, one by one, in batches, from files",
		ArgsUsage: "[IMG...]",
		Description: `IMG is as for predict; without any, drawn flowers are used. Every batch size is
run warm before it is timed.

  flowerctl bench infer
  flowerctl bench infer photos/ --device cuda --json
  flowerctl bench infer --model int8.onnx --vs fp32.onnx`,
		Flags: append([]cli.Flag{
			&cli.IntSliceFlag{Name: "batch", Value: cli.NewIntSlice(1, 8, 32), Usage: "batch sizes, `N,N,...`"},
			&cli.Float64Flag{Name: "seconds", Value: 2, Usage: "`S` to spend on each figure"},
			&cli.IntFlag{Name: "cold", Value: 10, Usage: "start the program `N` times; 0 leaves that out"},
			&cli.StringFlag{Name: "vs", Usage: "also run in turn with `FILE`.onnx: times as a share of its"},
			jsonFlag(new(bool)),
		}, modelFlags()...),
		Action: benchInfer,
	}
}

// inferSpeed is what `bench infer --json` prints. The figures at the top are
// those of the first batch size.
type inferSpeed struct {
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
	ColdStart   float64 `json:"cold_start_ms,omitempty"` // process start to answer, p50
	Decode      float64 `json:"decode_ms"`               // of one image on one core, p50
	Resize      float64 `json:"resize_ms"`
	Infer       float64 `json:"infer_ms"`
	Prepare     float64 `json:"prepare_images_per_s"`  // decode and resize alone, on all cores
	Pipeline    float64 `json:"pipeline_images_per_s"` // files to answers
	batchSpeed
	Batches []batchSpeed `json:"batches"`
	Versus  *versus      `json:"vs,omitempty"`
}

// batchSpeed is how fast runs of one batch size are.
type batchSpeed struct {
	Batch     int     `json:"batch"`
	P50       float64 `json:"p50_ms"` // of a run
	P90       float64 `json:"p90_ms"`
	P99       float64 `json:"p99_ms"`
	PerSecond float64 `json:"images_per_s"`
}

func benchInfer(c *cli.Context) (err error) {
	sizes := c.IntSlice("batch")
	if err := checkBatch(sizes...); err != nil {
		return err
	}
	limit, err := secondsOf(c)
	if err != nil {
		return err
	}
	m, err := findModel(c)
	if err != nil {
		return err
	}
	classifier, err := m.open(c, false)
	if err != nil {
		return err
	}
	defer closing(&err, classifier.Close)
	many, err := m.open(c, true)
	if err != nil {
		return err
	}
	defer closing(&err, many.Close)
	talk(c, "using %s on %s", m.name, m.options.Session.Device)
	files, err := benchPictures(c)
	if err != nil {
		return err
	}
	r := describeSpeed(c, classifier, m, len(files))
	if r.ColdStart, err = coldStart(c, files[0]); err != nil {
		return fmt.Errorf("cold start: %w", err)
	}
	if err := errors.Join(
		r.measure(c.Context, classifier, files, sizes, limit),
		r.stages(c.Context, classifier, files, limit),
		r.prepare(c.Context, many, files, limit),
		r.pipeline(c.Context, many, files, limit),
	); err != nil {
		return err
	}
	if r.Versus, err = versusModel(c, classifier, files, sizes, limit); err != nil {
		return err
	}
	if c.Bool("json") {
		return writeJSON(c.App.Writer, r)
	}
	return r.print(c.App.Writer)
}

func describeSpeed(c *cli.Context, classifier *infer.Classifier, m *chosenModel, images int) *inferSpeed {
	device := classifier.Session().Device()
	r := &inferSpeed{Model: m.name, Device: device.String(), Provider: device.Provider(),
		Precision: classifier.Session().Metadata()["precision"], TF32: m.options.Session.TF32,
		Threads: c.Int("threads"), Onnxruntime: ort.Loaded().Version, Version: version,
		CPU: machine.Processor(), Images: images}
	if r.Threads == 0 {
		r.Threads = runtime.GOMAXPROCS(0)
	}
	return r
}

// measure times runs of each batch size, with all cores at work on one run.
func (r *inferSpeed) measure(ctx context.Context, classifier *infer.Classifier, files [][]byte, sizes []int,
	limit time.Duration) error {
	images, err := prepared(classifier, files)
	if err != nil {
		return err
	}
	for _, n := range sizes {
		batch := repeated(images, n)
		run := func() error { _, err := classifier.Classify(ctx, batch); return err }
		for range 3 { // memory, and on a GPU cuDNN's choice of algorithms
			if err := run(); err != nil {
				return err
			}
		}
		took, err := repeat(limit, run)
		if err != nil {
			return err
		}
		var sum time.Duration
		for _, d := range took {
			sum += d
		}
		r.Batches = append(r.Batches, batchSpeed{n, quantile(took, 0.5), quantile(took, 0.9), quantile(took, 0.99),
			float64(n*len(took)) / sum.Seconds()})
	}
	r.batchSpeed = r.Batches[0]
	return nil
}

// coldStart runs this program's predict on a picture, and times it from the
// start of the process to its end: the median of the runs, in milliseconds.
func coldStart(c *cli.Context, picture []byte) (p50 float64, err error) {
	if c.Int("cold") < 1 {
		return 0, nil
	}
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "flowerctl-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "picture")
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		return 0, err
	}
	args := []string{"predict", path}
	for _, name := range []string{"model", "precision", "device", "tf32", "threads", "labels", "size"} {
		if c.IsSet(name) {
			args = append(args, fmt.Sprintf("--%s=%v", name, c.Value(name)))
		}
	}
	var took []time.Duration
	for range c.Int("cold") + 1 {
		var complaint bytes.Buffer
		command := exec.CommandContext(c.Context, program, args...)
		command.Stderr = &complaint
		start := time.Now()
		if err := command.Run(); err != nil {
			return 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(complaint.Bytes()))
		}
		took = append(took, time.Since(start))
	}
	took = took[1:] // the first one read the program and the library from disk
	slices.Sort(took)
	return quantile(took, 0.5), nil
}

// print writes the figures for people.
func (r *inferSpeed) print(w io.Writer) error {
	precision := cmp.Or(r.Precision, "precision not stated")
	if r.TF32 {
		precision += " with TF32"
	}
	fmt.Fprintf(w, "%s (%s) on %s (%s, %d threads), onnxruntime %s, flowerctl %s\n%s\n\n", r.Model, precision,
		r.Device, r.Provider, r.Threads, r.Onnxruntime, r.Version, r.CPU)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "batch\tp50 ms\tp90 ms\tp99 ms\timages/s\t\n")
	for _, b := range r.Batches {
		fmt.Fprintf(t, "%d\t%.2f\t%.2f\t%.2f\t%.0f\t\n", b.Batch, b.P50, b.P90, b.P99, b.PerSecond)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\none picture: decode %.2f ms, resize %.2f ms, infer %.2f ms\n", r.Decode, r.Resize, r.Infer)
	fmt.Fprintf(w, "many, decoded on all cores while the network runs: %.0f images/s; decode and resize alone: %.0f\n",
		r.Pipeline, r.Prepare)
	if r.ColdStart > 0 {
		fmt.Fprintf(w, "cold, from the start of the program to the answer: %.0f ms\n", r.ColdStart)
	}
	if r.Versus != nil {
		return r.Versus.print(w)
	}
	return nil
}
