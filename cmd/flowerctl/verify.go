package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/device"
	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/reference"
	"github.com/flowerctl/flowerctl/train/data"
)

type verifyOptions struct {
	choose.Run
	choose.Foreign
	device, report, presets string
	reference, signed       string
	tolerance               float64
	arch                    cli.StringSlice
	images                  int
	drop                    float64
	layers, json            bool
}

func (o *verifyOptions) flags() []cli.Flag {
	return append(append(o.Run.Flags(), o.Foreign.List()...),
		shell.TextFlag(&o.reference, "reference", "",
			"compare with `FILE`, another .onnx file, or recorded inputs and outputs (.npz)"),
		shell.FloatFlag(&o.tolerance, "tolerance", reference.DefaultTolerance,
			"with --reference: how far values may be apart, `SHARE` of the largest"),
		shell.TextFlag(&o.device, "device", "cpu", "where onnxruntime runs: `cpu`, cuda or cuda:N"),
		shell.BoolFlag(&o.layers, "layers", "compare every node even when the answers agree"),
		shell.IntFlag(&o.images, "images", 500, "compare on up to `N` images; 0 for all"),
		shell.FloatFlag(&o.drop, "max-accuracy-drop", 100*verify.DefaultAccuracyDrop,
			"fp16, int8: how much lower accuracy may be, `POINTS`"),
		shell.TextFlag(&o.presets, "presets", "",
			"train, export and verify networks in `DIR`, and write a table of them"),
		&cli.StringSliceFlag{Name: "arch", Usage: "with --presets: only `NETWORK,...`",
			Destination: &o.arch},
		shell.TextFlag(&o.signed, "signed", "",
			"only check the signature of flowerctl sign, with the public key in `PEM`"),
		shell.TextFlag(&o.report, "report", "", "write the report to `FILE`.json and .md instead"),
		shell.JSONFlag(&o.json))
}

func verifyCommand() *cli.Command {
	o := new(verifyOptions)
	return &cli.Command{
		Name:      "verify",
		Usage:     "prove that a file computes what was trained",
		ArgsUsage: "FILE.onnx | --presets DIR",
		Description: `Real images go through gorgonia, onnxruntime and the independent reader onnx-go,
at several batch sizes and image sizes. The report is written beside the file,
FILE.onnx.verify.json and .md. Where anything differs the exit code is 3 and the
first node that differs is named.

  flowerctl verify model.onnx
  flowerctl verify model.onnx --layers
  flowerctl verify model.onnx --data photos/ --device cuda

A file of another program is compared with what --reference names: another file, on
pictures, or inputs and outputs that were recorded with np.savez under their names.

  flowerctl verify int8.onnx --reference float.onnx --data photos/ --tolerance 0.05
  flowerctl verify model.onnx --reference recorded.npz

With --presets it does so for every network of train --list: each is trained for a
few steps, exported to DIR and verified, and a table is written to DIR/presets.md.
What is there already is not done again.

  flowerctl verify --presets presets/ --data photos/
  flowerctl verify --presets presets/ --data photos/ --arch tiny,v7-base`,
		Flags:  o.flags(),
		Action: shell.Action(o.run),
	}
}

func (o *verifyOptions) run(c *shell.Call) error {
	switch {
	case c.Given("presets"):
		return o.verifyPresets(c)
	case c.Given("arch"):
		return shell.Usagef("--arch: goes with --presets")
	}
	path, err := c.OneFile("model.onnx")
	if err != nil {
		return err
	}
	if o.images < 0 {
		return shell.Usagef("--images: got %d, want 0 or more", o.images)
	}
	if o.signed != "" {
		return checkSignature(c, path, o.signed, o.json)
	}
	if o.reference != "" {
		return o.compareWith(c, path)
	}
	file, precision, err := export.ReadFile(path)
	if err != nil {
		return remedy.Model(err, path)
	}
	if precision == "" {
		return shell.Fail(fmt.Errorf("%s: not a file of flowerctl export: there is nothing to "+
			"compare it with", path),
			"flowerctl eval --data DIR --model "+path+" says how often it is right",
			"flowerctl verify "+path+" --reference OTHER.onnx compares two files")
	}
	trained, err := o.Open()
	if err != nil {
		return err
	}
	v := verify.Options{Layers: o.layers, Version: version, Tolerance: tolerance(precision, o.drop),
		Log: func(line string) { c.Say("%s", line) }}
	if v.Photos, v.Source, err = trained.Photos(c.Ctx, o.Data, data.Val, o.images); err != nil {
		return err
	}
	if trained.Calibration != nil {
		v.Temperature, v.Thresholds = trained.Calibration.Temperature, trained.Calibration.Thresholds
	}
	if v.Device, err = device.Need(c, o.device); err != nil {
		return err
	}
	if v.Reader, err = reader(); err != nil {
		return err
	}
	r, err := verify.File(c.Ctx, file, trained.Checkpoint, v)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := r.Save(o.reportPath(path), filepath.Base(path)); err != nil {
		return err
	}
	return errors.Join(o.print(c.Out, path, r), remedy.Difference(r, "the report names every figure"))
}
