package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
)

// calibrationImages is how many training images int8 takes its scales from.
const calibrationImages = 256

func exportCommand() *cli.Command {
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
		Flags: append(runFlags(),
			&cli.StringFlag{Name: "input", Value: string(export.Image), Usage: "`image` (any size), or float: the bare network"},
			&cli.IntFlag{Name: "opset", Value: export.DefaultOpset, Usage: fmt.Sprintf(
				"`VERSION` of the operators, %d to %d; images need %d", export.MinOpset, export.MaxOpset, export.DefaultOpset)},
			&cli.StringFlag{Name: "precision", Value: string(export.FP32), Usage: "`fp32`, fp16 or int8"},
			&cli.Float64Flag{Name: "max-accuracy-drop", Value: 100 * verify.DefaultAccuracyDrop,
				Usage: "fp16, int8: refuse when accuracy falls by more than `POINTS`"},
			&cli.BoolFlag{Name: "fold-batchnorm", Usage: "merge batch norms into other layers"},
			&cli.StringFlag{Name: "license", Usage: "`LICENSE` of the weights, for the metadata"},
			&cli.IntFlag{Name: "images", Usage: "compare on `N`, 32 or more; else 64, and all for fp16 and int8"},
			&cli.BoolFlag{Name: "no-verify", Usage: "write the file without running it"},
			&cli.BoolFlag{Name: "force", Usage: "write over a file that is there"},
			jsonFlag(),
		),
		Action: exportModel,
	}
}

// exported is the line of `export --json`.
type exported struct {
	File      string           `json:"file"`
	SHA256    string           `json:"sha256"`
	Bytes     int              `json:"bytes"`
	Precision export.Precision `json:"precision"`
	// FP32Bytes is the size of the same network as fp32, where Precision is another.
	FP32Bytes int            `json:"fp32_bytes,omitempty"`
	Verified  *verify.Report `json:"verified,omitempty"`
}

func exportModel(c *cli.Context) error {
	path, err := oneFile(c, "model.onnx")
	if err != nil {
		return err
	}
	if err := checkExport(c, path); err != nil {
		return err
	}
	run, err := openFinished(c)
	if err != nil {
		return err
	}
	o := export.Options{Input: export.Input(c.String("input")), Precision: export.Precision(c.String("precision")),
		Opset: c.Int("opset"), FoldBatchNorm: c.Bool("fold-batchnorm"), Version: version, License: c.String("license")}
	if o.Precision == export.INT8 {
		if o.Ranges, err = calibrate(c, run, o); err != nil {
			return err
		}
	}
	m, err := export.Model(run.checkpoint, o)
	if err != nil {
		return failWith(exitUsage, err)
	}
	file, err := m.Encode()
	if err != nil {
		return err
	}
	result := exported{File: path, SHA256: verify.Digest(file), Bytes: len(file), Precision: o.Precision}
	if o.Precision != export.FP32 {
		if result.FP32Bytes, err = fp32Bytes(run, o); err != nil {
			return err
		}
	}
	if !c.Bool("no-verify") {
		if result.Verified, err = verifyExport(c, run, file, o.Precision); err != nil {
			return err
		}
	}
	if err := atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	}); err != nil {
		return fileError(err)
	}
	if c.Bool("json") {
		return writeJSON(c.App.Writer, result)
	}
	return result.print(c.App.Writer, m)
}

// oneFile is the one file name that a command takes.
func oneFile(c *cli.Context, example string) (string, error) {
	switch c.NArg() {
	case 1:
		return c.Args().First(), nil
	case 0:
		return "", fail(usagef("no file named"), "flowerctl "+c.Command.Name+" "+example)
	}
	return "", usagef("takes one file, got %q and %q", c.Args().Get(0), c.Args().Get(1))
}

