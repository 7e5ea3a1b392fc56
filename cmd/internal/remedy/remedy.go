// Package remedy turns the errors of libraries, which know no flags, into what the
// user asked wrongly and what mends it, in words of the command line. Start at [Of].
package remedy

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/publish"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/export/verify/presets"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/foreign"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/sweep"
)

// Of adds the remedy to errors that mean the same whichever command they come from.
// It gives other errors as they are.
func Of(err error) error {
	if err == nil {
		return nil
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = atomicfile.OnDisk(err, at.Path)
	}
	var setting *run.SettingError
	var units *imageprep.UnitsError
	var inside *atomicfile.InsideError
	var none *run.NoRunError
	var images *run.NoImagesError
	var forGood *permanent.Error
	var file *sweep.FileError
	switch {
	case errors.As(err, &forGood):
		return shell.FailWith(shell.ExitNoRetry, err, hints(forGood.Remedy)...)
	case errors.As(err, &file):
		return shell.FailWith(shell.ExitUsage, err, hints(file.Remedy)...)
	case errors.As(err, &setting):
		text := strings.Replace(err.Error(), setting.Error(), asFlags(setting), 1)
		err = shell.FailWith(shell.ExitUsage, shell.Reword(err, text))
		if errors.As(setting.Err, &units) {
			err = shell.Fail(err, unitsHint(units))
		}
		return err
	case errors.As(err, &inside):
		return shell.FailWith(shell.ExitUsage, err)
	case errors.As(err, &none) && len(none.Others) > 0:
		return shell.Fail(err, "there are: "+strings.Join(none.Others, ", "))
	case errors.As(err, &none):
		return shell.Fail(err, "flowerctl train makes one")
	case errors.As(err, &images):
		return shell.Fail(err, "--data DIR compares on other images")
	}
	return ofFile(err)
}

// Images adds what a folder of images looks like, or where to have one, to the error of
// reading it, unless that says what mends it.
func Images(err error, hint string) error {
	var own interface{ Hint() string }
	if errors.As(err, &own) && own.Hint() != "" {
		return err
	}
	return shell.Fail(err, hint)
}

// hints are the lines of a hint, which may be empty.
func hints(hint string) []string {
	if hint == "" {
		return nil
	}
	return []string{hint}
}

// ofFile is for errors of exporting and comparing.
func ofFile(err error) error {
	var start *run.InitError
	var asked *publish.OptionsError
	var difference *publish.DifferenceError
	var few *presets.TooFewError
	var unknown *publish.PrecisionError
	switch {
	case errors.As(err, &start):
		text := strings.Replace(err.Error(), start.Error(), "--init: "+start.Err.Error(), 1)
		return shell.Fail(shell.Reword(err, text))
	case errors.As(err, &asked):
		return shell.FailWith(shell.ExitUsage, err)
	case errors.As(err, &unknown):
		return shell.Fail(err, unknownHints(unknown.Nearest)...)
	case errors.As(err, &difference):
		return Difference(difference.Report, "nothing was written")
	case errors.As(err, &few) && few.Comparing == 0:
		return shell.Fail(err, fmt.Sprintf("--images %d", few.Have))
	case errors.As(err, &few):
		return shell.Fail(err, "--images says on how many to compare, 32 or more")
	}
	return ofModel(err)
}

// unknownHints say which precision there is a threshold for.
func unknownHints(nearest metrics.Threshold) (hints []string) {
	if there := math.Floor(1000*nearest.Precision+1e-9) / 1000; there > 0 {
		hints = append(hints, fmt.Sprintf("--unknown-precision %g is there, for %.0f %% of the images",
			there, 100*nearest.Coverage))
	}
	return append(hints, "more validation images, or a better network, allow more")
}

// ofModel is for errors of opening an ONNX file.
func ofModel(err error) error {
	var device *ort.DeviceError
	var none *infer.PrecisionError
	var contradiction *foreign.ContradictionError
	switch {
	case errors.As(err, &contradiction):
		text := strings.Replace(err.Error(), contradiction.Error(), "--"+contradiction.Error(), 1)
		return shell.Fail(shell.FailWith(shell.ExitUsage, shell.Reword(err, text)),
			"leave --"+contradiction.Option+" out")
	case errors.As(err, &device):
		return shell.FailWith(shell.ExitNoDevice, device, append(parts(device.Missing),
			"--device cpu needs none of it")...)
	case errors.As(err, &none):
		return shell.Fail(err, fmt.Sprintf("flowerctl export %s --precision %s makes it", none.Path,
			none.Precision))
	case errors.Is(err, infer.ErrNoLabels):
		return shell.Fail(err, "--labels FILE names them, one a line, in the network's order")
	case errors.Is(err, infer.ErrNoSize):
		return shell.Fail(err, "--size PIXELS says it")
	case errors.Is(err, verify.ErrNotVerified):
		return shell.Fail(err, "flowerctl verify FILE.onnx writes the report")
	}
	return err
}

// asFlags is the error with the settings written as flags.
func asFlags(e *run.SettingError) string {
	return fmt.Sprintf("--%s: %v", strings.Join(e.Fields, ", --"), e.Err)
}

// Difference is the error of a report that found a difference.
func Difference(r *verify.Report, consequence string) error {
	if r.OK {
		return nil
	}
	hints := append(r.Problems[1:len(r.Problems):len(r.Problems)], consequence)
	return shell.FailWith(shell.ExitDifference, errors.New(r.Problems[0]), hints...)
}
