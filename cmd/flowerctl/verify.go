package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/train/data"
)

type verifyOptions struct {
	runFlags
	device, report, presets string
	arch                    cli.StringSlice
	images                  int
	drop                    float64
	layers, json            bool
}

func (o *verifyOptions) flags() []cli.Flag {
	return append(o.runFlags.flags(),
		shell.TextFlag(&o.device, "device", "cpu", "where onnxruntime runs: `cpu`, cuda or cuda:N"),
		shell.BoolFlag(&o.layers, "layers", "compare every node even when the answers agree"),
		shell.IntFlag(&o.images, "images", 500, "compare on up to `N` images; 0 for all"),
		shell.FloatFlag(&o.drop, "max-accuracy-drop", 100*verify.DefaultAccuracyDrop,
			"fp16, int8: how much lower accuracy may be, `POINTS`"),
		shell.TextFlag(&o.presets, "presets", "",
			"train, export and verify networks in `DIR`, and write a table of them"),
		&cli.StringSliceFlag{Name: "arch", Usage: "with --presets: only `NETWORK,...`",
			Destination: &o.arch},
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

With --presets it does so for every network of train --list: each is trained for a
few steps, exported to DIR and verified, and a table is written to DIR/presets.md.
What is there already is not done again.

  flowerctl verify --presets presets/ --data photos/
  flowerctl verify --presets presets/ --data photos/ --arch tiny,v7-base`,
		Flags:  o.flags(),
		Action: shell.Action(o.run),
	}
}

// readerName is the hidden command that onnx-go runs in.
const readerName = "read-with-onnx-go"

func readerCommand() *cli.Command {
	return &cli.Command{
		Name: readerName, Hidden: true,
		Action: shell.Action(func(c *shell.Call) error { return verify.RunOnnxGo(c.In, c.Out) }),
	}
}

// reader is the command line of onnx-go's process.
func reader() ([]string, error) {
	program, err := os.Executable()
	return []string{program, readerName}, err
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
	file, precision, err := export.ReadFile(path)
	if err != nil {
		return err
	}
	trained, err := o.open()
	if err != nil {
		return err
	}
	if precision == "" {
		return shell.Fail(fmt.Errorf("%s: not a file of flowerctl export: there is nothing to "+
			"compare it with", path),
			"flowerctl eval --data DIR --model "+path+" says how often it is right")
	}
	v := verify.Options{Layers: o.layers, Version: version, Tolerance: tolerance(precision, o.drop),
		Log: func(line string) { c.Say("%s", line) }}
	if v.Photos, v.Source, err = trained.Photos(c.Ctx, o.data, data.Val, o.images); err != nil {
		return err
	}
	if trained.Calibration != nil {
		v.Temperature = trained.Calibration.Temperature
	}
	if v.Device, err = needDevice(c, o.device); err != nil {
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
	return errors.Join(o.print(c.Out, path, r), differs(r, "the report names every figure"))
}

// reportPath is where the report of a file goes.
func (o *verifyOptions) reportPath(file string) string {
	if o.report != "" {
		return strings.TrimSuffix(o.report, ".json") + ".json"
	}
	return verify.ReportPath(file)
}

// differs is the error of a report that found a difference.
func differs(r *verify.Report, consequence string) error {
	if r.OK {
		return nil
	}
	hints := append(r.Problems[1:len(r.Problems):len(r.Problems)], consequence)
	return shell.FailWith(shell.ExitDifference, errors.New(r.Problems[0]), hints...)
}

func (o *verifyOptions) print(w io.Writer, path string, r *verify.Report) error {
	if o.json {
		return shell.WriteJSON(w, r)
	}
	verdict := "verified"
	if !r.OK {
		verdict = "DIFFERS"
	}
	fmt.Fprintf(w, "%s: %s on %d images, %s\n", path, verdict, r.Images, r.Source)
	return r.Table(o.layers || !r.OK).WriteText(w)
}
