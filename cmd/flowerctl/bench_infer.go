package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/bench"
	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/infer/pictures"
	"github.com/flowerctl/flowerctl/train/data"
)

type benchInferOptions struct {
	modelFlags
	batch   cli.IntSlice
	seconds float64
	cold    int
	vs      string
	json    bool
}

func (o *benchInferOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		&cli.IntSliceFlag{Name: "batch", Value: cli.NewIntSlice(1, 8, 32),
			Usage: "batch sizes, `N,N,...`", Destination: &o.batch},
		floatFlag(&o.seconds, "seconds", 2, "`S` to spend on each figure"),
		intFlag(&o.cold, "cold", 10, "start the program `N` times; 0 leaves that out"),
		textFlag(&o.vs, "vs", "", "also run alternately with `FILE`.onnx: times as a share of its"),
		jsonFlag(&o.json),
	}, o.modelFlags.flags()...)
}

func benchInferCommand() *cli.Command {
	o := new(benchInferOptions)
	return &cli.Command{
		Name:      "infer",
		Usage:     "time answers: from a cold start, one by one, in batches, from files",
		ArgsUsage: "[IMG...]",
		Description: `IMG is as for predict; without any, drawn flowers are used. Every batch size is
run warm before it is timed.

  flowerctl bench infer
  flowerctl bench infer photos/ --device cuda --json
  flowerctl bench infer --model int8.onnx --vs fp32.onnx`,
		Flags:  o.flags(),
		Action: action(o.run),
	}
}

func (o *benchInferOptions) run(c *call) (err error) {
	timed := bench.Options{Batches: o.batch.Value(), Threads: o.threads,
		Version: version, CPU: machine.Processor()}
	if err := checkBatch(timed.Batches...); err != nil {
		return err
	}
	if timed.Limit, err = secondsOf(o.seconds); err != nil {
		return err
	}
	m, err := o.find(c)
	if err != nil {
		return err
	}
	one, err := m.open(c, false)
	if err != nil {
		return err
	}
	defer closing(&err, one.Close)
	many, err := m.open(c, true)
	if err != nil {
		return err
	}
	defer closing(&err, many.Close)
	m.tell(c)
	files, err := benchPictures(c)
	if err != nil {
		return err
	}
	timed.Model, timed.TF32 = m.Name, m.options.Session.TF32
	cold, err := o.coldStart(c, files[0])
	if err != nil {
		return err
	}
	r, err := bench.Time(c.ctx, one, many, files, timed)
	if err != nil {
		return err
	}
	r.ColdStart = cold
	if o.vs != "" {
		if r.Versus, err = o.versus(c, one, files, timed); err != nil {
			return err
		}
	}
	if o.json {
		return writeJSON(c.out, r)
	}
	return r.WriteText(c.out)
}

// benchPictures reads the pictures that were named, up to 256, or draws some of the
// size that photographs on the web have.
func benchPictures(c *call) ([][]byte, error) {
	if len(c.files) == 0 {
		return data.DrawnFiles(5, 320, 0)
	}
	files, err := pictures.Arguments{Names: c.files, Stdin: c.in}.Read(256)
	if err == nil && len(files) == 0 {
		err = errors.New("no images there")
	}
	return files, err
}

// coldStart times this program's predict, with the flags that were given.
func (o *benchInferOptions) coldStart(c *call, picture []byte) (p50 float64, err error) {
	if o.cold < 1 {
		return 0, nil
	}
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	command := []string{program, "predict"}
	for name, value := range map[string]any{"model": o.model, "precision": o.precision,
		"device": o.device, "tf32": o.tf32, "threads": o.threads, "labels": o.labels, "size": o.size} {
		if c.given(name) {
			command = append(command, fmt.Sprintf("--%s=%v", name, value))
		}
	}
	return bench.ColdStart(c.ctx, command, picture, o.cold)
}

// versus times the classifier against the model that --vs names.
func (o *benchInferOptions) versus(c *call, one *infer.Classifier, files [][]byte,
	timed bench.Options) (v *bench.Versus, err error) {
	file, err := infer.Find(o.vs)
	if err != nil {
		return nil, err
	}
	other, err := o.choose(c, file)
	if err != nil {
		return nil, err
	}
	classifier, err := other.open(c, false)
	if err != nil {
		return nil, err
	}
	defer closing(&err, classifier.Close)
	return bench.Compare(c.ctx, one, classifier, o.vs, files, timed)
}
