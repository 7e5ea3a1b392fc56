// Package choose finds the model or the run that flags name, for all commands that
// take one, and holds the limits of the numbers that such commands take. Start at
// [Flags] and [Run].
package choose

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/device"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/ort"
)

// Flags choose a model and where it runs; the same for all commands that
// answer with one.
type Flags struct {
	Model     string // the file; empty: the environment's, or the usual one
	Precision string // of export.Precisions: the file of that precision beside the model
	Device    string // as [device.Need] takes it
	Threads   int    // as infer's
	TF32      bool
	Verified  bool   // a good report must be beside the model
	Signed    string // a public key that must have signed the model; empty: none
	Foreign          // of files from elsewhere, which do not say these themselves
}

// List is the flags for the help and for parsing.
func (m *Flags) List() []cli.Flag {
	return append([]cli.Flag{
		shell.TextFlag(&m.Model, "model", "",
			"ONNX `FILE`; else $"+shell.EnvModel+", else model.onnx here, else the one built in"),
		shell.TextFlag(&m.Precision, "precision", "",
			"fp16 or int8: the file of that `PRECISION` beside the model, as model-fp16.onnx"),
		shell.TextFlag(&m.Device, "device", "cpu", "`cpu`, cuda, cuda:N, or auto"),
		shell.IntFlag(&m.Threads, "threads", 0,
			"threads that work on one run; 0 means all cores for one picture, "+
				"and one for many, of which as many runs overlap"),
		shell.BoolFlag(&m.TF32, "tf32", "cuda: faster and less exact products of matrices"),
		shell.BoolFlag(&m.Verified, "require-verified",
			"refuse a model without a good report of flowerctl verify beside it"),
		shell.TextFlag(&m.Signed, "require-signed", "",
			"refuse a model that flowerctl sign did not sign as it is, by the public key in `PEM`"),
	}, m.Foreign.List()...)
}

// Check refuses values that no model takes.
func (m *Flags) Check() error {
	if m.TF32 && m.Device != device.Auto {
		if d, err := ort.ParseDevice(m.Device); err == nil && !d.CUDA {
			return shell.Usagef("--tf32: got --device %s, want cuda or auto", d)
		}
	}
	if err := m.Foreign.Check(); err != nil {
		return err
	}
	if m.Precision != "" && !slices.Contains(export.Precisions(), export.Precision(m.Precision)) {
		return shell.Usagef("--precision: got %q, want one of %v", m.Precision, export.Precisions())
	}
	return CheckThreads(m.Threads)
}

// Arguments are those of the flags that the user gave, for a command line of this
// program that answers with the same model.
func (m *Flags) Arguments(c *shell.Call) (arguments []string) {
	for _, f := range []struct {
		name  string
		value any
	}{{"model", m.Model}, {"precision", m.Precision}, {"device", m.Device}, {"tf32", m.TF32},
		{"threads", m.Threads}} {
		if c.Given(f.name) {
			arguments = append(arguments, fmt.Sprintf("--%s=%v", f.name, f.value))
		}
	}
	return append(arguments, m.Foreign.Arguments(c)...)
}
