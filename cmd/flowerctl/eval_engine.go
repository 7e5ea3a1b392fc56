package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/sharded"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/start"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/evaluate"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
)

// open opens the run, if one was named, or else the model.
func (o *evalOptions) open(c *shell.Call) (*sharded.Evaluated, error) {
	if o.run != "" {
		return o.openRun(c)
	}
	m, err := o.Find(c)
	if err != nil {
		return nil, err
	}
	classifier, err := m.Open(c, true)
	if err != nil {
		return nil, err
	}
	m.Tell(c)
	e := sharded.OfModel(m, classifier)
	e.Alone = true
	return e, nil
}

// openRun makes gorgonia's network of the run's checkpoint.
func (o *evalOptions) openRun(c *shell.Call) (*sharded.Evaluated, error) {
	which := run.Which(o.checkpoint)
	if err := which.Check(); err != nil {
		return nil, err
	}
	folder, err := run.Find(o.run)
	if err != nil {
		return nil, err
	}
	a, err := folder.Answerer(which, o.Threads, start.Frozen(c, "cpu"))
	if err != nil {
		return nil, err
	}
	c.Say("using %s in gorgonia (%s)", a.Path, a.Kernels)
	gorgonia := infer.Engine{Prep: a.Preprocess, Alone: true,
		Classify: func(ctx context.Context, images []imageprep.Image) ([]infer.Answer, error) {
			probabilities, err := a.Probabilities(ctx, images)
			if err != nil {
				return nil, err
			}
			return infer.NewLabelAnswers(a.Labels, a.Thresholds, probabilities), nil
		}}
	checkpoint, err := os.ReadFile(a.Path)
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return &sharded.Evaluated{Engine: gorgonia, Name: a.Path, Labels: a.Labels, Close: a.Close,
		Sum: shard.Hash(checkpoint), Device: "cpu", Thresholds: a.Thresholds}, nil
}

// images are those to evaluate, all or of a part, and files that cannot be read. The
// run's split says what is in a part, where there is a run, and the folder where not.
func (o *evalOptions) images(c *shell.Call) (*choose.Labelled, error) {
	part := data.Part(o.part)
	if o.data == "" {
		return choose.Own(c, o.run, part)
	}
	set, err := o.set(c)
	if err != nil {
		return nil, err
	}
	none := fmt.Sprintf("%s has no such part, want %s",
		set.Dir, filepath.Join(set.Dir, o.part, "CLASS", "1.jpg"))
	var split *data.Set
	if part != "" && o.run != "" {
		folder, err := run.Find(o.run)
		if err != nil {
			return nil, err
		}
		if split, err = folder.Split(); err != nil {
			return nil, err
		}
		none = fmt.Sprintf("%s has no image of %s there", folder.SplitPath(), set.Dir)
	}
	images := &choose.Labelled{Dir: set.Dir, Labels: set.Labels, Multi: set.Multi}
	var items []data.Item
	if items, images.Unreadable = set.Of(part, split); len(items) == 0 {
		return nil, fmt.Errorf("--part %s: %s", o.part, none)
	}
	for _, i := range items {
		images.Pictures = append(images.Pictures, evaluate.Picture{Path: i.Path, Class: i.Class,
			Labels: i.Labels, Reader: set.Reader(i.Path),
			File: filepath.Join(set.Dir, filepath.FromSlash(i.Path))})
	}
	return images, nil
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
