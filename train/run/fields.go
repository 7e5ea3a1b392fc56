package run

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data/augment"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/optim"
)

// Field is one of the settings, for whoever shows or reads them: a command makes
// a flag of each, a comparison a word. Exactly one of the functions is not nil; it
// points to the value.
type Field struct {
	Name  string // as people write it: "label-smoothing"
	Key   string // in config.json: "label_smoothing"
	Usage string // one line; the value's name is between backquotes

	Text   func(*Settings) *string
	Int    func(*Settings) *int
	Uint   func(*Settings) *uint64
	Float  func(*Settings) *float64
	Bool   func(*Settings) *bool
	Floats func(*Settings) *Numbers

	// Auto is the number that people write as the word auto; 0: there is no such word.
	Auto int

	// Resumable says that a run which goes on may have another value of it and is
	// the same run all the same.
	Resumable bool

	optional bool // 0 stands for none, and is left out of command lines
}

// Fields are all settings, in the order in which people read them.
func Fields() []Field { return slices.Clone(fields) }

var fields = []Field{
	{Name: "data", Key: "data", Resumable: true,
		Usage: "`DIR` with one folder of images per class, or of tar or zip files of KEY.jpg and KEY.cls " +
			"or KEY.json (also one of these, or a pattern); without it flowers are drawn",
		Text: func(s *Settings) *string { return &s.Data }},
	{Name: "labels-file", Key: "labels_file",
		Usage: "`LIST`.csv or LIST.jsonl of pictures in --data (else in its own folder) and their labels",
		Text:  func(s *Settings) *string { return &s.LabelsFile }},
	{Name: "multi-label", Key: "multi_label",
		Usage: "with --labels-file, a picture has any number of labels, also where each has one there",
		Bool:  func(s *Settings) *bool { return &s.MultiLabel }},
	{Name: "drawn", Key: "drawn_images", Usage: "how many flowers are drawn, `N`",
		Int: func(s *Settings) *int { return &s.Drawn }},
	{Name: "strict", Key: "strict", Usage: "an unreadable image is an error",
		Bool: func(s *Settings) *bool { return &s.Strict }},
	{Name: "exclude", Key: "exclude",
		Usage: "leave out the images that `FILE` names, as data check --fix-list writes it",
		Text:  func(s *Settings) *string { return &s.Exclude }},
	{Name: "arch", Key: "arch", Usage: "`NETWORK`, one of --list",
		Text: func(s *Settings) *string { return &s.Arch }},
	{Name: "size", Key: "size", Usage: "side of the square the network sees, `PIXELS`; 0: its own",
		Int: func(s *Settings) *int { return &s.Size }},
	{Name: "train-size", Key: "train_size",
		Usage: "side of the images that steps take, `PIXELS`, cut from those of --size; 0: as --size",
		Int:   func(s *Settings) *int { return &s.TrainSize }},
	{Name: "crop-from", Key: "crop_from", optional: true,
		Usage: "keep training images at a side of `PIXELS` too, and cut what --augment makes of them " +
			"from these; 0: from those of --size",
		Int: func(s *Settings) *int { return &s.CropFrom }},
	{Name: "resize", Key: "resize", Usage: "`HOW` images become squares: stretch or crop",
		Text: func(s *Settings) *string { return &s.Resize }},
	{Name: "init", Key: "init", Usage: "start from the weights in `FILE`.onnx, FILE.ckpt or a run",
		Text: func(s *Settings) *string { return &s.Init }},
	{Name: "from", Key: "from",
		Usage: "start from the network in `FILE`.onnx, or one of backbone list; none: from nothing",
		Text:  func(s *Settings) *string { return &s.From }},
	{Name: "freeze", Key: "freeze",
		Usage: "train nothing up to `NODE`; all: nothing but the head; auto: all where there are " +
			"few images",
		Text: func(s *Settings) *string { return &s.Freeze }},
	{Name: "extractor", Key: "extractor",
		Usage: "`ENGINE` of features that are not trained: onnxruntime, for any network, or gorgonia, " +
			"for one that is read; empty: onnxruntime with --freeze all, --cut, --hidden or --views",
		Text: func(s *Settings) *string { return &s.Extractor }},
	{Name: "cut", Key: "cut",
		Usage: "with --freeze all: `NODE` or value that gives the features; empty: what the classifier reads",
		Text:  func(s *Settings) *string { return &s.Cut }},
	{Name: "hidden", Key: "hidden",
		Usage: "with --freeze all: `N` units between features and classes; 0: a linear head",
		Int:   func(s *Settings) *int { return &s.Hidden }},
	{Name: "views", Key: "views",
		Usage: "with --freeze all: `N` ways to see each image, as it is and as --augment varies it; 0: " +
			"2 for up to 1,500 images and flip, 4 for a policy that does more",
		Int: func(s *Settings) *int { return &s.Views }},
	{Name: "lr-body", Key: "lr_body",
		Usage: "starting from a network, the learning `RATE` of all but the head; 0: that of --lr",
		Float: func(s *Settings) *float64 { return &s.LRBody }},
	{Name: "mean", Key: "mean",
		Usage:  "where the network's file does not say it: `M` or R,G,B subtracted from pixels of 0 to 1",
		Floats: func(s *Settings) *Numbers { return &s.Mean }},
	{Name: "std", Key: "std",
		Usage:  "where the network's file does not say it: `S` or R,G,B that they are then divided by",
		Floats: func(s *Settings) *Numbers { return &s.Std }},
	{Name: "initializer", Key: "initializer",
		Usage: fmt.Sprintf("`HOW` weights start, one of %v; the network's own when empty", model.Inits()),
		Text:  func(s *Settings) *string { return &s.Initializer }},
	{Name: "aux-weight", Key: "aux_weight",
		Usage: "`WEIGHT` of the auxiliary heads' losses, or one for each as in 0.3,0.5; the main " +
			"head's is 1",
		Floats: func(s *Settings) *Numbers { return &s.AuxWeight }},
	{Name: "val", Key: "val", Usage: "`SHARE` of the images for validation",
		Float: func(s *Settings) *float64 { return &s.Val }},
	{Name: "test", Key: "test", Usage: "`SHARE` of the images kept for a last test",
		Float: func(s *Settings) *float64 { return &s.Test }},
	{Name: "folds", Key: "folds", optional: true,
		Usage: "cross-validate: `K` trainings in one folder, each tested on another K-th of the images",
		Int:   func(s *Settings) *int { return &s.Folds }},
	{Name: "fold", Key: "fold", optional: true, Usage: "of --folds, train number `N` alone, from 1; 0: all of them",
		Int: func(s *Settings) *int { return &s.Fold }},
	{Name: "classes-per", Key: "classes_per", optional: true,
		Usage: "take at most `N` images of each class, drawn by --seed from those that are not for " +
			"the test; 0: all",
		Int: func(s *Settings) *int { return &s.ClassesPer }},
	{Name: "left-out", Key: "left_out",
		Usage: "use what --classes-per leaves out for `PART`, val or test; else for nothing",
		Text:  func(s *Settings) *string { return &s.LeftOut }},
	{Name: "augment", Key: "augment",
		Usage: fmt.Sprintf("`POLICY`: one of %v, or as in flip,rotate=15,zoom=0.1", augment.Names()),
		Text:  func(s *Settings) *string { return &s.Augment }},
	{Name: "batch", Key: "batch",
		Usage: "`N` images a step; 0: 32, fewer where an epoch would have under 8 steps; auto: the " +
			"largest power of two that memory holds and that leaves 8",
		Int: func(s *Settings) *int { return &s.Batch }, Auto: AutoBatch},
	{Name: "label-smoothing", Key: "label_smoothing",
		Usage: "`SHARE` of the target spread over all classes",
		Float: func(s *Settings) *float64 { return &s.Smooth }},
	{Name: "class-weights", Key: "class_weights",
		Usage: "`W`: balanced, or a number for each class, or for having each label, with commas between",
		Text:  func(s *Settings) *string { return &s.Classes }},
	{Name: "seed", Key: "seed", Usage: "`N` of split, initialisation, order, augmentation and dropout",
		Uint: func(s *Settings) *uint64 { return &s.Seed }},
	{Name: "threads", Key: "threads", Resumable: true, Usage: "`N` that compute; 0: all cores",
		Int: func(s *Settings) *int { return &s.Threads }},
	{Name: "epochs", Key: "epochs", Resumable: true, Usage: "at most `N` times through the images",
		Int: func(s *Settings) *int { return &s.Epochs }},
	{Name: "patience", Key: "patience", Resumable: true,
		Usage: "stop after `N` epochs without a better one; 0: never",
		Int:   func(s *Settings) *int { return &s.Patience }},
	{Name: "patience-steps", Key: "patience_steps", Resumable: true,
		Usage: "stop after `N` steps without a better epoch at the earliest; epochs that were " +
			"asked for count alone",
		Int: func(s *Settings) *int { return &s.PatienceSteps }},
	{Name: "monitor", Key: "monitor",
		Usage: fmt.Sprintf("`WHAT` makes an epoch better, one of %v", train.Monitors()),
		Text:  func(s *Settings) *string { return &s.Monitor }},
	{Name: "loss", Key: "loss", Usage: fmt.Sprintf("`LOSS`, one of %v", nn.Losses()),
		Text: func(s *Settings) *string { return &s.Loss }},
	{Name: "precision", Key: "precision",
		Usage: fmt.Sprintf("`WHAT` the convolutions of a step multiply, one of %v; or auto: bf16 where the "+
			"processor has it", nn.Precisions()),
		Text: func(s *Settings) *string { return &s.Precision }},
	{Name: "optimizer", Key: "optimizer", Usage: fmt.Sprintf("`NAME`, one of %v", optim.Names()),
		Text: func(s *Settings) *string { return &s.Optimizer }},
	{Name: "lr", Key: "lr",
		Usage: "learning `RATE`; 0: the optimizer's, 0.01 for sgd, else 0.001",
		Float: func(s *Settings) *float64 { return &s.LR }},
	{Name: "momentum", Key: "momentum", Usage: "sgd's `M`",
		Float: func(s *Settings) *float64 { return &s.Options.Momentum }},
	{Name: "nesterov", Key: "nesterov", Usage: "sgd with Nesterov's momentum",
		Bool: func(s *Settings) *bool { return &s.Options.Nesterov }},
	{Name: "beta1", Key: "beta1", Usage: "adam's and adamw's `B`; 0: 0.9",
		Float: func(s *Settings) *float64 { return &s.Options.Beta1 }},
	{Name: "beta2", Key: "beta2", Usage: "adam's and adamw's `B`; 0: 0.999",
		Float: func(s *Settings) *float64 { return &s.Options.Beta2 }},
	{Name: "rho", Key: "rho", Usage: "rmsprop's or adadelta's `R`; 0: 0.9 and 0.95",
		Float: func(s *Settings) *float64 { return &s.Options.Rho }},
	{Name: "epsilon", Key: "epsilon", Usage: "the optimizer's `E`; 0: 1e-7",
		Float: func(s *Settings) *float64 { return &s.Options.Epsilon }},
	{Name: "initial-accumulator", Key: "initial_accumulator",
		Usage: "adagrad's `A` at the start; 0: 0.1",
		Float: func(s *Settings) *float64 { return &s.Options.InitialAccumulator }},
	{Name: "weight-decay", Key: "weight_decay", Usage: "adamw's `D`; 0: 0.004",
		Float: func(s *Settings) *float64 { return &s.Options.WeightDecay }},
	{Name: "schedule", Key: "schedule",
		Usage: fmt.Sprintf("`HOW` the rate changes: one of %v, with options as in cosine,warmup=3",
			train.Schedules()),
		Text: func(s *Settings) *string { return &s.Schedule }},
	{Name: "ema", Key: "ema", Usage: "keep an average of the weights with this `DECAY`, as in 0.999",
		Float: func(s *Settings) *float64 { return &s.EMA }},
	{Name: "clip-norm", Key: "clip_norm",
		Usage: "scale gradients whose joint norm is over `N`; 0: never",
		Float: func(s *Settings) *float64 { return &s.ClipNorm }},
	{Name: "freeze-batchnorm", Key: "freeze_batchnorm",
		Usage: "keep the running statistics, for fine-tuning",
		Bool:  func(s *Settings) *bool { return &s.FreezeBN }},
	{Name: "batchnorm", Key: "batchnorm_statistics",
		Usage: "`HOW` batch norm's statistics for validation and export come: auto, measured on " +
			"training images; or keras, running averages",
		Text: func(s *Settings) *string { return &s.BatchNorm }},
	{Name: "on-nan", Key: "on_nan", Resumable: true,
		Usage: fmt.Sprintf("`WHAT` a loss that is not finite does: stop; or rollback, to the last good "+
			"checkpoint with half the rate, %d times at most", train.MostRollbacks),
		Text: func(s *Settings) *string { return &s.OnNaN }},
}

