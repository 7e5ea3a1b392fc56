package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/fixtures/flowers"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
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
			jsonFlag(),
		}, modelFlags()...),
		Action: benchInfer,
	}
}

// inferSpeed is what `bench infer --json` prints. The figures at the top are
// those of the first batch size.
type inferSpeed struct {
	Model       string  `json:"model"`
	Device      string  `json:"device"`
	Provider    string  `json:"provider"` // as onnxruntime calls it
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
	sizes, limit := c.IntSlice("batch"), time.Duration(c.Float64("seconds")*float64(time.Second))
	if len(sizes) == 0 || slices.Min(sizes) < 1 {
		return usagef("--batch: got %v, want sizes of 1 or more", sizes)
	}
	if limit <= 0 {
		return usagef("--seconds: got %v, want more than 0", c.Float64("seconds"))
	}
	classifier, name, err := openModel(c)
	if err != nil {
		return err
	}
	defer closing(&err, classifier.Close)
	files, err := benchPictures(c)
	if err != nil {
		return err
	}
	r := describeSpeed(c, classifier, name, len(files))
	if r.ColdStart, err = coldStart(c, files[0]); err != nil {
		return fmt.Errorf("cold start: %w", err)
	}
	if err := r.measure(c.Context, classifier, files, sizes, limit); err != nil {
		return err
	}
	if r.Versus, err = versusModel(c, classifier, files, sizes, limit); err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, r)
	}
	return r.print(c.App.Writer)
}

func describeSpeed(c *cli.Context, classifier *infer.Classifier, name string, images int) *inferSpeed {
	device := classifier.Session().Device()
	r := &inferSpeed{Model: name, Device: device.String(), Provider: device.Provider(), TF32: c.Bool("tf32"),
		Threads: c.Int("threads"), Onnxruntime: ort.Loaded().Version, Version: version, CPU: cpuName(), Images: images}
	if r.Threads == 0 {
		r.Threads = runtime.GOMAXPROCS(0)
	}
	return r
}

// measure fills in all figures but the cold start's.
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
	return errors.Join(r.stages(ctx, classifier, files, limit), r.pipeline(ctx, classifier, files, limit))
}

// stages times what one image goes through, on its own.
func (r *inferSpeed) stages(ctx context.Context, classifier *infer.Classifier, files [][]byte, limit time.Duration) error {
	var decode, resize, answer []time.Duration
	prep := classifier.Preprocess()
	for i, start := 0, time.Now(); i < 3 || time.Since(start) < limit; i++ {
		t0 := time.Now()
		img, err := imageprep.Decode(files[i%len(files)])
		if err != nil {
			return err
		}
		t1 := time.Now()
		img = prep.Apply(img)
		t2 := time.Now()
		if _, err := classifier.Classify(ctx, []imageprep.Image{img}); err != nil {
			return err
		}
		decode, resize, answer = append(decode, t1.Sub(t0)), append(resize, t2.Sub(t1)), append(answer, time.Since(t2))
	}
	for _, part := range []struct {
		took []time.Duration
		p50  *float64
	}{{decode, &r.Decode}, {resize, &r.Resize}, {answer, &r.Infer}} {
		slices.Sort(part.took)
		*part.p50 = quantile(part.took, 0.5)
	}
	return nil
}

// pipeline times predict's own way: decoding on all cores while the network runs.
func (r *inferSpeed) pipeline(ctx context.Context, classifier *infer.Classifier, files [][]byte, limit time.Duration) error {
	start, n := time.Now(), 0
	pictures := func(yield func(infer.Picture) bool) {
		for i := 0; i < 64 || time.Since(start) < limit; i++ {
			if !yield(infer.Picture{Data: files[i%len(files)]}) {
				return
			}
		}
	}
	for result, err := range classifier.Stream(ctx, pictures, defaultBatch) {
		if err := errors.Join(err, result.Err); err != nil {
			return err
		}
		n++
	}
	r.Pipeline = float64(n) / time.Since(start).Seconds()
	return nil
}

// benchPictures reads the pictures to answer for, at most 256, or draws some.
func benchPictures(c *cli.Context) ([][]byte, error) {
	var files [][]byte
	for p := range pictures(c.Args().Slice(), c.App.Reader, false) {
		if p.Data == nil && p.Err == nil {
			p.Data, p.Err = os.ReadFile(p.Name)
		}
		if p.Err == nil {
			_, p.Err = imageprep.Decode(p.Data)
		}
		if p.Tag == fromFolder && errors.Is(p.Err, imageprep.ErrNotImage) {
			continue
		}
		if p.Err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, fileError(p.Err))
		}
		if files = append(files, p.Data); len(files) == 256 {
			break
		}
	}
	switch {
	case len(files) > 0:
		return files, nil
	case c.Args().Present():
		return nil, errors.New("no images there")
	}
	return drawnPictures()
}

// drawnPictures are flowers as JPEG files of the size that photographs on the
// web have.
func drawnPictures() ([][]byte, error) {
	var files [][]byte
	for i, kind := range flowers.Kinds() {
		img := flowers.Draw(kind, uint64(i), 320)
		rgba := image.NewRGBA(image.Rect(0, 0, img.W, img.H))
		for p := range img.W * img.H {
			copy(rgba.Pix[4*p:], img.Pix[3*p:3*p+3])
			rgba.Pix[4*p+3] = 255
		}
		var file bytes.Buffer
		if err := jpeg.Encode(&file, rgba, &jpeg.Options{Quality: 90}); err != nil {
			return nil, err
		}
		files = append(files, file.Bytes())
	}
	return files, nil
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
	for _, name := range []string{"model", "device", "threads", "labels", "size"} {
		if c.IsSet(name) {
			args = append(args, "--"+name, fmt.Sprint(c.Value(name)))
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
	fmt.Fprintf(w, "%s on %s (%s, %d threads), onnxruntime %s\n%s\n\n", r.Model, r.Device, r.Provider, r.Threads,
		r.Onnxruntime, r.CPU)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "batch\tp50 ms\tp90 ms\tp99 ms\timages/s\t\n")
	for _, b := range r.Batches {
		fmt.Fprintf(t, "%d\t%.2f\t%.2f\t%.2f\t%.0f\t\n", b.Batch, b.P50, b.P90, b.P99, b.PerSecond)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\none picture: decode %.2f ms, resize %.2f ms, infer %.2f ms\n", r.Decode, r.Resize, r.Infer)
	fmt.Fprintf(w, "many, decoded on all cores while the network runs: %.0f images/s\n", r.Pipeline)
	if r.ColdStart > 0 {
		fmt.Fprintf(w, "cold, from the start of the program to the answer: %.0f ms\n", r.ColdStart)
	}
	if r.Versus != nil {
		return r.Versus.print(w)
	}
	return nil
}
