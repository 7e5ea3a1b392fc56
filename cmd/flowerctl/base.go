package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/flowerctl/flowerctl/cmd/internal/device"
	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/importer"
	"github.com/flowerctl/flowerctl/export/transfer"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/backbone"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/run"
)

// What a training starts from where nobody said what from.
const (
	usualBackbone = "efficientnet-lite0"
	builtinBase   = "builtin" // the model in the program, without its head
)

// atHand is the network that a training starts from where nobody named one: the
// usual backbone if it is there, else what the program carries.
func atHand(c *shell.Call) (string, error) {
	_, _, err := backbone.Open(usualBackbone)
	var damaged *backbone.DamagedError
	switch {
	case errors.As(err, &damaged):
		return "", remedy.Backbone(err)
	case err != nil:
		c.Say("starting from the built-in model, which knows flowers: flowerctl backbone fetch %s "+
			"brings one that knows more kinds of things; --from none starts from nothing",
			usualBackbone)
		return builtinBase, nil
	}
	return usualBackbone, nil
}

// openBase reads the network that a flag, --from or another, names: a file, or a
// backbone.
func openBase(c *shell.Call, flag string, s *run.Settings) (*run.Base, error) {
	if err := remedy.Units(s.Mean, s.Std); err != nil {
		return nil, err
	}
	src, err := baseSource(flag, s.From)
	if err != nil {
		return nil, err
	}
	src.Size = s.Size
	if len(s.Std) > 0 {
		src.Mean, src.Std = threeOf(s.Mean, 255), threeOf(s.Std, 255)
	}
	base, err := transfer.Base(src)
	known := "files of flowerctl export and of flowerctl backbone list are known"
	if flag == "--from" {
		known = "--mean and --std say it, of pixels from 0 to 1; " + known
	}
	var unread *importer.UnsupportedError
	switch {
	case errors.As(err, &unread):
		return nil, shell.Fail(fmt.Errorf("%s: %w", flag, err),
			"flowerctl backbone list has networks that can be read")
	case errors.Is(err, transfer.ErrNotNormalised):
		return nil, shell.Fail(fmt.Errorf("%s: %w", flag, err), known)
	case errors.Is(err, transfer.ErrNormalised):
		return nil, shell.Usagef("--mean and --std: %w", err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	if s.From == builtinBase { // its file was compared when it was made
		base.Check = nil
		return base, nil
	}
	_, err = device.NeedRuntime(c, install.BuildCPU) // the network is compared with its file
	return base, err
}

// baseSource is the file that the flag names, and how it takes pixels where it is
// one of the known backbones, whatever its name.
func baseSource(flag, from string) (transfer.Source, error) {
	if from == builtinBase {
		return transfer.Source{Name: from, File: infer.Builtin()}, nil
	}
	entry, path, err := backbone.Open(from)
	var unknown *backbone.UnknownError
	switch {
	case errors.As(err, &unknown):
		if !strings.ContainsAny(from, "./\\") {
			return transfer.Source{}, remedy.Backbone(err)
		}
		path = from
	case err != nil:
		return transfer.Source{}, remedy.Backbone(err)
	}
	file, err := onnx.ReadBytes(path)
	if err != nil {
		return transfer.Source{}, fmt.Errorf("%s: %w", flag, err)
	}
	src := transfer.Source{Name: from, File: file}
	if unknown != nil {
		var ok bool
		if entry, ok = backbone.Identify(file); !ok {
			return src, nil
		}
	}
	src.Mean, src.Std = entry.Normalisation.Mean, entry.Normalisation.Std
	return src, nil
}

// threeOf are one number for all channels or one each, times a factor.
func threeOf(values []float64, factor float64) (three [3]float64) {
	for i := range three {
		if len(values) > 0 {
			three[i] = factor * values[min(i, len(values)-1)]
		}
	}
	return three
}
