package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/device"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/publish"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort/install"
)

type exportOptions struct {
	choose.Run
	input, resizeOp       string
	precision, license    string
	opset, images         int
	drop, unknown         float64
	fold, noVerify, force bool
	json                  bool
}

func (o *exportOptions) flags() []cli.Flag {
	return append(o.Run.Flags(),
		shell.TextFlag(&o.input, "input", string(export.Image),
			"`image` (any size), or float: the bare network"),
		shell.TextFlag(&o.resizeOp, "resize-op", "",
			"how the file resizes images: `matmul` (the default), "+
				"alike in every engine, or resize, in half the time where the engine can antialias"),
		shell.IntFlag(&o.opset, "opset", export.DefaultOpset,
			fmt.Sprintf("`VERSION` of the operators, %d to %d; images need %d",
				export.MinOpset, export.MaxOpset, export.DefaultOpset)),
		shell.TextFlag(&o.precision, "precision", string(export.FP32),
			"`fp32`, fp16, fp16-weights (stored so, computed in fp32) or int8"),
		shell.FloatFlag(&o.drop, "max-accuracy-drop", 100*verify.DefaultAccuracyDrop,
			"fp16, int8: refuse when accuracy falls by more than `POINTS`"),
		shell.BoolFlag(&o.fold, "fold-batchnorm", "merge batch norms into other layers"),
		shell.TextFlag(&o.license, "license", "", "`LICENSE` of the weights, for the metadata"),
		shell.IntFlag(&o.images, "images", 0,
			"compare on `N`, 32 or more; else 64, and all for fp16 and int8"),
		shell.FloatFlag(&o.unknown, "unknown-precision", 0,
			"store below which probability an answer is unknown, so that `SHARE` of the others are right"),
		shell.BoolFlag(&o.noVerify, "no-verify", "write the file without running it"),
		shell.BoolFlag(&o.force, "force", "write over a file that is there"),
		shell.JSONFlag(&o.json))
}

func exportCommand() *cli.Command {
	o := new(exportOptions)
	return &cli.Command{
		Name:      "export",
		Usage:     "write a run's network as ONNX, verified before it is yours",
		ArgsUsage: "FILE.onnx",
		Description: `The file takes pictures of any size and prepares them itself. It is run on
validation images before it is written: where its answers are not those of
gorgonia there is no file, and the exit code is 3.

  flowerctl export model.onnx
  flowerctl export model.onnx --run runs/v7-base-20250101-120000 --checkpoint last
  flowerctl export small.onnx --precision int8 --max-accuracy-drop 1
  flowerctl export bare.onnx --input float --opset 13`,
		Flags:  o.flags(),
		Action: shell.Action(o.export),
	}
}

func (o *exportOptions) export(c *shell.Call) error {
	path, err := c.OneFile("model.onnx")
	if err != nil {
		return err
	}
	if err := o.check(c, path); err != nil {
		return err
	}
	trained, err := o.Open()
	if err != nil {
		return err
	}
	if !o.noVerify {
		if _, err := device.NeedRuntime(c, install.BuildCPU); err != nil {
			return err
		}
	}
	precision := export.Precision(o.precision)
	r, err := publish.Run(c.Ctx, trained, path, publish.Options{
		Export: export.Options{Input: export.Input(o.input), Precision: precision, Opset: o.opset,
			ResizeOp: export.ResizeOp(o.resizeOp), FoldBatchNorm: o.fold, Version: version,
			License: o.license},
		Data: o.Data, Images: o.images, Tolerance: tolerance(precision, o.drop), Unverified: o.noVerify,
		UnknownPrecision: o.unknown, Log: func(line string) { c.Say("%s", line) },
	})
	if err != nil {
		return err
	}
	if o.json {
		return shell.WriteJSON(c.Out, r)
	}
	_, err = fmt.Fprintln(c.Out, r)
	return err
}

func (o *exportOptions) check(c *shell.Call, path string) error {
	if c.Given("images") && o.images < 32 {
		return shell.Usagef("--images: got %d, want 32 or more", o.images)
	}
	if !(o.drop >= 0 && o.drop <= 100) {
		return shell.Usagef("--max-accuracy-drop: got %g, want 0 to 100 points", o.drop)
	}
	if imageprep.ImageName(path) {
		return shell.Usagef("%s: the name of a picture, want one that ends in .onnx", path)
	}
	return shell.MayWrite(path, o.force)
}

// tolerance is the precision's, with the drop in accuracy that the user allows,
// in points.
func tolerance(p export.Precision, drop float64) verify.Tolerance {
	t := verify.DefaultTolerance(p)
	if t.AccuracyDrop > 0 {
		// No drop at all is a drop of nothing: zero would mean the default.
		t.AccuracyDrop = max(drop/100, 1e-9)
	}
	return t
}
