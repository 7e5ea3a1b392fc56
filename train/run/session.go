package run

import (
	"cmp"
	"context"
	"errors"
	"os"

	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/lease"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
	"github.com/flowerctl/flowerctl/train/optim"
	"github.com/flowerctl/flowerctl/train/pixels"
)

// Options are what a session has besides its settings.
type Options struct {
	// Dir is the run's folder, which Train makes and writes; "" writes nothing.
	Dir string
	// Resume is a run to go on with, in its own folder; nil starts a new one.
	Resume *Resume
	// Lease is the right to Dir, of a caller that has it; with nil Train takes it, and is
	// refused with a [*BusyError] where another process has it.
	Lease *lease.Lease
	// Base is the network that Settings.From names; nil where it names none, and of a
	// run that goes on.
	Base *Base
	// Scanned are images to take in place of all in Settings.Data, whatever
	// Settings.Exclude says; nil scans it.
	Scanned *data.Set
	// Frozen runs the extractor of a base that has one, or of a run that goes on.
	Frozen Frozen
	// Images are images that [Read] read, and that are divided already where their set
	// has a SplitBy; nil reads and divides those of the settings. They are not changed.
	Images *data.Cache
	// Pixels says where pixels are kept, and Disk where they are on disk; see
	// data.LoadOptions. It changes no weight.
	Pixels data.Where
	Disk   pixels.Cache
	// Room is how many bytes activations and gradients of a step may take; 0: nine tenths
	// of what is free.
	Room int64
	// Features are shared by sessions of the same Images and the same Base; may be nil.
	Features *Features
	// Version of the program, for the checkpoints.
	Version  string
	Observer Observer // may be nil
	// Also are observers that hear of trainings too, after Observer.
	Also []train.Observer
	// TensorBoard is a folder for TensorBoard's event files, such as [TensorBoardDir] in
	// Dir; "" writes none. A new run removes those of an earlier one there; a run that goes on
	// adds a file, with the epochs that the others do not have. docs/observing.md says what is
	// in them.
	TensorBoard string
}

// Session is a network and its images, ready to train. Close it.
type Session struct {
	Settings Settings // resolved
	Spec     model.Spec
	Images   *data.Cache // nil of a session without images
	// Training, Validation and Test deal out the batches of the parts; Test is nil
	// where there are no test images.
	Training, Validation, Test *data.Loader
	// Measuring deals out training images as they are, for the statistics of batch
	// norms; nil where those are not measured.
	Measuring *data.Loader
	Engine    kernel.Engine[float32]
	Network   *nn.Network
	// Initial says what Settings.Init gave; nil without it.
	Initial *Initial
	// Head is how the head was fitted, nil before that and of a network from nothing.
	Head *HeadFit
	// Copied is how many classes have their row of the head that Options.Base had.
	Copied int
	// SmallBatch says that Settings.Batch was chosen for the few images there are.
	SmallBatch bool
	// AutoBatch says that Settings.Batch was found for [AutoBatch].
	AutoBatch bool
	// StepBytes is what the activations and gradients of a step take.
	StepBytes int64

	plan    *plan
	options Options

	extractor     FeatureEngine // nil in networks without one
	extractorFile []byte
	standardised  bool

	weights []float32 // of the classes, nil where all count the same
	news    []string  // of a run that goes on

	features *Features
	expected int          // see trainingImages
	there    os.FileInfo  // of the run in Dir when the session was opened; nil: none
	larger   *data.Larger // nil without Settings.CropFrom
}

// InitError says why Settings.Init gives no weights.
type InitError struct{ Err error }

func (e *InitError) Error() string { return "init: " + e.Err.Error() }

// Unwrap returns Err.
func (e *InitError) Unwrap() error { return e.Err }

// Open checks the settings, reads and splits the images, and makes the network.
// Settings that cannot be are a [*SettingError], folders without images a
// [*DataError], a folder that another process trains in is a [*BusyError].
func Open(ctx context.Context, settings Settings, o Options) (*Session, error) {
	if o.Base != nil && settings.Size == 0 {
		settings.Size = o.Base.Size
	}
	p, err := settings.plan()
	if err != nil {
		return nil, err
	}
	s := &Session{Settings: p.Settings, plan: p, options: o, features: o.Features}
	if s.features == nil {
		s.features = new(Features)
	}
	if err := s.look(); err != nil {
		return nil, err
	}
	if s.Images, err = s.images(ctx); err == nil {
		err = s.several()
	}
	if err == nil {
		s.settleBatch()
		s.fewImages()
		err = s.readLarger(ctx)
	}
	if err == nil {
		err = s.loaders()
	}
	if err == nil {
		err = s.build(ctx, s.Images.Set.Classes())
	}
	if err != nil {
		return nil, errors.Join(err, s.closeImages())
	}
	s.news = s.goingOn(ctx)
	return s, nil
}