func checkExport(c *cli.Context, path string) error {
	if n := c.Int("images"); c.IsSet("images") && n < 32 {
		return usagef("--images: got %d, want 32 or more", n)
	}
	if drop := c.Float64("max-accuracy-drop"); !(drop >= 0 && drop <= 100) {
		return usagef("--max-accuracy-drop: got %g, want 0 to 100 points", drop)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fileError(err)
	case info.IsDir():
		return usagef("%s is a folder, want the name of a file", path)
	case !c.Bool("force"):
		return fail(fmt.Errorf("%s is there already", path), "--force writes over it")
	}
	return nil
}

// calibrate finds the ranges of all nodes on training images.
func calibrate(c *cli.Context, run *finished, o export.Options) (export.Ranges, error) {
	photos, source, err := run.photos(c.Context, c.String("data"), data.Train, calibrationImages)
	if err != nil {
		return nil, err
	}
	talk(c, "calibrating on %d images: %s", len(photos), source)
	return verify.Calibrate(c.Context, run.checkpoint, o, photos)
}

// fp32Bytes is the size of the file without the narrow weights.
func fp32Bytes(run *finished, o export.Options) (int, error) {
	o.Precision, o.Ranges = export.FP32, nil
	m, err := export.Model(run.checkpoint, o)
	if err != nil {
		return 0, err
	}
	n, err := m.WriteTo(io.Discard)
	return int(n), err
}

// verifyExport runs the file that would be written; a difference is exit code 3.
func verifyExport(c *cli.Context, run *finished, file []byte, p export.Precision) (*verify.Report, error) {
	n := c.Int("images")
	if n == 0 && p == export.FP32 {
		n = 64
	}
	photos, source, err := run.photos(c.Context, c.String("data"), data.Val, n)
	if err != nil {
		return nil, err
	}
	if _, err := needRuntime(c, ort.BuildCPU); err != nil {
		return nil, err
	}
	o := verify.Options{Photos: photos, Source: source, Tolerance: tolerance(c, p), Quick: true, Version: version,
		Log: func(line string) { talk(c, "%s", line) }}
	r, err := verify.File(c.Context, file, run.checkpoint, o)
	if err != nil {
		return nil, err
	}
	return r, differs(r, "nothing was written")
}

// tolerance is the precision's, with the drop in accuracy that the user allows.
func tolerance(c *cli.Context, p export.Precision) verify.Tolerance {
	t := verify.DefaultTolerance(p)
	if t.AccuracyDrop > 0 {
		// No drop at all is a drop of nothing: zero would mean the default.
		t.AccuracyDrop = max(c.Float64("max-accuracy-drop")/100, 1e-9)
	}
	return t
}

// differs is the error of a report that found a difference.
func differs(r *verify.Report, consequence string) error {
	if r.OK {
		return nil
	}
	hints := append(r.Problems[1:len(r.Problems):len(r.Problems)], consequence)
	return failWith(exitDifference, errors.New(r.Problems[0]), hints...)
}

func (e *exported) print(w io.Writer, m *onnx.Model) error {
	line := fmt.Sprintf("%s: %s, %s, %s", e.File, m.Graph.Name, e.Precision, megabytes(e.Bytes))
	if e.FP32Bytes > 0 {
		line += fmt.Sprintf(" (%.0f %% of fp32)", 100*float64(e.Bytes)/float64(e.FP32Bytes))
	}
	if r := e.Verified; r != nil {
		line += fmt.Sprintf("; %s", compared(r, &r.Engines[0]))
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// compared says in a few words how an engine compares.
func compared(r *verify.Report, e *verify.Result) string {
	if r.Tolerance.AccuracyDrop > 0 && e.Accuracy != nil && r.Reference.Accuracy != nil {
		return fmt.Sprintf("accuracy %.1f %% on %d images, %.1f %% in gorgonia",
			100**e.Accuracy, e.N, 100**r.Reference.Accuracy)
	}
	return fmt.Sprintf("the same answer for %d of %d images, logits within %.0e of gorgonia's", e.ArgmaxEqual, e.N, e.MaxRel)
}

func megabytes(n int) string {
	if n < 1e6 {
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
