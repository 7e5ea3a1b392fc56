// Package start opens, in a command's words, the network that a training starts from:
// one that is read and trained, or one of which only features are used. Start at [Open].
package start

import (
	"errors"
	"fmt"
	"strings"

	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/importer"
	"github.com/flowerctl/flowerctl/export/transfer"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/backbone"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/run"
)

// What a training starts from where nobody said what from.
const (
	usualBackbone = "efficientnet-lite0"
	builtinBase   = "builtin" // the model in the program, without its head
)

// AtHand is the network that a training starts from where nobody named one: the
// usual backbone if it is there, else what the program carries.
func AtHand(c *shell.Call) (string, error) {
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

// Open reads the network that a flag, --from or another, names: a file, or a backbone.
// Where --from names one that is not to be trained, or cannot be read, it becomes an
// extractor, and the settings those of a head on its features: device is where that runs.
func Open(c *shell.Call, flag string, s *run.Settings, device string) (*run.Base, error) {
	if err := remedy.Units(s.Mean, s.Std); err != nil {
		return nil, err
	}
	src, err := source(flag, s.From)
	if err != nil {
		return nil, err
	}
	src.Size = s.Size
	if len(s.Std) > 0 {
		src.Mean, src.Std = threeOf(s.Mean, 255), threeOf(s.Std, 255)
	}
	if flag == fromFlag && frozen(c, s) {
		return openFrozen(c, s, src, device)
	}
	base, err := transfer.Base(src)
	var unread *importer.UnsupportedError
	switch {
	case errors.As(err, &unread) && s.Freeze == run.FreezeAuto && s.Extractor == "":
		c.Say("%v: it cannot be trained, so a head is trained on its features, as with --freeze all",
			err)
		return openFrozen(c, s, src, device)
	case err != nil:
		return nil, failed(flag, s.From, err)
	}
	if s.From == builtinBase { // its file was compared when it was made
		base.Check = nil
		return base, nil
	}
	_, err = need(c, "cpu") // the network is compared with its file
	return base, err
}

// source is the file that the flag names, and how it takes pixels where it is
// one of the known backbones, whatever its name.
func source(flag, from string) (transfer.Source, error) {
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
		return transfer.Source{}, remedy.Model(fmt.Errorf("%s: %w", flag, err), path)
	}
	src := transfer.Source{Name: from, File: file, Beside: infer.Beside(path)}
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