// OpenNetwork makes a session without images, to measure a network with: that of
// settings.Arch, or where base is not nil that one with a head for so many classes.
func OpenNetwork(settings Settings, base *Base, classes int) (*Session, error) {
	if base != nil && settings.Size == 0 {
		settings.Size = base.Size
	}
	p, err := settings.plan()
	if err != nil {
		return nil, err
	}
	if p.Batch == AutoBatch {
		return nil, wrong("batch", "auto goes with images, and there are none")
	}
	p.Batch = cmp.Or(p.Batch, standardBatch)
	s := &Session{Settings: p.Settings, plan: p, options: Options{Base: base}}
	return s, s.build(context.Background(), classes)
}

// build makes the network. Where it fails nothing needs closing.
func (s *Session) build(ctx context.Context, classes int) (err error) {
	p := s.plan
	weights, err := s.starts(ctx, classes)
	if err != nil {
		return err
	}
	if s.multi() {
		s.Spec = s.Spec.WithSigmoids()
	}
	if err := s.openExtractor(); err != nil {
		return err
	}
	defer func() {
		if err != nil && s.extractor != nil {
			err = errors.Join(err, s.extractor.Close())
			s.extractor = nil
		}
	}()
	if err := s.settleFreeze(); err != nil {
		return err
	}
	cfg, err := p.stepping(&s.Spec)
	if err != nil {
		return err
	}
	if s.multi() {
		cfg.PositiveWeights = s.weights
	}
	if s.extractor != nil { // a nil *T in an interface would not be nil
		cfg.Extractor = s.extractor
	}
	if p.Init != "" {
		if s.Initial, err = initial(&s.Spec, weights, s.Images.Set.Labels, p.Init); err != nil {
			return &InitError{err}
		}
	}
	if s.Engine, err = engine.Default(p.Threads); err != nil {
		return err
	}
	cfg.Engine = s.Engine
	if cfg.Memory = s.options.Room; cfg.Memory == 0 {
		free, _ := machine.FreeMemory() // 0 where that is not known, as Memory has it
		cfg.Memory = roomForSteps(free)
	}
	if s.Network, err = nn.New(s.Spec, weights, cfg); err == nil {
		err = s.prepare()
	}
	if err != nil {
		return errors.Join(err, s.Engine.Close())
	}
	return nil
}

// facts are what checkpoints say of the run besides weights.
func (s *Session) facts() checkpoint.Checkpoint {
	set, precision := s.Images.Set, s.Settings.Precision
	if precision == string(nn.FP32) {
		precision = ""
	}
	return checkpoint.Checkpoint{
		Spec: s.Spec, Labels: set.Labels, Preprocess: s.plan.preprocess(),
		Training: checkpoint.Training{
			DataDigest: set.Digest(), Split: set.SplitBy, Images: s.Training.Len(),
			Validation: s.Validation.Len(), Seed: s.plan.Seed, Optimizer: s.plan.Optimizer,
			Precision:   precision,
			ToolVersion: s.options.Version,
		},
	}
}

// config is the loop's.
func (s *Session) config() train.Config {
	p := s.plan
	cfg := train.Config{
		Stepper: s.Network, Train: s.source(s.Training), Validation: s.source(s.Validation),
		Facts:  s.facts(),
		Epochs: p.Epochs, Patience: p.Patience, PatienceSteps: p.PatienceSteps,
		Monitor: train.Monitor(p.Monitor), LearningRate: p.LR, Schedule: p.schedule, EMA: p.EMA,
		Dir: s.options.Dir, Probe: probe{s}, OnNaN: train.OnNaN(p.OnNaN), Settings: s.settingsJSON(),
	}
	if p.FromBase() && p.Hidden == 0 {
		cfg.Start = starter{s}
	}
	if s.goesOn() {
		cfg.Resume = s.options.Resume.Checkpoint
	}
	if s.Test != nil {
		cfg.Test = s.source(s.Test)
	}
	if s.Measuring != nil {
		cfg.Measure = s.Measuring
	}
	if v, ok := s.Engine.(optim.Vector); ok {
		cfg.Vector = v
	}
	return cfg
}

// FindRate tries rising learning rates on the network, which is changed by it.
// See [train.FindRate].
func (s *Session) FindRate(ctx context.Context) (
	points []train.RatePoint, best float64, err error) {
	return train.FindRate(ctx, s.Network, s.source(s.Training), train.RateTest{})
}

// Preview is the images of a few rows as the first epochs would see them, from
// all over the training images; the policy's name, "none" where it is empty, comes
// with it.
func (s *Session) Preview(ctx context.Context, rows, epochs int) (
	policy string, tiles [][]data.PreviewTile, err error) {
	indices := s.Images.Set.Indices(data.Train)
	var some []int
	for _, i := range spread(len(indices), rows) {
		some = append(some, indices[i])
	}
	if policy = s.plan.augment.String(); policy == "" {
		policy = "none"
	}
	tiles, err = data.Preview(ctx, s.Images, some, s.plan.augment, s.plan.Seed, epochs)
	return policy, tiles, err
}

// Close releases the network's memory.
func (s *Session) Close() error {
	err := errors.Join(s.Network.Close(), s.Engine.Close(), s.closeImages())
	if s.extractor != nil {
		err = errors.Join(err, s.extractor.Close())
	}
	return err
}

// Kernels names what computes in this build: "go", or oneDNN with its version.
func Kernels() string { return engine.Description() }
