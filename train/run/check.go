package run

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/data/augment"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
	"github.com/flowerctl/flowerctl/train/optim"
)

// MaxThreads is the most that [Settings].Threads may be: more cores than the machines have
// that this runs on, and a bound for what a slip of the hand can allocate.
const MaxThreads = 1024

// SettingError says which settings cannot be as they are, and why. Fields are
// names of [Fields]; Err does not repeat them.
type SettingError struct {
	Fields []string
	Err    error
}

func (e *SettingError) Error() string { return strings.Join(e.Fields, ", ") + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *SettingError) Unwrap() error { return e.Err }

// wrong is the error of one setting.
func wrong(field, format string, args ...any) error {
	return &SettingError{[]string{field}, fmt.Errorf(format, args...)}
}

// plan is what settings ask for, read and checked, before any image is.
type plan struct {
	Settings
	preset   arch.Preset
	augment  augment.Policy
	schedule train.Schedule
	opt      optim.Optimizer
}

// Resolve returns the settings with every default filled in that depends on other
// settings. It checks all that can be checked without the images; what is wrong is
// a [*SettingError].
func (s Settings) Resolve() (Settings, error) {
	p, err := s.plan()
	if err != nil {
		return s, err
	}
	return p.Settings, nil
}

func (s Settings) plan() (*plan, error) {
	p := &plan{Settings: s}
	var err error
	if !p.FromBase() {
		if p.preset, err = arch.Find(p.Arch); err != nil {
			return nil, wrong("arch", "%w", err)
		}
		if p.Size == 0 {
			p.Size = p.preset.Size
		}
	}
	if p.Data == "" && p.LabelsFile != "" {
		p.Data = filepath.Dir(p.LabelsFile)
	}
	if p.Data != "" {
		p.Drawn = 0
	}
	switch {
	case p.Precision == AutoPrecision && engine.BF16() && p.Freeze != FreezeAll:
		p.Precision = string(nn.BF16)
	case p.Precision == AutoPrecision || p.Precision == "":
		p.Precision = string(nn.FP32)
	}
	if p.Augment == "" {
		p.Augment = p.preset.Augment
	}
	if p.augment, err = augment.ParsePolicy(p.Augment); err != nil {
		return nil, wrong("augment", "%w", err)
	}
	if p.schedule, err = train.ParseSchedule(p.Schedule); err != nil {
		return nil, wrong("schedule", "%w", err)
	}
	if err := p.schedule.Check(max(p.Epochs, 1)); err != nil {
		return nil, wrong("schedule", "%w", err)
	}
	if p.LR == 0 {
		if p.LR, err = optim.DefaultLearningRate(p.Optimizer); err != nil {
			return nil, wrong("optimizer", "%w", err)
		}
	}
	if p.opt, err = optim.New(p.Optimizer, p.Options); err != nil {
		return nil, wrong("optimizer", "%w", err)
	}
	if err := p.checkNetwork(); err != nil {
		return nil, err
	}
	if p.TrainSize < 0 || p.Size > 0 && p.TrainSize > p.Size {
		return nil, wrong("train-size", "got %d, want 0 for --size, or 1 to %d: larger images would "+
			"hold nothing more", p.TrainSize, p.Size)
	}
	if err := p.checkCropFrom(); err != nil {
		return nil, err
	}
	if err := p.checkLimits(); err != nil {
		return nil, err
	}
	return p, p.check()
}

// mostCropFrom is how many times the side of what steps see the images may have that it is
// cut from: each pixel is made of four, so that more would leave some out.
const mostCropFrom = 2

// checkCropFrom looks at what variations are cut from.
func (p *plan) checkCropFrom() error {
	if p.CropFrom == 0 {
		return nil
	}
	switch {
	case p.Data == "":
		return wrong("crop-from", "goes with --data: flowers are drawn at the size of the network")
	case p.augment == (augment.Policy{}):
		return wrong("crop-from", "got %d, and nothing varies the images: name an augmentation", p.CropFrom)
	case p.Size > 0 && (p.CropFrom < p.Size || p.CropFrom > mostCropFrom*cmp.Or(p.TrainSize, p.Size)):
		return wrong("crop-from", "got %d, want 0 for --size, or %d to %d", p.CropFrom, p.Size,
			mostCropFrom*cmp.Or(p.TrainSize, p.Size))
	}
	return nil
}