// Value is the setting that s has, as people write it: "0.001", "0.3,0.5", "true".
func (f *Field) Value(s *Settings) string {
	switch {
	case f.Text != nil:
		return *f.Text(s)
	case f.Int != nil && f.Auto != 0 && *f.Int(s) == f.Auto:
		return auto
	case f.Int != nil:
		return strconv.Itoa(*f.Int(s))
	case f.Uint != nil:
		return strconv.FormatUint(*f.Uint(s), 10)
	case f.Float != nil:
		return fmt.Sprint(*f.Float(s))
	case f.Bool != nil:
		return strconv.FormatBool(*f.Bool(s))
	}
	words := make([]string, len(*f.Floats(s)))
	for i, v := range *f.Floats(s) {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ",")
}

// auto is the word for a number that is found.
const auto = "auto"

// ParseInt reads the text of a field with an Int: a whole number, or auto where there is
// that word.
func (f *Field) ParseInt(text string) (int, error) {
	if f.Auto != 0 && text == auto {
		return f.Auto, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err == nil:
		return n, nil
	case f.Auto != 0:
		return 0, fmt.Errorf("got %q, want a whole number, or auto", text)
	}
	return 0, fmt.Errorf("got %q, want a whole number", text)
}

// Copy gives to the setting that from has.
func (f *Field) Copy(to, from *Settings) {
	switch {
	case f.Text != nil:
		*f.Text(to) = *f.Text(from)
	case f.Int != nil:
		*f.Int(to) = *f.Int(from)
	case f.Uint != nil:
		*f.Uint(to) = *f.Uint(from)
	case f.Float != nil:
		*f.Float(to) = *f.Float(from)
	case f.Bool != nil:
		*f.Bool(to) = *f.Bool(from)
	default:
		*f.Floats(to) = slices.Clone(*f.Floats(from))
	}
}

