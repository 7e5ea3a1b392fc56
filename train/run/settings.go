package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/optim"
)

// Settings are all that decides a run, as config.json holds them. Start from
// [Defaults]; [Settings.Resolve] replaces the zero values that stand for a
// default by that default.
type Settings struct {
	Data   string `json:"data"`         // folder of images; "" for drawn flowers
	Drawn  int    `json:"drawn_images"` // how many are drawn; 0 with a folder
	Strict bool   `json:"strict"`       // an unreadable image is an error
	Arch   string `json:"arch"`         // a preset of package arch
	Size   int    `json:"size"`         // pixels; 0 for the network's own
	Resize string `json:"resize"`       // how images become squares: imageprep.Resize
	Init   string `json:"init"`         // file or run to take weights from

	// From names the network to start from, FromNothing or "" for none. Arch counts
	// for nothing then.
	From   string  `json:"from"`
	Freeze string  `json:"freeze"`  // FreezeAll, FreezeAuto or a node: what is not trained; "" for nothing
	LRBody float64 `json:"lr_body"` // with From: rate of all but the head; 0 for LR

	Initializer string      `json:"initializer"` // model.Init; "" for the network's own
	AuxWeight   HeadWeights `json:"aux_weight"`  // of the auxiliary heads' losses

	Val      float64 `json:"val"`     // share of the images for validation
	Test     float64 `json:"test"`    // share of the images for the last test
	Augment  string  `json:"augment"` // policy; "" for the network's own
	Batch    int     `json:"batch"`   // images a step
	Smooth   float64 `json:"label_smoothing"`
	Classes  string  `json:"class_weights"` // "", "balanced", or a number for each
	Seed     uint64  `json:"seed"`          // of split, start, order, augmentation, dropout
	Threads  int     `json:"threads"`       // 0 for all cores
	Epochs   int     `json:"epochs"`        // at most
	Patience int     `json:"patience"`      // epochs; 0 never stops early
	Monitor  string  `json:"monitor"`       // train.Monitor

	Loss      string       `json:"loss"`      // nn.Loss
	Optimizer string       `json:"optimizer"` // a name of package optim
	Options   optim.Config `json:"optimizer_options"`
	LR        float64      `json:"lr"` // 0 for the optimizer's own
	Schedule  string       `json:"schedule"`
	EMA       float64      `json:"ema"`       // decay of the weights' average; 0: none
	ClipNorm  float64      `json:"clip_norm"` // 0: never
	FreezeBN  bool         `json:"freeze_batchnorm"`
}

// Defaults are the settings of the study, where it had one for all networks.
func Defaults() Settings {
	return Settings{
		Drawn: 1000, Arch: "v7-batchnorm", Resize: string(imageprep.Stretch), AuxWeight: HeadWeights{1},
		Val: 0.2, Batch: 32, Seed: 1, Epochs: 50, Patience: 10, Monitor: string(train.ValAccuracy),
		Loss: string(nn.CrossEntropy), Optimizer: "adam", Schedule: string(train.Constant),
	}
}

// TransferDefaults are the settings of a training that starts from a network that
// exists: the head is fitted first, on features of the images as they are, and then
// all of the network is trained for a few epochs where there are images enough.
func TransferDefaults(from string) Settings {
	s := Defaults()
	s.From, s.Arch, s.Freeze = from, "", FreezeAuto
	s.Optimizer, s.LR, s.Schedule = "adamw", 3e-4, "cosine,warmup=0.5"
	s.Options.WeightDecay = 0.01
	s.Smooth, s.Augment = 0.1, "flip,crop=0.5"
	s.Epochs, s.Patience = 9, 0
	return s
}

// ReadSettings reads a file such as a run's config.json over the defaults. It
// refuses keys that do not exist.
func ReadSettings(path string) (Settings, error) {
	s := Defaults()
	text, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	if err := s.decode(text); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// decode reads settings from JSON over those that s has.
func (s *Settings) decode(text []byte) error {
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