// checkLimits looks at what the training itself limits.
func (p *plan) checkLimits() error {
	limits := train.Config{Epochs: p.Epochs, Patience: p.Patience, PatienceSteps: p.PatienceSteps,
		LearningRate: p.LR, EMA: p.EMA}
	var limit *train.LimitError
	if err := limits.CheckLimits(); errors.As(err, &limit) {
		names := map[string]string{"Epochs": "epochs", "Patience": "patience",
			"PatienceSteps": "patience-steps", "LearningRate": "lr", "EMA": "ema"}
		return &SettingError{[]string{names[limit.Field]}, limit.Err}
	}
	return nil
}

// checkNetwork builds the network once, for as few classes as there can be.
func (p *plan) checkNetwork() error {
	if err := p.checkFrozen(); err != nil {
		return err
	}
	if p.FromBase() {
		return p.checkBase()
	}
	if len(p.Mean)+len(p.Std) > 0 {
		return &SettingError{[]string{"mean", "std"}, errors.New("the training starts from no network")}
	}
	if p.LRBody != 0 {
		return wrong("lr-body", "got %g, and the training starts from no network", p.LRBody)
	}
	spec, err := p.preset.Build(p.Size, 2)
	if err != nil {
		return wrong("size", "%w", err)
	}
	heads := len(spec.Outputs) - 1
	switch n := len(p.AuxWeight); {
	case heads == 0 && slices.ContainsFunc(p.AuxWeight, func(w float64) bool { return w != 1 }):
		return wrong("aux-weight", "%s has no auxiliary heads", p.Arch)
	case n != 1 && n != heads:
		return wrong("aux-weight", "got %d weights, want one, or one for each of %s's %d auxiliary heads",
			n, p.Arch, heads)
	}
	return nil
}

// checkBase refuses what a network that exists does not have.
func (p *plan) checkBase() error {
	switch {
	case p.Init != "":
		return wrong("init", "the weights come from %s", p.From)
	case p.Initializer != "":
		return wrong("initializer", "the weights come from %s", p.From)
	case len(p.AuxWeight) != 1 || p.AuxWeight[0] != 1:
		return wrong("aux-weight", "%s has no auxiliary heads here", p.From)
	case !(p.LRBody >= 0):
		return wrong("lr-body", "got %g, want a rate over 0, or 0 for that of the head", p.LRBody)
	case !oneOrThree(p.Mean) || !oneOrThree(p.Std) || len(p.Mean) > 0 && len(p.Std) == 0:
		return &SettingError{[]string{"mean", "std"}, fmt.Errorf(
			"got %v and %v, want one number or three each", []float64(p.Mean), []float64(p.Std))}
	case slices.ContainsFunc(p.Std, func(v float64) bool { return !(v > 0) }):
		return wrong("std", "got %v, want numbers over 0", []float64(p.Std))
	case slices.ContainsFunc(p.Mean, func(v float64) bool { return math.IsNaN(v) }):
		return wrong("mean", "got %v, want numbers", []float64(p.Mean))
	}
	var units *imageprep.UnitsError
	switch {
	case errors.As(imageprep.CheckUnits(p.Mean, p.Std), &units):
		return wrong(units.Name, "%w", units)
	case p.Size == 0:
		return wrong("size", "%s does not say how large its images are", p.From)
	}
	return nil
}

func oneOrThree(v Numbers) bool { return len(v) <= 1 || len(v) == 3 }

