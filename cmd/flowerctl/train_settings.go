package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data/augment"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/optim"
)

// settings are all that decides a run, as config.json keeps them. Once resolved
// no field stands for a default any more.
type settings struct {
	Data   string `json:"data"`         // folder; "" for drawn flowers
	Drawn  int    `json:"drawn_images"` // how many are drawn, 0 with a folder
	Strict bool   `json:"strict"`
	Arch   string `json:"arch"`
	Size   int    `json:"size"` // pixels, 0 for the network's own
	Resize string `json:"resize"`
	Init   string `json:"init"` // file or run to take weights from

	Initializer string      `json:"initializer"` // "" for the network's own
	AuxWeight   headWeights `json:"aux_weight"`  // of the auxiliary heads' losses

	Val      float64 `json:"val"`  // share of the images
	Test     float64 `json:"test"` // share of the images
	Augment  string  `json:"augment"`
	Batch    int     `json:"batch"`
	Smooth   float64 `json:"label_smoothing"`
	Classes  string  `json:"class_weights"` // "", "balanced", or a number for each
	Seed     uint64  `json:"seed"`
	Threads  int     `json:"threads"` // 0 for all cores
	Epochs   int     `json:"epochs"`
	Patience int     `json:"patience"`
	Monitor  string  `json:"monitor"`

	Loss      string       `json:"loss"`
	Optimizer string       `json:"optimizer"`
	Options   optim.Config `json:"optimizer_options"`
	LR        float64      `json:"lr"` // 0 for the optimizer's own
	Schedule  string       `json:"schedule"`
	EMA       float64      `json:"ema"`
	ClipNorm  float64      `json:"clip_norm"`
	FreezeBN  bool         `json:"freeze_batchnorm"`
}

// defaultSettings are those of the study, where it had one for all networks.
func defaultSettings() settings {
	return settings{
		Drawn: 1000, Arch: "v7-batchnorm", Resize: string(imageprep.Stretch), AuxWeight: headWeights{1},
		Val: 0.2, Batch: 32, Seed: 1, Epochs: 50, Patience: 10, Monitor: string(train.ValAccuracy),
		Loss: string(nn.CrossEntropy), Optimizer: "adam", Schedule: string(train.Constant),
	}
}

// option is a flag and the setting that it gives.
type option struct {
	flag  func(defaults *settings) cli.Flag
	name  string
	apply func(*cli.Context, *settings)
}

func stringOption(name, usage string, field func(*settings) *string) option {
	return option{
		func(d *settings) cli.Flag { return &cli.StringFlag{Name: name, Usage: usage, Value: *field(d)} }, name,
		func(c *cli.Context, s *settings) { *field(s) = c.String(name) }}
}

func intOption(name, usage string, field func(*settings) *int) option {
	return option{
		func(d *settings) cli.Flag { return &cli.IntFlag{Name: name, Usage: usage, Value: *field(d)} }, name,
		func(c *cli.Context, s *settings) { *field(s) = c.Int(name) }}
}

func floatOption(name, usage string, field func(*settings) *float64) option {
	return option{
		func(d *settings) cli.Flag { return &cli.Float64Flag{Name: name, Usage: usage, Value: *field(d)} }, name,
		func(c *cli.Context, s *settings) { *field(s) = c.Float64(name) }}
}

func boolOption(name, usage string, field func(*settings) *bool) option {
	return option{
		func(d *settings) cli.Flag { return &cli.BoolFlag{Name: name, Usage: usage, Value: *field(d)} }, name,
		func(c *cli.Context, s *settings) { *field(s) = c.Bool(name) }}
}

func weightsOption(name, usage string, field func(*settings) *headWeights) option {
	return option{
		func(d *settings) cli.Flag {
			return &cli.Float64SliceFlag{Name: name, Usage: usage, Value: cli.NewFloat64Slice(*field(d)...)}
		}, name,
		func(c *cli.Context, s *settings) { *field(s) = c.Float64Slice(name) }}
}

func seedOption(name, usage string, field func(*settings) *uint64) option {
	return option{
		func(d *settings) cli.Flag { return &cli.Uint64Flag{Name: name, Usage: usage, Value: *field(d)} }, name,
		func(c *cli.Context, s *settings) { *field(s) = c.Uint64(name) }}
}

