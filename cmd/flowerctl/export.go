package main

import (
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/publish"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/train/run"
)

// runFlags name a run and one of its checkpoints, and other images than its own.
type runFlags struct{ run, checkpoint, data string }

func (r *runFlags) flags() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&r.run, "run", filepath.Join(run.Root, run.Latest), "folder of the run, `RUN`"),
		shell.TextFlag(&r.checkpoint, "checkpoint", string(run.Best), "of the run: `best` or last"),
		shell.TextFlag(&r.data, "data", "",
			"compare on `DIR`, with a folder of images per class, instead of the run's validation images"),
	}
}

// open loads what the flags name.
func (r *runFlags) open() (*run.Trained, error) {
	which := run.Which(r.checkpoint)
	if err := which.Check(); err != nil {
		return nil, err
	}
	f, err := run.Find(r.run)
	if err != nil {
		return nil, err
	}
	return f.Trained(which)
}

type exportOptions struct {
	runFlags
	input, precision, license string
	opset, images             int
	drop                      float64
	fold, noVerify, force     bool
	json                      bool
}

func (o *exportOptions) flags() []cli.Flag {
	return append(o.runFlags.flags(),
		shell.TextFlag(&o.input, "input", string(export.Image),
			"`image` (any size), or float: the bare network"),
		shell.IntFlag(&o.opset, "opset", export.DefaultOpset,
			fmt.Sprintf("`VERSION` of the operators, %d to %d; images need %d",
				export.MinOpset, export.MaxOpset, export.DefaultOpset)),
		shell.TextFlag(&o.precision, "precision", string(export.FP32), "`fp32`, fp16 or int8"),
		shell.FloatFlag(&o.drop, "max-accuracy-drop", 100*verify.DefaultAccuracyDrop,
			"fp16, int8: refuse when accuracy falls by more than `POINTS`"),
		shell.BoolFlag(&o.fold, "fold-batchnorm", "merge batch norms into other layers"),
		shell.TextFlag(&o.license, "license", "", "`LICENSE` of the weights, for the metadata"),
		shell.IntFlag(&o.images, "images", 0,
			"compare on `N`, 32 or more; else 64, and all for fp16 and int8"),
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
	trained, err := o.open()
	if err != nil {
		return err
	}
	if !o.noVerify {
		if _, err := needRuntime(c, install.BuildCPU); err != nil {
			return err
		}
	}
	precision := export.Precision(o.precision)
	r, err := publish.Run(c.Ctx, trained, path, publish.Options{
		Export: export.Options{Input: export.Input(o.input), Precision: precision, Opset: o.opset,
			FoldBatchNorm: o.fold, Version: version, License: o.license},
		Data: o.data, Images: o.images, Tolerance: tolerance(precision, o.drop), Unverified: o.noVerify,
		Log: func(line string) { c.Say("%s", line) },
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