// check looks at what no library looks at before the images are there.
func (p *plan) check() error {
	switch {
	case !slices.Contains(nn.Losses(), nn.Loss(p.Loss)):
		return wrong("loss", "got %q, want one of %v", p.Loss, nn.Losses())
	case !slices.Contains(nn.Precisions(), nn.Precision(p.Precision)):
		return wrong("precision", "got %q, want one of %v, or %s", p.Precision, nn.Precisions(),
			AutoPrecision)
	case p.Precision == string(nn.BF16) && p.Freeze == FreezeAll:
		return wrong("precision", "got %s, and with --freeze %s no convolution is trained", p.Precision,
			FreezeAll)
	case !slices.Contains(train.Monitors(), train.Monitor(p.Monitor)):
		return wrong("monitor", "got %q, want one of %v", p.Monitor, train.Monitors())
	case !slices.Contains(train.OnNaNs(), train.OnNaN(p.OnNaN)):
		return wrong("on-nan", "got %q, want one of %v", p.OnNaN, train.OnNaNs())
	case !slices.Contains(Statistics(), p.BatchNorm):
		return wrong("batchnorm", "got %q, want one of %v", p.BatchNorm, Statistics())
	case p.Initializer != "" && !slices.Contains(model.Inits(), model.Init(p.Initializer)):
		return wrong("initializer", "got %q, want one of %v", p.Initializer, model.Inits())
	case p.Batch < 0 && p.Batch != AutoBatch:
		return wrong("batch", "got %d, want 1 or more, 0 for what suits the images, or auto", p.Batch)
	case p.Threads < 0 || p.Threads > MaxThreads:
		return wrong("threads", "got %d, want 0 (all cores) to %d", p.Threads, MaxThreads)
	case !(p.Smooth >= 0 && p.Smooth < 1):
		return wrong("label-smoothing", "got %g, want 0 (none) or more, and less than 1", p.Smooth)
	case !(p.ClipNorm >= 0):
		return wrong("clip-norm", "got %g, want 0 (never) or more", p.ClipNorm)
	case slices.ContainsFunc(p.AuxWeight, func(w float64) bool { return !(w >= 0 && w < 1e6) }):
		return wrong("aux-weight", "got %v, want 0 or more", []float64(p.AuxWeight))
	case p.Loss == string(nn.SquaredError) && p.Classes != "" && p.augment.Mixes():
		return wrong("class-weights", "loss %s has none for images that policy %s mixes: "+
			"without mixup and cutmix, or with loss %s", p.Loss, p.Augment, nn.CrossEntropy)
	case (p.Freeze == FreezeAll || p.Freeze == FreezeAuto) && !p.FromBase():
		return wrong("freeze", "a network from nothing has nothing to keep")
	case p.MultiLabel && p.LabelsFile == "":
		return wrong("multi-label", "%w", p.noList())
	case p.Data == "" && p.Exclude != "":
		return wrong("exclude", "got %s, and there is no folder of images: flowers are drawn", p.Exclude)
	case p.Data == "" && p.Drawn < 10:
		return wrong("drawn", "got %d, want at least 10", p.Drawn)
	}
	if err := p.checkSplit(); err != nil {
		return err
	}
	if err := p.preprocess().Trainable(); err != nil {
		return &SettingError{[]string{"size", "resize"}, err}
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

// Spec is the network of the settings for a number of classes.
func (s Settings) Spec(classes int) (model.Spec, error) {
	p, err := s.plan()
	if err != nil {
		return model.Spec{}, err
	}
	if p.FromBase() {
		return model.Spec{}, ErrNoBase
	}
	return p.spec(classes)
}

// trainOnly is what is in the training loss and not in the validation loss.
func (p *plan) trainOnly() (what []string) {
	for _, one := range []struct {
		there bool
		name  string
	}{
		{p.Classes != "", "class weights"},
		{p.Smooth > 0, "label smoothing"},
		{p.augment.Mixup > 0 || p.augment.CutMix > 0, "mixed images"},
		{p.augment != augment.Policy{}, "augmentation"},
	} {
		if one.there {
			what = append(what, one.name)
		}
	}
	return what
}