// trainOptions are the flags that make up a run's settings.
func trainOptions() []option {
	return []option{
		stringOption("data", "`DIR` with one folder of images per class; without it flowers are drawn",
			func(s *settings) *string { return &s.Data }),
		intOption("drawn", "how many flowers are drawn, `N`", func(s *settings) *int { return &s.Drawn }),
		boolOption("strict", "an unreadable image is an error", func(s *settings) *bool { return &s.Strict }),
		stringOption("arch", "`NETWORK`, one of --list", func(s *settings) *string { return &s.Arch }),
		intOption("size", "side of the square the network sees, `PIXELS`; 0: its own", func(s *settings) *int { return &s.Size }),
		stringOption("resize", "`HOW` images become squares: stretch or crop", func(s *settings) *string { return &s.Resize }),
		stringOption("init", "start from the weights in `FILE`.onnx, FILE.ckpt or a run",
			func(s *settings) *string { return &s.Init }),
		stringOption("initializer", fmt.Sprintf("`HOW` weights start, one of %v; the network's own when empty", model.Inits()),
			func(s *settings) *string { return &s.Initializer }),
		weightsOption("aux-weight", "`WEIGHT` of the auxiliary heads' losses, or one for each as in 0.3,0.5; the main head's is 1",
			func(s *settings) *headWeights { return &s.AuxWeight }),
		floatOption("val", "`SHARE` of the images for validation", func(s *settings) *float64 { return &s.Val }),
		floatOption("test", "`SHARE` of the images kept for a last test", func(s *settings) *float64 { return &s.Test }),
		stringOption("augment", fmt.Sprintf("`POLICY`: one of %v, or as in flip,rotate=15,zoom=0.1", augment.Names()),
			func(s *settings) *string { return &s.Augment }),
		intOption("batch", "`N` images a step", func(s *settings) *int { return &s.Batch }),
		floatOption("label-smoothing", "`SHARE` of the target spread over all classes", func(s *settings) *float64 { return &s.Smooth }),
		stringOption("class-weights", "`W`: balanced, or a number for each class with commas between",
			func(s *settings) *string { return &s.Classes }),
		seedOption("seed", "`N` of split, initialisation, order, augmentation and dropout", func(s *settings) *uint64 { return &s.Seed }),
		intOption("threads", "`N` that compute; 0: all cores", func(s *settings) *int { return &s.Threads }),
		intOption("epochs", "at most `N` times through the images", func(s *settings) *int { return &s.Epochs }),
		intOption("patience", "stop after `N` epochs without a better one; 0: never", func(s *settings) *int { return &s.Patience }),
		stringOption("monitor", fmt.Sprintf("`WHAT` makes an epoch better, one of %v", train.Monitors()),
			func(s *settings) *string { return &s.Monitor }),
		stringOption("loss", fmt.Sprintf("`LOSS`, one of %v", nn.Losses()), func(s *settings) *string { return &s.Loss }),
		stringOption("optimizer", fmt.Sprintf("`NAME`, one of %v", optim.Names()), func(s *settings) *string { return &s.Optimizer }),
		floatOption("lr", "learning `RATE`; 0: the optimizer's, 0.01 for sgd, else 0.001", func(s *settings) *float64 { return &s.LR }),
		floatOption("momentum", "sgd's `M`", func(s *settings) *float64 { return &s.Options.Momentum }),
		boolOption("nesterov", "sgd with Nesterov's momentum", func(s *settings) *bool { return &s.Options.Nesterov }),
		floatOption("beta1", "adam's and adamw's `B`; 0: 0.9", func(s *settings) *float64 { return &s.Options.Beta1 }),
		floatOption("beta2", "adam's and adamw's `B`; 0: 0.999", func(s *settings) *float64 { return &s.Options.Beta2 }),
		floatOption("rho", "rmsprop's or adadelta's `R`; 0: 0.9 and 0.95", func(s *settings) *float64 { return &s.Options.Rho }),
		floatOption("epsilon", "the optimizer's `E`; 0: 1e-7", func(s *settings) *float64 { return &s.Options.Epsilon }),
		floatOption("weight-decay", "adamw's `D`; 0: 0.004", func(s *settings) *float64 { return &s.Options.WeightDecay }),
		stringOption("schedule", fmt.Sprintf("`HOW` the rate changes: one of %v, with options as in cosine,warmup=3",
			train.Schedules()), func(s *settings) *string { return &s.Schedule }),
		floatOption("ema", "keep an average of the weights with this `DECAY`, as in 0.999", func(s *settings) *float64 { return &s.EMA }),
		floatOption("clip-norm", "scale gradients whose joint norm is over `N`; 0: never", func(s *settings) *float64 { return &s.ClipNorm }),
		boolOption("freeze-batchnorm", "keep the running statistics, for fine-tuning", func(s *settings) *bool { return &s.FreezeBN }),
	}
}

// trainFlags are the flags of trainOptions, with their defaults.
func trainFlags() []cli.Flag {
	defaults := defaultSettings()
	var flags []cli.Flag
	for _, o := range trainOptions() {
		flags = append(flags, o.flag(&defaults))
	}
	return flags
}

// readSettings puts together what holds: the flags that were given, over the
// file of settings (none if empty), over the defaults.
func readSettings(c *cli.Context, file string) (settings, error) {
	s := defaultSettings()
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return s, fileError(err)
		}
		if err := s.decode(text); err != nil {
			return s, fmt.Errorf("%s: %w", file, err)
		}
	}
	for _, o := range trainOptions() {
		if c.IsSet(o.name) {
			o.apply(c, &s)
		}
	}
	return s, nil
}

// decode reads settings from JSON over those that s has. It refuses keys that do
// not exist.
func (s *settings) decode(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
