package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/data/augment"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	kernelengine "github.com/flowerctl/flowerctl/train/nn/kernel/engine"
	"github.com/flowerctl/flowerctl/train/optim"
)

// plan is what settings ask for, read and checked, before any image is.
type plan struct {
	settings
	preset   arch.Preset
	augment  augment.Policy
	schedule train.Schedule
	opt      optim.Optimizer
}

// resolve fills in what depends on other settings and checks all that can be
// checked without the images. What is wrong is wrongly asked.
func resolve(s settings) (*plan, error) {
	p := &plan{settings: s}
	var err error
	if p.preset, err = arch.Find(p.Arch); err != nil {
		return nil, usagef("--arch: %w", err)
	}
	if p.Size == 0 {
		p.Size = p.preset.Size
	}
	if p.Data != "" {
		p.Drawn = 0
	}
	if p.Augment == "" {
		p.Augment = p.preset.Augment
	}
	if p.augment, err = augment.ParsePolicy(p.Augment); err != nil {
		return nil, usagef("--augment: %w", err)
	}
	if p.schedule, err = train.ParseSchedule(p.Schedule); err != nil {
		return nil, usagef("--schedule: %w", err)
	}
	if err := p.schedule.Check(max(p.Epochs, 1)); err != nil {
		return nil, usagef("--schedule: %w", err)
	}
	if p.LR == 0 {
		if p.LR, err = optim.DefaultLearningRate(p.Optimizer); err != nil {
			return nil, usagef("--optimizer: %w", err)
		}
	}
	if p.opt, err = optim.New(p.Optimizer, p.Options); err != nil {
		return nil, usagef("--optimizer: %w", err)
	}
	spec, err := p.preset.Build(p.Size, 5)
	if err != nil {
		return nil, usagef("--size: %w", err)
	}
	if len(spec.Outputs) == 1 && slices.ContainsFunc(p.AuxWeight, func(w float64) bool { return w != 1 }) {
		return nil, usagef("--aux-weight: %s has no auxiliary heads", p.Arch)
	}
	if n := len(p.AuxWeight); n != 1 && n != len(spec.Outputs)-1 {
		return nil, usagef("--aux-weight: got %d weights, want one, or one for each of %s's %d auxiliary heads",
			n, p.Arch, len(spec.Outputs)-1)
	}
	return p, p.check()
}

// check looks at the settings that no library looks at before the images are
// there.
func (p *plan) check() error {
	preprocess := p.preprocess()
	switch {
	case !slices.Contains(nn.Losses(), nn.Loss(p.Loss)):
		return usagef("--loss: got %q, want one of %v", p.Loss, nn.Losses())
	case !slices.Contains(train.Monitors(), train.Monitor(p.Monitor)):
		return usagef("--monitor: got %q, want one of %v", p.Monitor, train.Monitors())
	case p.Initializer != "" && !slices.Contains(model.Inits(), model.Init(p.Initializer)):
		return usagef("--initializer: got %q, want one of %v", p.Initializer, model.Inits())
	case p.Batch < 1 || p.Epochs < 1:
		return usagef("--batch %d and --epochs %d: want 1 or more of each", p.Batch, p.Epochs)
	case p.Patience < 0 || p.Threads < 0:
		return usagef("--patience %d and --threads %d: want 0 or more of each", p.Patience, p.Threads)
	case !(p.LR > 0):
		return usagef("--lr: got %g, want a rate over 0", p.LR)
	case !(p.Val > 0 && p.Test >= 0 && p.Val+p.Test < 1):
		return usagef("--val %g and --test %g: want shares over 0 (test: or 0) that sum to less than 1", p.Val, p.Test)
	case !(p.EMA >= 0 && p.EMA < 1):
		return usagef("--ema: got %g, want 0 (none) or more, and less than 1", p.EMA)
	case !(p.Smooth >= 0 && p.Smooth < 1):
		return usagef("--label-smoothing: got %g, want 0 (none) or more, and less than 1", p.Smooth)
	case !(p.ClipNorm >= 0):
		return usagef("--clip-norm: got %g, want 0 (never) or more", p.ClipNorm)
	case slices.ContainsFunc(p.AuxWeight, func(w float64) bool { return !(w >= 0 && w < 1e6) }):
		return usagef("--aux-weight: got %v, want 0 or more", p.AuxWeight)
	case p.Loss == string(nn.SquaredError) && p.Classes != "" && p.augment.Mixes():
		return usagef("--class-weights: --loss mse has none for images that --augment %s mixes: without mixup and cutmix, or with --loss crossentropy", p.Augment)
	case p.Data == "" && p.Drawn < 10:
		return usagef("--drawn: got %d, want at least 10", p.Drawn)
	}
	if err := preprocess.Validate(); err != nil {
		return usagef("--size, --resize: %w", err)
	}
	return nil
}

func (p *plan) preprocess() imageprep.Config {
	return imageprep.Config{Size: p.Size, Resize: imageprep.Resize(p.Resize)}
}

