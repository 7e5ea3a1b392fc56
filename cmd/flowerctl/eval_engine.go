package main

import (
	"context"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/run"
)

// evalEngine is what is evaluated.
type evalEngine struct {
	infer.Engine
	name   string
	labels []string
	close  func() error
}

// open opens the run, if one was named, or else the model.
func (o *evalOptions) open(c *shell.Call) (*evalEngine, error) {
	if o.run != "" {
		return o.openRun(c)
	}
	m, err := o.find(c)
	if err != nil {
		return nil, err
	}
	classifier, err := m.open(c, true)
	if err != nil {
		return nil, err
	}
	m.tell(c)
	e := &evalEngine{classifier.Engine(), m.Name, classifier.Labels(), classifier.Close}
	e.Alone = true
	return e, nil
}

// openRun makes gorgonia's network of the run's checkpoint.
func (o *evalOptions) openRun(c *shell.Call) (*evalEngine, error) {
	which := run.Which(o.checkpoint)
	if err := which.Check(); err != nil {
		return nil, err
	}
	folder, err := run.Find(o.run)
	if err != nil {
		return nil, err
	}
	a, err := folder.Answerer(which, o.threads)
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
			return infer.NewAnswers(a.Labels, probabilities), nil
		}}
	return &evalEngine{gorgonia, a.Path, a.Labels, a.Close}, nil
}
