package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
	"github.com/flowerctl/flowerctl/train/table"
)

// settingsJSON are the settings as config.json has them.
func (s *Session) settingsJSON() json.RawMessage {
	settings := s.Settings
	if s.multi() && len(s.weights) > 0 { // a replay has no images to balance
		words := make([]string, len(s.weights))
		for i, w := range s.weights {
			words[i] = fmt.Sprint(w)
		}
		settings.Classes = strings.Join(words, ",")
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return nil // numbers that are not finite, which Resolve refuses
	}
	return text
}

// stepping is how steps of the network are done, on an engine yet to come.
func (p *plan) stepping(spec *model.Spec) (cfg nn.Config, err error) {
	cfg = nn.Config{Optimizer: p.opt, Loss: nn.Loss(p.Loss), Precision: nn.Precision(p.Precision),
		Seed: p.Seed, ClipNorm: p.ClipNorm, FrozenBatchNorm: p.FreezeBN, TrainSize: p.TrainSize}
	if cfg.Frozen, err = p.frozen(spec); err != nil {
		return cfg, err
	}
	cfg.Rates, err = p.bodyRates(spec)
	return cfg, err
}

// Replayed is a bad step that was done again.
type Replayed struct {
	File string `json:"file"`
	train.BadStepFacts
	Images int `json:"images"`
	// Found is the first value that is not finite; nil where all are.
	Found *train.NotFinite `json:"-"`
	// The same for JSON, which has no number for Value.
	Phase train.Phase `json:"phase,omitempty"`
	Name  string      `json:"name,omitempty"`
	Index int         `json:"index"`
	At    []int       `json:"at,omitempty"`
	Shape []int       `json:"shape,omitempty"`
	Value string      `json:"value,omitempty"`
}

// Replay does the step in a file such as bad-step-4-epoch-2.ckpt of a run's folder again: with the
// weights, the images and the place in the random streams that it had.
func Replay(ctx context.Context, path string) (_ *Replayed, err error) {
	bad, err := train.LoadBadStep(path)
	if err != nil {
		return nil, err
	}
	r := &Replayed{File: path, BadStepFacts: bad.BadStepFacts, Images: bad.Batch.N}
	n, closing, err := networkOf(bad)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer func() { err = errors.Join(err, closing()) }()
	r.Found, err = n.Replay(ctx, bad.Batch, bad.LearningRate, bad.During)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if f := r.Found; f != nil {
		r.Phase, r.Name, r.Index, r.At, r.Shape = f.Phase, f.Name, f.Index, f.At, f.Shape
		r.Value = fmt.Sprint(f.Value)
	}
	return r, nil
}

// networkOf is the network that did the step, as it was before.
func networkOf(bad *train.BadStep) (_ *nn.Network, closing func() error, err error) {
	settings := Defaults().Study()
	if err := settings.decode(bad.Settings); err != nil {
		return nil, nil, fmt.Errorf("settings: %w", err)
	}
	p, err := settings.plan()
	if err != nil {
		return nil, nil, fmt.Errorf("settings: %w", err)
	}
	cfg, err := p.stepping(&bad.Spec)
	if err == nil && bad.Spec.MultiLabel() {
		cfg.PositiveWeights, err = classWeights(p.Classes, make([]string, bad.Spec.Classes), nil)
	}
	if err != nil {
		return nil, nil, err
	}
	if cfg.Engine, err = engine.Default(p.Threads); err != nil {
		return nil, nil, err
	}
	n, err := nn.New(bad.Spec, bad.Weights, cfg)
	if err == nil {
		if err = n.Restore(bad.State); err != nil {
			err = errors.Join(err, n.Close())
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, cfg.Engine.Close())
	}
	return n, func() error { return errors.Join(n.Close(), cfg.Engine.Close()) }, nil
}

// String says what was found.
func (r *Replayed) String() string {
	what := fmt.Sprintf("%s, %s", r.Where(), table.Count(r.Images, "image"))
	if r.During == train.Stepping {
		what += fmt.Sprintf(" at learning rate %.3g", r.LearningRate)
	}
	if r.Found == nil {
		return r.File + ": " + what + ": every value is finite"
	}
	return r.File + ": " + what + "\nthe first value that is not finite: " + r.Found.String()
}
