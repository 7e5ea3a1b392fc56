package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/infer/evaluate"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
)

type evalOptions struct {
	modelFlags
	data, run, checkpoint, part string
	worst, batch                int
	json                        bool
}

func (o *evalOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		shell.TextFlag(&o.data, "data", "", "`DIR` with one folder per class"),
		shell.TextFlag(&o.run, "run", "",
			"evaluate the checkpoint of this run `DIR` instead of an ONNX file"),
		shell.TextFlag(&o.checkpoint, "checkpoint", string(run.Best), "of the run: `best` or last"),
		shell.TextFlag(&o.part, "part", "",
			"only `train`, val or test: of the run's split.csv, else of the folder's own"),
		shell.IntFlag(&o.worst, "worst", 10, "list the `N` most confident mistakes"),
		batchFlag(&o.batch),
		shell.JSONFlag(&o.json),
	}, o.modelFlags.flags()...)
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
  flowerctl eval --data photos/ --run runs/latest --part val
  flowerctl eval --data photos/ --model other.onnx --labels labels.txt --mean 0.5 --std 0.5`,
		Flags:  o.flags(),
		Action: shell.Action(o.eval),
	}
}

func (o *evalOptions) check(c *shell.Call) error {
	switch {
	case o.data == "":
		return shell.Fail(shell.Usagef("no --data"),
			"flowerctl eval --data DIR, with one folder of pictures per class")
	case o.worst < 0:
		return shell.Usagef("--worst: got %d, want 0 or more", o.worst)
	case !slices.Contains([]data.Part{"", data.Train, data.Val, data.Test}, data.Part(o.part)):
		return shell.Usagef("--part: got %q, want train, val or test", o.part)
	case o.run != "":
		// What chooses or describes an ONNX file contradicts --run. An environment
		// that names a model does not.
		for _, f := range o.modelFlags.flags() {
			if name := f.Names()[0]; name != "threads" && c.Given(name) {
				return shell.Usagef("--run and --%s: want one of them: "+
					"a run is answered by gorgonia, on the CPU", name)
			}
		}
	}
	return cmp.Or(o.modelFlags.check(), checkBatch(o.batch), c.NoFiles())
}

func (o *evalOptions) eval(c *shell.Call) (err error) {
	if err := o.check(c); err != nil {
		return err
	}
	set, err := data.Scan(c.Ctx, o.data, data.ScanOptions{})
	if err != nil {
		return shell.Fail(err, "want DIR/daisy/1.jpg, DIR/rose/2.jpg ...")
	}
	items, unreadable, err := o.images(set)
	if err != nil {
		return err
	}
	e, err := o.open(c)
	if err != nil {
		return err
	}
	defer shell.Closing(&err, e.close)
	classes, err := evaluate.Match(set.Labels, e.labels)
	if err != nil {
		return err
	}
	file := func(path string) string { return filepath.Join(set.Dir, filepath.FromSlash(path)) }
	pictures := make([]evaluate.Picture, len(items))
	for i, item := range items {
		pictures[i] = evaluate.Picture{File: file(item.Path), Path: item.Path, Class: classes[item.Class]}
	}
	watch := &evalWatch{c, terminal.NewCounter(c.Log, len(items))}
	how := evaluate.Options{Model: e.name, Labels: e.labels, Batch: o.batch, Worst: o.worst,
		Observer: watch}
	for _, p := range unreadable {
		how.Unreadable = append(how.Unreadable, p.Path)
		watch.LeftOut(errors.New(file(p.Path) + ": " + p.Reason))
	}
	result, err := evaluate.Run(c.Ctx, e.Engine, pictures, how)
	watch.End()
	if err != nil {
		return err
	}
	if o.json {
		err = shell.WriteJSON(c.Out, result)
	} else {
		err = result.WriteText(c.Out)
	}
	if n := len(result.Unreadable); err == nil && n > 0 {
		err = fmt.Errorf("no answer for %d of %d images", n, n+result.N)
	}
	return err
}

// images are those to evaluate, all or of a part, and files that cannot be read. The
// run's split says what is in a part, where there is a run, and the folder where not.
func (o *evalOptions) images(set *data.Set) ([]data.Item, []data.Problem, error) {
	part := data.Part(o.part)
	none := fmt.Sprintf("%s has no such part, want %s",
		set.Dir, filepath.Join(set.Dir, o.part, "CLASS", "1.jpg"))
	var split *data.Set
	if part != "" && o.run != "" {
		folder, err := run.Find(o.run)
		if err != nil {
			return nil, nil, err
		}
		if split, err = folder.Split(); err != nil {
			return nil, nil, err
		}
		none = fmt.Sprintf("%s has no image of %s there", folder.SplitPath(), set.Dir)
	}
	items, unreadable := set.Of(part, split)
	if len(items) == 0 {
		return nil, nil, fmt.Errorf("--part %s: %s", o.part, none)
	}
	return items, unreadable, nil
}

// evalWatch shows how far an evaluation is, and says which pictures it leaves out.
type evalWatch struct {
	*shell.Call
	*terminal.Counter
}

func (w *evalWatch) Answered() { w.Add(1) }

func (w *evalWatch) LeftOut(why error) {
	w.End()
	w.Say("%s: left out", shell.OneLine(why))
}
