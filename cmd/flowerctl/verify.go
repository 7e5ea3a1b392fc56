package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
)

// readerName is the hidden command that onnx-go runs in.
const readerName = "read-with-onnx-go"

func verifyCommand() *cli.Command {
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
		Flags: append(runFlags(),
			&cli.StringFlag{Name: "device", Value: "cpu", Usage: "where onnxruntime runs: `cpu`, cuda or cuda:N"},
			&cli.BoolFlag{Name: "layers", Usage: "compare every node even when the answers agree"},
			&cli.IntFlag{Name: "images", Value: 500, Usage: "compare on up to `N` images; 0 for all"},
			&cli.Float64Flag{Name: "max-accuracy-drop", Value: 100 * verify.DefaultAccuracyDrop,
				Usage: "fp16, int8: how much lower accuracy may be, `POINTS`"},
			&cli.StringFlag{Name: "presets", Usage: "train, export and verify networks in `DIR`, and write a table of them"},
			&cli.StringSliceFlag{Name: "arch", Usage: "with --presets: only `NETWORK,...`"},
			&cli.StringFlag{Name: "report", Usage: "write the report to `FILE`.json and .md instead"},
			jsonFlag(),
		),
		Action: verifyFile,
	}
}

func readerCommand() *cli.Command {
	return &cli.Command{
		Name: readerName, Hidden: true,
		Action: func(c *cli.Context) error { return verify.RunOnnxGo(c.App.Reader, c.App.Writer) },
	}
}

func verifyFile(c *cli.Context) error {
	switch {
	case c.IsSet("presets"):
		return verifyPresets(c)
	case c.IsSet("arch"):
		return usagef("--arch: goes with --presets")
	}
	path, err := oneFile(c, "model.onnx")
	if err != nil {
		return err
	}
	if c.Int("images") < 0 {
		return usagef("--images: got %d, want 0 or more", c.Int("images"))
	}
	file, err := onnx.ReadBytes(path)
	if err != nil {
		return fileError(err)
	}
	m, err := onnx.Decode(file)
	if err == nil {
		err = m.Check()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	d, err := export.ReadMetadata(m)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	run, err := openFinished(c)
	if err != nil {
		return err
	}
	if d.Weights == "" {
		return fail(fmt.Errorf("%s: not a file of flowerctl export: there is nothing to compare it with", path),
			"flowerctl eval --data DIR --model "+path+" says how often it is right")
	}
	o := verify.Options{Layers: c.Bool("layers"), Version: version, Tolerance: tolerance(c, d.Precision),
		Log: func(line string) { talk(c, "%s", line) }}
	if o.Photos, o.Source, err = run.photos(c.Context, c.String("data"), data.Val, c.Int("images")); err != nil {
		return err
	}
	if o.Device, err = needDevice(c); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	o.Reader = []string{program, readerName}
	r, err := verify.File(c.Context, file, run.checkpoint, o)
	if err != nil {
		return modelFailure(fmt.Errorf("%s: %w", path, err))
	}
	if err := saveVerified(c, path, r); err != nil {
		return err
	}
	return errors.Join(printVerified(c, path, r), differs(r, "the report names every figure"))
}

// saveVerified writes the two forms of a report.
func saveVerified(c *cli.Context, file string, r *verify.Report) error {
	path := verify.ReportPath(file)
	if given := c.String("report"); given != "" {
		path = strings.TrimSuffix(given, ".json") + ".json"
	}
	return writeReport(path, filepath.Base(file), r)
}

// writeReport writes a report of the named file as JSON to path, and for people
// beside it.
func writeReport(path, file string, r *verify.Report) error {
	if err := train.WriteJSON(path, r); err != nil {
		return fileError(err)
	}
	text := strings.TrimSuffix(path, ".json") + ".md"
	return fileError(atomicfile.Write(text, func(w io.Writer) error {
		return r.WriteMarkdown(w, file)
	}))
}

func printVerified(c *cli.Context, path string, r *verify.Report) error {
	if c.Bool("json") {
		return writeJSON(c.App.Writer, r)
	}
	verdict := "verified"
	if !r.OK {
		verdict = "DIFFERS"
	}
	fmt.Fprintf(c.App.Writer, "%s: %s on %d images, %s\n", path, verdict, r.Images, r.Source)
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\treference\n", r.Reference.Name, r.Reference.Version)
	for i := range r.Engines {
		e := &r.Engines[i]
		if e.Skipped != "" {
			fmt.Fprintf(w, "%s\t%s\tskipped: %s\n", e.Name, e.Version, e.Skipped)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", e.Name, e.Version, compared(r, e))
	}
	if n := len(r.Resizing); n > 0 {
		worst := 0.0
		for _, x := range r.Resizing {
			worst = max(worst, x.MaxLevels)
		}
		fmt.Fprintf(w, "preprocessing\t%d sizes\twithin %.0f of 255 grey levels of flowerctl's own\n", n, worst)
	}
	if c.Bool("layers") || !r.OK {
		for _, l := range r.Layers {
			fmt.Fprintf(w, "%s\t%s\t%s\n", l.Name, l.Op, layerNote(&l))
		}
	}
	return w.Flush()
}

func layerNote(l *verify.Layer) string {
	switch {
	case l.Missing:
		return "not in the file"
	case l.Differs:
		return fmt.Sprintf("DIFFERS by %.1e of its scale", l.MaxRel)
	}
	return fmt.Sprintf("within %.1e of its scale", l.MaxRel)
}