// spec is the network for a number of classes.
func (p *plan) spec(classes int) (model.Spec, error) {
	spec, err := p.preset.Build(p.Size, classes)
	if err != nil {
		return spec, err
	}
	for i := range spec.Nodes {
		if op := spec.Nodes[i].Op; p.Initializer != "" && (op == model.Conv || op == model.Dense) {
			spec.Nodes[i].Init = model.Init(p.Initializer)
		}
	}
	for i := range spec.Outputs[1:] {
		spec.Outputs[i+1].Weight *= p.AuxWeight.of(i)
	}
	return spec, nil
}

// session is a network and its images, ready to train. Close it.
type session struct {
	*plan
	spec             model.Spec
	cache            *data.Cache
	train, val, test *data.Loader // test is nil without test images
	engine           kernel.Engine[float32]
	network          *nn.Network
	anew             []string // parameters that --init did not have
}

// images reads and splits the images: those of the split, if it is not nil.
func (p *plan) images(ctx context.Context, split *data.Set, progress func(done, total int)) (*data.Cache, error) {
	if p.Data == "" {
		cache, err := data.Drawn(ctx, p.Drawn, p.Size, p.Seed)
		if err != nil {
			return nil, err
		}
		if split != nil {
			return cache, cache.Set.Apply(split)
		}
		return cache, cache.Set.Split(data.SplitOptions{Val: p.Val, Test: p.Test, Seed: p.Seed})
	}
	set := split
	if set != nil {
		set.Dir = p.Data
	} else {
		var err error
		if set, err = data.Scan(ctx, p.Data, data.ScanOptions{Strict: p.Strict}); err != nil {
			return nil, fail(err, "want one folder for each class, with its images inside")
		}
	}
	cache, err := data.Load(ctx, set, p.preprocess(), data.LoadOptions{Strict: p.Strict, Progress: progress})
	if err != nil || split != nil {
		return cache, err
	}
	return cache, cache.Set.Split(data.SplitOptions{Val: p.Val, Test: p.Test, Seed: p.Seed})
}

// open makes the loaders and the network for the images.
func (p *plan) open(cache *data.Cache) (*session, error) {
	s := &session{plan: p, cache: cache}
	if err := s.loaders(); err != nil {
		return nil, err
	}
	return s, s.build(cache.Set.Classes())
}

// build makes the network. Where it fails nothing needs closing.
func (s *session) build(classes int) (err error) {
	p := s.plan
	if s.spec, err = p.spec(classes); err != nil {
		return err
	}
	weights, err := s.spec.NewWeights(p.Seed)
	if err != nil {
		return err
	}
	if p.Init != "" {
		if s.anew, err = initWeights(weights, p.Init); err != nil {
			return fmt.Errorf("--init: %w", err)
		}
	}
	if s.engine, err = kernelengine.Default(p.Threads); err != nil {
		return err
	}
	s.network, err = nn.New(s.spec, weights, nn.Config{Engine: s.engine, Optimizer: p.opt,
		Loss: nn.Loss(p.Loss), Seed: p.Seed, ClipNorm: p.ClipNorm, FrozenBatchNorm: p.FreezeBN})
	if err != nil {
		return errors.Join(err, s.engine.Close())
	}
	return nil
}

// loaders makes the loaders of the parts.
func (s *session) loaders() (err error) {
	set := s.cache.Set
	weights, err := classWeights(s.Classes, set.Labels, set.Counts(data.Train))
	if err != nil {
		return usagef("--class-weights: %w", err)
	}
	plain := data.LoaderOptions{Batch: s.Batch, Seed: s.Seed}
	if s.train, err = data.NewLoader(s.cache, set.Indices(data.Train), data.LoaderOptions{
		Batch: s.Batch, Seed: s.Seed, Shuffle: true, LabelSmoothing: s.Smooth,
		ClassWeights: weights, Augment: s.augment,
	}); err != nil {
		return err
	}
	if s.val, err = data.NewLoader(s.cache, set.Indices(data.Val), plain); err != nil {
		return err
	}
	if test := set.Indices(data.Test); len(test) > 0 {
		s.test, err = data.NewLoader(s.cache, test, plain)
	}
	return err
}

// facts are what checkpoints say of the run besides weights.
func (s *session) facts() checkpoint.Checkpoint {
	set := s.cache.Set
	return checkpoint.Checkpoint{
		Spec: s.spec, Labels: set.Labels, Preprocess: s.preprocess(),
		Training: checkpoint.Training{
			DataDigest: set.Digest(), Split: set.SplitBy, Images: s.train.Len(), Validation: s.val.Len(),
			Seed: s.Seed, Optimizer: s.Optimizer, ToolVersion: version,
		},
	}
}

// config is the loop's.
func (s *session) config(dir string, observer train.Observer) train.Config {
	cfg := train.Config{
		Stepper: s.network, Train: s.train, Validation: s.val, Facts: s.facts(),
		Epochs: s.Epochs, Patience: s.Patience, Monitor: train.Monitor(s.Monitor),
		LearningRate: s.LR, Schedule: s.schedule, EMA: s.EMA,
		Dir: dir, Observer: observer, Probe: probe{s},
	}
	if s.test != nil {
		cfg.Test = s.test
	}
	if v, ok := s.engine.(optim.Vector); ok {
		cfg.Vector = v
	}
	return cfg
}

func (s *session) Close() error { return errors.Join(s.network.Close(), s.engine.Close()) }
