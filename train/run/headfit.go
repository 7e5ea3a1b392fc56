package run

import (
	"context"
	"fmt"

	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/head"
	"github.com/flowerctl/flowerctl/train/model"
)

// HeadFit is how the head of a network that exists was fitted.
type HeadFit struct {
	Images  int // that it was fitted on
	Penalty float64
	Tried   []head.Trial
	// Refitted says that the fit that is kept has the validation images too.
	Refitted bool
}

// starter fits the head of a session as the first epoch of its training.
type starter struct{ *Session }

// Start computes the features of the training images, fits the head and says how it
// answers for them.
func (s starter) Start(ctx context.Context) (loss float64, correct int, err error) {
	e, err := s.examples(ctx, s.Images.Set.Indices(data.Train))
	if err != nil {
		return 0, 0, err
	}
	fit, err := head.Fit(ctx, *e, head.Options{Seed: s.plan.Seed})
	if err != nil {
		return 0, 0, err
	}
	s.Head = &HeadFit{Images: s.Training.Len(), Penalty: fit.Penalty, Tried: fit.Tried}
	if err := s.setHead(fit); err != nil {
		return 0, 0, err
	}
	views := e.N / s.Training.Len() // of which each counts
	loss, right := fit.Loss(e)
	return loss, right / views, nil
}

// FitOnly says that the training is the fit of the head alone. One that was stopped
// begins again: the fit depends on the images and on the frozen layers alone, and the
// best checkpoint may have the fit on the validation images in it by then.
func (s *Settings) FitOnly() bool {
	return s.FromBase() && s.Hidden == 0 && s.Epochs == 1
}

// setHead puts a fit into the network's last layer.
func (s *Session) setHead(fit *head.Linear) error {
	node, err := headNode(&s.Spec)
	if err != nil {
		return err
	}
	return putHead(s.Network.Weights(), node.Name, fit)
}

// refit fits the head again, on the training and the validation images, with the
// penalty that was chosen, and puts it into the best checkpoint: what validated has
// done its work, and there are few images. Nothing is written where held gives an error.
func (s *Session) refit(ctx context.Context, f Folder, held func() error) error {
	set := s.Images.Set
	indices := append(set.Indices(data.Train), set.Indices(data.Val)...)
	e, err := s.examples(ctx, indices)
	if err != nil {
		return err
	}
	fit, err := head.Fit(ctx, *e, head.Options{Penalties: []float64{s.Head.Penalty},
		Seed: s.plan.Seed})
	if err != nil {
		return err
	}
	s.Head.Images, s.Head.Refitted = len(indices), true
	if err := s.setHead(fit); err != nil || f.Dir == "" {
		return err
	}
	best, err := f.Checkpoint(Best)
	if err != nil {
		return err
	}
	node, err := headNode(&s.Spec)
	if err != nil {
		return err
	}
	if err := putHead(best.Weights, node.Name, fit); err != nil {
		return err
	}
	if err := held(); err != nil {
		return err
	}
	return checkpoint.Save(f.CheckpointPath(Best), best)
}

// putHead writes a fit into the weights of a dense layer.
func putHead(w model.Weights, node string, fit *head.Linear) error {
	weight, bias := w[model.ParamName(node, model.Weight)], w[model.ParamName(node, model.Bias)]
	if len(weight.Data) != len(fit.Weight) || len(bias.Data) != len(fit.Bias) {
		return fmt.Errorf("node %s has %d weights and %d biases, and the head %d and %d", node,
			len(weight.Data), len(bias.Data), len(fit.Weight), len(fit.Bias))
	}
	copy(weight.Data, fit.Weight)
	copy(bias.Data, fit.Bias)
	return nil
}