// json is the setting as config.json has it.
func (f *Field) json(s *Settings) string {
	switch {
	case f.Text != nil:
		return strconv.Quote(*f.Text(s))
	case f.Int != nil:
		return strconv.Itoa(*f.Int(s))
	case f.Floats != nil && len(*f.Floats(s)) != 1:
		return "[" + f.Value(s) + "]"
	}
	return f.Value(s)
}

// Word is the setting as one types it after `flowerctl train`, "" where one would
// leave it out. It quotes what a shell would split.
func (f *Field) Word(s *Settings) string {
	value := f.Value(s)
	switch {
	case f.Name == "augment" && value == "":
		value = augment.Names()[0] // none
	case f.Bool != nil:
		if *f.Bool(s) {
			return "--" + f.Name
		}
		return ""
	}
	if value == "" || f.Name == "drawn" && s.Data != "" || f.optional && value == "0" {
		return ""
	}
	if strings.ContainsAny(value, " \t\"'\\$`*?") {
		value = strconv.Quote(value)
	}
	return "--" + f.Name + " " + value
}

// Difference is a setting that two runs do not share, with both values as
// config.json has them.
type Difference struct{ Key, A, B string }

// Differences are the settings in which a and b differ, in the order of [Fields].
func Differences(a, b *Settings) []Difference {
	var list []Difference
	for _, f := range fields {
		if x, y := f.json(a), f.json(b); x != y {
			list = append(list, Difference{f.Key, x, y})
		}
	}
	return list
}
