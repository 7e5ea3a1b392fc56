package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/metrics"
)

func evalCommand() *cli.Command {
	return &cli.Command{
		Name:  "eval",
		Usage: "how often a model is right on a folder of labelled pictures",
		Description: `Accuracy with its 95 % interval, a report by class, the confusion matrix and
the surest mistakes, on a folder with one folder of pictures per class. For an
ONNX file by onnxruntime, or for a run by gorgonia: the figures are the same.
Pictures that cannot be read are left out and named, and the exit code is 1.

  flowerctl eval --data photos/
  flowerctl eval --data photos/ --run runs/latest --part val
  flowerctl eval --data photos/ --model other.onnx --labels labels.txt --mean 0.5 --std 0.5`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`DIR` with one folder per class"},
			&cli.StringFlag{Name: "run", Usage: "evaluate the checkpoint of this run `DIR` instead of an ONNX file"},
			&cli.StringFlag{Name: "checkpoint", Value: "best", Usage: "of the run: `best` or last"},
			&cli.StringFlag{Name: "part", Usage: "only `train`, val or test: of the run's split.csv, else of the folder's own"},
			&cli.IntFlag{Name: "worst", Value: 10, Usage: "list the `N` surest mistakes"},
			&cli.IntFlag{Name: "batch", Value: defaultBatch, Usage: "`N` pictures a run of the network"},
			jsonFlag(new(bool)),
		}, modelFlags()...),
		Action: eval,
	}
}

// engine answers for images, whatever computes it.
type engine struct {
	infer.Engine
	name   string
	labels []string
	close  func() error
}

func eval(c *cli.Context) (err error) {
	if err := checkEval(c); err != nil {
		return err
	}
	set, err := data.Scan(c.Context, c.String("data"), data.ScanOptions{})
	if err != nil {
		return fail(err, "want DIR/daisy/1.jpg, DIR/rose/2.jpg ...")
	}
	items, lost, err := itemsOf(set, c.String("part"), c.String("run"))
	if err != nil {
		return err
	}
	e, err := openEngine(c)
	if err != nil {
		return err
	}
	defer closing(&err, e.close)
	classes, err := matchLabels(set.Labels, e.labels)
	if err != nil {
		return err
	}
	r := newEvaluation(e.name, e.labels)
	for _, p := range lost {
		r.leaveOut(c, p.Path, filepath.Join(set.Dir, filepath.FromSlash(p.Path))+": "+p.Reason)
	}
	if err := r.evaluate(c, e, set, items, classes); err != nil {
		return err
	}
	if c.Bool("json") {
		err = writeJSON(c.App.Writer, r)
	} else {
		err = r.print(c.App.Writer)
	}
	if n := len(r.Unreadable); err == nil && n > 0 {
		err = fmt.Errorf("no answer for %d of %d images", n, n+r.N)
	}
	return err
}

func checkEval(c *cli.Context) error {
	switch {
	case c.String("data") == "":
		return fail(usagef("no --data"), "flowerctl eval --data DIR, with one folder of pictures per class")
	case c.Int("worst") < 0:
		return usagef("--worst: got %d, want 0 or more", c.Int("worst"))
	case c.String("run") != "":
		if err := cmp.Or(checkRun(c), checkThreads(c)); err != nil {
			return err
		}
	}
	return cmp.Or(checkBatch(c.Int("batch")), noArgs(c))
}

// matchLabels finds the network's class for each class folder.
func matchLabels(folders, labels []string) ([]int, error) {
	classes := make([]int, len(folders))
	for i, name := range folders {
		if classes[i] = slices.Index(labels, name); classes[i] < 0 {
			return nil, fmt.Errorf("class folder %q is no class of the model, which has %s", name, strings.Join(labels, ", "))
		}
		if slices.Contains(labels[classes[i]+1:], name) { // as lists of ImageNet have some
			return nil, fmt.Errorf("class folder %q is more than one class of the model, which has %s", name, strings.Join(labels, ", "))
		}
	}
	return classes, nil
}

// evaluate answers for all items. classes are the network's, by class folder.
func (r *evaluation) evaluate(c *cli.Context, e *engine, set *data.Set, items []data.Item, classes []int) error {
	pictures := func(yield func(infer.Picture) bool) {
		for i, item := range items {
			if !yield(infer.Picture{Name: filepath.Join(set.Dir, filepath.FromSlash(item.Path)), Tag: i}) {
				return
			}
		}
	}
	progress := newCounter(c.App.ErrWriter, len(items))
	defer progress.end()
	for result, err := range stream(c.Context, e.Engine, pictures, c.Int("batch")) {
		if err != nil {
			return err
		}
		progress.add(1)
		item := items[result.Tag]
		if result.Err != nil {
			progress.end()
			r.leaveOut(c, item.Path, oneLine(result.Err))
			continue
		}
		r.add(item.Path, classes[item.Class], result.Answer)
	}
	if r.confusion.N() == 0 {
		return errors.New("no answer for any of the images")
	}
	r.finish(c.Int("worst"))
	return nil
}

// leaveOut notes an image that has no answer, and says why.
func (r *evaluation) leaveOut(c *cli.Context, path, why string) {
	r.Unreadable = append(r.Unreadable, path)
	talk(c, "%s: left out", printable(why))
}

// evaluation is what `eval --json` prints.
type evaluation struct {
	Model      string          `json:"model"`
	Labels     []string        `json:"labels"`
	N          int             `json:"n"`
	Accuracy   float64         `json:"accuracy"`
	Interval   [2]float64      `json:"interval"` // Wilson's, 95 %
	PerClass   []metrics.Score `json:"per_class"`
	Macro      metrics.Score   `json:"macro"`
	Weighted   metrics.Score   `json:"weighted"`
	Confusion  [][]int         `json:"confusion"` // true class on the rows
	Worst      []mistake       `json:"worst"`
	Unreadable []string        `json:"unreadable"`
	confusion  *metrics.Confusion
}

// mistake is a wrong answer.
type mistake struct {
	File        string  `json:"file"`
	Class       string  `json:"class"`
	Predicted   string  `json:"predicted"`
	Probability float32 `json:"probability"` // of what was predicted
}

func newEvaluation(model string, labels []string) *evaluation {
	return &evaluation{Model: model, Labels: labels, confusion: metrics.NewConfusion(labels),
		Worst: []mistake{}, Unreadable: []string{}}
}

func (r *evaluation) add(file string, class int, a infer.Answer) {
	best := a.Best()
	r.confusion.Add(class, best)
	if best != class {
		r.Worst = append(r.Worst, mistake{file, r.Labels[class], r.Labels[best], a.Probabilities[best]})
	}
}

// finish computes the figures, and keeps the surest mistakes.
func (r *evaluation) finish(worst int) {
	r.N, r.Accuracy, r.Confusion = r.confusion.N(), r.confusion.Accuracy(), r.confusion.Counts
	r.Interval[0], r.Interval[1] = r.confusion.Interval()
	report := r.confusion.Report()
	r.PerClass, r.Macro, r.Weighted = report.Classes, report.Macro, report.Weighted
	slices.SortStableFunc(r.Worst, func(a, b mistake) int { return cmp.Compare(b.Probability, a.Probability) })
	r.Worst = r.Worst[:min(worst, len(r.Worst))]
}
