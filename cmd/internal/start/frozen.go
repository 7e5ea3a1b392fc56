package start

import (
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/cmd/internal/device"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/extractor"
	"github.com/flowerctl/flowerctl/export/importer"
	"github.com/flowerctl/flowerctl/export/transfer"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/run"
)

// fromFlag is the flag of a network that a training starts from.
const fromFlag = "--from"

// frozen says whether the network is to compute features in onnxruntime.
func frozen(c *shell.Call, s *run.Settings) bool {
	if s.Extractor != "" {
		return s.Extractor == run.Onnxruntime
	}
	return s.Freeze == run.FreezeAll && c.Given("freeze") ||
		c.FirstGiven("cut", "hidden", "views") != ""
}

// openFrozen makes the network an extractor.
func openFrozen(c *shell.Call, s *run.Settings, src transfer.Source, device string) (
	*run.Base, error) {

	*s = s.Frozen(func(field string) bool { return s.Extractor != "" || c.Given(field) })
	at, err := need(c, device)
	if err != nil {
		return nil, err
	}
	base, err := transfer.Frozen(c.Ctx, src, s.Cut, ort.Options{Device: at})
	if err != nil {
		return nil, failed(fromFlag, s.From, err)
	}
	return base, nil
}

// need is the device of that name, with its onnxruntime loaded.
func need(c *shell.Call, name string) (ort.Device, error) { return device.Need(c, name) }

// Frozen runs extractors on a device.
func Frozen(c *shell.Call, device string) run.Frozen {
	return run.Frozen{Open: func(file []byte) (run.FeatureEngine, error) {
		at, err := need(c, device)
		if err != nil {
			return nil, err
		}
		return transfer.OpenExtractor(file, ort.Options{Device: at})
	}}
}

// failed says what helps a network that nothing can start from.
func failed(flag, from string, err error) error {
	var unread *importer.UnsupportedError
	var cut *onnx.NoValueError
	var size *extractor.SizeError
	var outputs *extractor.OutputsError
	of := func(flag string) error { return fmt.Errorf("%s: %w", flag, err) }
	known := "files of flowerctl export and of flowerctl backbone list are known"
	switch {
	case errors.As(err, &cut):
		return shell.Fail(of("--cut"), "flowerctl inspect "+from+" lists the nodes; without --cut it is "+
			"what the classifier reads")
	case errors.As(err, &size):
		return shell.Fail(of("--size"), "leave --size out, or export the network again for that size")
	case errors.Is(err, extractor.ErrNoSize):
		return shell.Fail(of(flag), "--size says which, such as --size 224")
	case errors.As(err, &outputs):
		return shell.Fail(of(flag), "--cut "+outputs.Outputs[0]+" takes that one")
	case flag != fromFlag && errors.As(err, &unread):
		return shell.Fail(of(flag), "flowerctl backbone list has networks that can be read")
	case flag != fromFlag && errors.Is(err, transfer.ErrNotNormalised):
		return shell.Fail(of(flag), known)
	case errors.As(err, &unread):
		return shell.Fail(of(flag), "--freeze all trains a head on its features, whatever the network",
			"flowerctl backbone list has networks that can be read")
	case errors.Is(err, transfer.ErrNotNormalised):
		return shell.Fail(of(flag), "--mean and --std say it, of pixels from 0 to 1; "+known)
	case errors.Is(err, transfer.ErrNormalised):
		return shell.Usagef("--mean and --std: %w", err)
	}
	return of(flag)
}
