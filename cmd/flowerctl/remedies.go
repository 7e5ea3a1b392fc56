package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/flowerctl/flowerctl/export/publish"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/export/verify/presets"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train/run"
)

// remedied turns an error of a library, which knows no flags, into what the user
// asked wrongly and what mends it. It is for errors that mean the same whichever
// command they come from.
func remedied(err error) error {
	var setting *run.SettingError
	var none *run.NoRunError
	var images *run.NoImagesError
	switch {
	case errors.As(err, &setting):
		text := strings.Replace(err.Error(), setting.Error(), asFlags(setting), 1)
		return failWith(exitUsage, &reworded{text, err})
	case errors.As(err, &none) && len(none.Others) > 0:
		return fail(err, "there are: "+strings.Join(none.Others, ", "))
	case errors.As(err, &none):
		return fail(err, "flowerctl train makes one")
	case errors.As(err, &images):
		return fail(err, "--data DIR compares on other images")
	}
	return remediedFile(err)
}

// remediedFile is for errors of exporting and comparing.
func remediedFile(err error) error {
	var start *run.InitError
	var asked *publish.OptionsError
	var difference *publish.DifferenceError
	var few *presets.TooFewError
	switch {
	case errors.As(err, &start):
		text := strings.Replace(err.Error(), start.Error(), "--init: "+start.Err.Error(), 1)
		return fail(&reworded{text, err})
	case errors.As(err, &asked):
		return failWith(exitUsage, err)
	case errors.As(err, &difference):
		return differs(difference.Report, "nothing was written")
	case errors.As(err, &few) && few.Comparing == 0:
		return fail(err, fmt.Sprintf("--images %d", few.Have))
	case errors.As(err, &few):
		return fail(err, "--images says on how many to compare, 32 or more")
	}
	return remediedModel(err)
}

// remediedModel is for errors of opening an ONNX file.
func remediedModel(err error) error {
	var device *ort.DeviceError
	var none *infer.PrecisionError
	switch {
	case errors.As(err, &device):
		return failWith(exitNoDevice, device, append(mendParts(device.Missing), "--device cpu needs none of it")...)
	case errors.As(err, &none):
		return fail(err, fmt.Sprintf("flowerctl export %s --precision %s makes it", none.Path, none.Precision))
	case errors.Is(err, infer.ErrNoLabels):
		return fail(err, "--labels FILE names them, one a line, in the network's order")
	case errors.Is(err, infer.ErrNoSize):
		return fail(err, "--size PIXELS says it")
	case errors.Is(err, verify.ErrNotVerified):
		return fail(err, "flowerctl verify FILE.onnx writes the report")
	}
	return err
}

// asFlags is the error with the settings written as flags.
func asFlags(e *run.SettingError) string {
	return fmt.Sprintf("--%s: %v", strings.Join(e.Fields, ", --"), e.Err)
}

// reworded is an error with another text.
type reworded struct {
	text string
	error
}

func (r *reworded) Error() string { return r.text }
func (r *reworded) Unwrap() error { return r.error }

// plainText is an error's text with the file first: "x.onnx: no such file or
// directory" in place of "open x.onnx: no such file or directory".
func plainText(err error) string {
	text := err.Error()
	var at *fs.PathError
	if errors.As(err, &at) {
		text = strings.Replace(text, at.Error(), fmt.Sprintf("%s: %v", at.Path, at.Err), 1)
	}
	return text
}
