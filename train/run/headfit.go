package run

import (
	"context"
	"fmt"

	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/head"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
)

// HeadFit is how the head of a network that exists was fitted.
type HeadFit struct {
	Images  int // that it was fitted on
	Penalty float64
	Tried   []head.Trial
	// Refitted says that the fit that is kept has the validation images too.
	Refitted bool
}

// mirrored is up to how many images are also seen in a mirror: for more it takes
// longer than it gains.
const mirrored = 1500

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

// fitOnly says that the training is the fit of the head alone. One that was stopped
// begins again: the fit depends on the images and on the frozen layers alone, and the
// best checkpoint may have the fit on the validation images in it by then.
func (s *Session) fitOnly() bool {
	return s.plan.fromBase() && s.plan.Hidden == 0 && s.plan.Epochs == 1
}

// examples are the features of images, with their mirror images where there are
// few.
func (s *Session) examples(ctx context.Context, indices []int) (*head.Examples, error) {
	if s.extractor != nil {
		return s.frozenExamples(ctx, indices)
	}
	node, err := cut(&s.Spec)
	if err != nil {
		return nil, err
	}
	features, err := nn.NewFeatures(s.Spec, s.Network.Weights(), node, s.Engine)
	if err != nil {
		return nil, err
	}
	set := s.Images.Set
	e := &head.Examples{Classes: set.Classes()}
	const chunk = 32
	for from := 0; from < len(indices); from += chunk {
		some := indices[from:min(from+chunk, len(indices))]
		var pixels []uint8
		for _, i := range some {
			pixels = append(pixels, s.Images.Image(i)...)
			e.Labels, e.Groups = append(e.Labels, set.Items[i].Class), append(e.Groups, i)
		}
		n := len(some)
		if len(indices) <= mirrored {
			for _, i := range some {
				pixels = append(pixels, mirror(s.Images.Image(i), s.Settings.Size)...)
				e.Labels, e.Groups = append(e.Labels, set.Items[i].Class), append(e.Groups, i)
			}
			n *= 2
		}
		values, err := features.Run(ctx, pixels, n)
		if err != nil {
			return nil, err
		}
		e.N, e.Features = e.N+n, append(e.Features, values...)
		if s.options.Observer != nil {
			s.options.Observer.Reading(from+len(some), len(indices))
		}
	}
	e.D = len(e.Features) / e.N
	return e, nil
}

// mirror is a square image with left and right exchanged.
func mirror(pixels []uint8, size int) []uint8 {
	out := make([]uint8, len(pixels))
	for y := range size {
		row, to := pixels[y*size*3:(y+1)*size*3], out[y*size*3:(y+1)*size*3]
		for x := range size {
			copy(to[(size-1-x)*3:], row[x*3:x*3+3])
		}
	}
	return out
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
// done its work, and there are few images.
func (s *Session) refit(ctx context.Context, f Folder) error {
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
