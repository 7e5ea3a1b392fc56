package main

import (
	"io"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/sharded"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/infer/evaluate"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/report"
)

// set lists the folder, or what the list of labels names.
func (o *evalOptions) set(c *shell.Call) (*data.Set, error) {
	set, err := data.ScanEither(c.Ctx, o.data, o.labelsFile, false, data.ScanOptions{})
	if o.labelsFile != "" {
		return set, err
	}
	return set, remedy.Images(err, "want DIR/daisy/1.jpg, DIR/rose/2.jpg ...")
}

// evaluated is a result, of one class a picture or of several labels.
type evaluated interface {
	WriteText(w io.Writer) error
	Left() (none, all int)
}

// count answers for the images, and writes how often that is right.
func (o *evalOptions) count(c *shell.Call, e *sharded.Evaluated, images *choose.Labelled) error {
	watch := &evalWatch{c, terminal.NewCounter(c.Log, len(images.Pictures))}
	how := evaluate.Options{Model: e.Name, Labels: e.Labels, Batch: o.batch, Worst: o.worst,
		Observer: watch, Keep: o.html != "", Thresholds: e.Thresholds}
	for _, p := range images.Unreadable {
		how.Unreadable = append(how.Unreadable, p.Path)
		watch.LeftOut(p.In(images.Dir))
	}
	var result evaluated
	var err error
	if e.Thresholds != nil {
		r, failed := evaluate.RunLabels(c.Ctx, e.Engine, images.Pictures, how)
		if result, err = r, failed; err == nil && o.html != "" {
			err = report.WriteLabels(o.html, e.Name, e.Labels, r.Answers, r.MultiLabel)
		}
	} else {
		r, failed := evaluate.Run(c.Ctx, e.Engine, images.Pictures, how)
		if result, err = r, failed; err == nil && o.html != "" {
			err = report.WriteEvaluation(o.html, e.Name, e.Labels, r.Answers)
		}
	}
	watch.End()
	if err != nil {
		return err
	}
	if o.json {
		err = shell.WriteJSON(c.Out, result)
	} else {
		err = result.WriteText(c.Out)
	}
	if none, all := result.Left(); err == nil && none > 0 {
		err = noAnswer(none, all)
	}
	return err
}
