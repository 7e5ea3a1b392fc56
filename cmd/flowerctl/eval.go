package main

import (
	"cmp"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/sharded"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
)

type evalOptions struct {
	choose.Flags
	sharded               sharded.Flags
	data, labelsFile      string
	run, checkpoint, part string
	html                  string
	worst, batch          int
	json, force           bool
}

func (o *evalOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		shell.TextFlag(&o.data, "data", "",
			"`DIR` with one folder per class; with --run, else the run's own test part"),
		shell.TextFlag(&o.labelsFile, "labels-file", "",
			"`LIST`.csv or LIST.jsonl of pictures in --data (else in its own folder) and their labels"),
		shell.TextFlag(&o.run, "run", "",
			"evaluate the checkpoint of this run `DIR` instead of an ONNX file"),
		shell.TextFlag(&o.checkpoint, "checkpoint", string(run.Best), "of the run: `best` or last"),
		shell.TextFlag(&o.part, "part", "",
			"only `train`, val or test: of the run's split.csv, else of the folder's own"),
		shell.IntFlag(&o.worst, "worst", 10, "list the `N` most confident mistakes"),
		choose.BatchFlag(&o.batch),
		shell.TextFlag(&o.html, "html", "",
			"curves and tables as a page in `FILE`.html, and as CSV beside it"),
		shell.BoolFlag(&o.force, "force", "write over the files of --html"),
		shell.JSONFlag(&o.json),
	}, append(o.sharded.List(), o.Flags.List()...)...)
}

func evalCommand() *cli.Command {
	o := new(evalOptions)
	return &cli.Command{
		Name:  "eval",
		Usage: "how often a model is right on a folder of labelled pictures",
		Description: `Accuracy with its 95 % interval, a report by class, the confusion matrix and
the most confident mistakes, on a folder with one folder of pictures per class.
An ONNX file is run by onnxruntime, a run's network by gorgonia: the figures are
the same. Pictures that cannot be read are left out and named, and the exit code
is 1.

  flowerctl eval --data photos/
  flowerctl eval --labels-file labels.csv --data photos/
  flowerctl eval --run runs/latest --html eval.html
  flowerctl eval --data photos/ --run runs/latest --part val
  flowerctl eval --data photos/ --model other.onnx --labels labels.txt --mean 0.5 --std 0.5

A shard of a manifest (flowerctl list --data photos/); flowerctl merge counts them all:

  flowerctl eval --manifest manifest.jsonl --shard 3/16 --out report/`,
		Flags:  o.flags(),
		Action: shell.Action(o.eval),
	}
}

func (o *evalOptions) check(c *shell.Call) error {
	if o.data == "" && o.labelsFile != "" {
		o.data = filepath.Dir(o.labelsFile)
	}
	switch {
	case o.sharded.Asked(c) && c.FirstGiven("data", "labels-file", "part", "html") != "":
		return shell.Usagef("--manifest and --%s: want one of them",
			c.FirstGiven("data", "labels-file", "part", "html"))
	case o.data == "" && o.run == "" && !o.sharded.Asked(c):
		return shell.Fail(shell.Usagef("no --data"),
			"flowerctl eval --data DIR, with one folder of pictures per class")
	case objects.Is(o.data):
		return shell.Fail(shell.Usagef("--data: got %s, want a folder; object stores are read by a manifest",
			o.data), "flowerctl list --data "+o.data+" > manifest.jsonl, then eval --manifest")
	case o.worst < 0:
		return shell.Usagef("--worst: got %d, want 0 or more", o.worst)
	case !slices.Contains([]data.Part{"", data.Train, data.Val, data.Test}, data.Part(o.part)):
		return shell.Usagef("--part: got %q, want train, val or test", o.part)
	case o.run != "":
		// What chooses or describes an ONNX file contradicts --run. An environment
		// that names a model does not.
		for _, f := range o.Flags.List() {
			if name := f.Names()[0]; name != "threads" && c.Given(name) {
				return shell.Usagef("--run and --%s: want one of them: "+
					"a run is answered by gorgonia, on the CPU", name)
			}
		}
	}
	if err := cmp.Or(o.Flags.Check(), choose.CheckBatch(o.batch), c.NoFiles()); err != nil || o.html == "" {
		return err
	}
	return shell.MayWrite(o.html, o.force)
}

func (o *evalOptions) eval(c *shell.Call) (err error) {
	if err := o.check(c); err != nil {
		return err
	}
	if o.sharded.Asked(c) {
		open := func() (*sharded.Evaluated, error) { return o.open(c) }
		return o.sharded.Eval(c, o.json, o.worst, o.batch, open)
	}
	images, err := o.images(c)
	if err != nil {
		return err
	}
	e, err := o.open(c)
	if err != nil {
		return err
	}
	defer shell.Closing(&err, e.Close)
	if e.Thresholds != nil && !images.Multi && o.labelsFile == "" {
		c.Say("one class a picture, and a model of several labels: the most probable one counts; a list of " +
			"--labels-file measures each label")
		e.Thresholds = nil
	}
	if err := images.To(e.Labels, e.Thresholds != nil); err != nil {
		return err
	}
	return o.count(c, e, images)
}
