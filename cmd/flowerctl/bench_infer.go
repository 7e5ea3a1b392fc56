package main

import (
	"os"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/bench"
	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/infer/pictures"
	"github.com/flowerctl/flowerctl/train/data"
)

type benchInferOptions struct {
	choose.Flags
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
		shell.FloatFlag(&o.seconds, "seconds", 2, "`S` to spend on each figure"),
		shell.IntFlag(&o.cold, "cold", 10, "start the program `N` times; 0 leaves that out"),
		shell.TextFlag(&o.vs, "vs", "", "also run alternately with `FILE`.onnx: times as a share of its"),
		shell.JSONFlag(&o.json),
	}, o.Flags.List()...)
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
		Action: shell.Action(o.run),
	}
}

func (o *benchInferOptions) run(c *shell.Call) (err error) {
	timed := bench.Options{Batches: o.batch.Value(), Threads: o.Threads,
		Version: version, CPU: machine.Processor()}
	if err := choose.CheckBatch(timed.Batches...); err != nil {
		return err
	}
	if timed.Limit, err = choose.Seconds(o.seconds); err != nil {
		return err
	}
	m, err := o.Find(c)
	if err != nil {
		return err
	}
	one, err := m.Open(c, false)
	if err != nil {
		return err
	}
	defer shell.Closing(&err, one.Close)
	many, err := m.Open(c, true)
	if err != nil {
		return err
	}
	defer shell.Closing(&err, many.Close)
	m.Tell(c)
	files, err := benchPictures(c)
	if err != nil {
		return err
	}
	timed.Model, timed.TF32 = m.Name, m.Options.Session.TF32
	cold, err := o.coldStart(c, files[0])
	if err != nil {
		return err
	}
	r, err := bench.Time(c.Ctx, one, many, files, timed)
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
		return shell.WriteJSON(c.Out, r)
	}
	return r.WriteText(c.Out)
}

// benchPictures reads the pictures that were named, up to 256, or draws some of the
// size that photographs on the web have.
func benchPictures(c *shell.Call) ([][]byte, error) {
	if len(c.Files) == 0 {
		return data.DrawnFiles(5, 320, 0)
	}
	return pictures.Arguments{Names: c.Files, Stdin: c.In, Archives: true}.Read(256)
}

// coldStart times this program's predict, with the flags that were given.
func (o *benchInferOptions) coldStart(c *shell.Call, picture []byte) (p50 float64, err error) {
	if o.cold < 1 {
		return 0, nil
	}
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	command := append([]string{program, "predict"}, o.Flags.Arguments(c)...)
	return bench.ColdStart(c.Ctx, command, picture, o.cold)
}

// versus times the classifier against the model that --vs names.
func (o *benchInferOptions) versus(c *shell.Call, one *infer.Classifier, files [][]byte,
	timed bench.Options) (v *bench.Versus, err error) {
	file, err := infer.Find(o.vs)
	if err != nil {
		return nil, err
	}
	other, err := o.Choose(c, file)
	if err != nil {
		return nil, err
	}
	classifier, err := other.Open(c, false)
	if err != nil {
		return nil, err
	}
	defer shell.Closing(&err, classifier.Close)
	return bench.Compare(c.Ctx, one, classifier, o.vs, files, timed)
}
