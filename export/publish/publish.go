// Package publish writes a run's network as ONNX: calibrated where weights become
// int8, and compared with gorgonia before there is a file. It runs both gorgonia and
// onnxruntime, which package export never imports. Start at [Run].
package publish

import (
	"context"
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// CalibrationImages is how many training images int8 takes its scales from.
const CalibrationImages = 256

// defaultImages is how many validation images an fp32 file is compared on.
const defaultImages = 64

// Options say what is written and how it is checked. Export.Ranges is filled in by
// [Run].
type Options struct {
	Export export.Options
	// Data is a folder of images to calibrate and compare on; "" for the run's own.
	Data string
	// Images is how many are compared; 0 for 64, and for all where the precision is
	// not fp32.
	Images    int
	Tolerance verify.Tolerance // the precision's own where it is the zero value
	// UnknownPrecision is how often answers shall be right that are given: the file gets
	// the threshold below which an answer is called unknown. 0 means none.
	UnknownPrecision float64
	// Unverified writes the file without running it.
	Unverified bool
	Log        func(line string) // hears what happens; may be nil
}

// Result is the file that was written; its JSON is what `flowerctl export --json`
// prints.
type Result struct {
	File      string           `json:"file"`
	SHA256    string           `json:"sha256"`
	Bytes     int              `json:"bytes"`
	Precision export.Precision `json:"precision"`
	// FP32Bytes is the size of the same network as fp32, where Precision is another.
	FP32Bytes int            `json:"fp32_bytes,omitempty"`
	Verified  *verify.Report `json:"verified,omitempty"`
	// Name is the network's.
	Name string `json:"-"`
}

// OptionsError says that the network cannot be written as Options.Export asks.
type OptionsError struct{ Err error }

func (e *OptionsError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *OptionsError) Unwrap() error { return e.Err }

// DifferenceError says that the file would not compute what was trained, so that
// nothing was written.
type DifferenceError struct{ Report *verify.Report }

func (e *DifferenceError) Error() string { return e.Report.Problems[0] }

// Run writes the network of a checkpoint to path, and its card beside it, or nothing
// where its answers are not gorgonia's: the error is a [*DifferenceError] then.
// onnxruntime has to be loaded unless Options.Unverified is set.
func Run(ctx context.Context, trained *run.Trained, path string, o Options) (*Result, error) {
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if o.Export.Precision == "" {
		o.Export.Precision = export.FP32
	}
	if o.Tolerance == (verify.Tolerance{}) {
		o.Tolerance = verify.DefaultTolerance(o.Export.Precision)
	}
	if err := export.CheckPrecision(trained.Checkpoint, o.Export.Precision); err != nil {
		return nil, &OptionsError{err}
	}
	if err := o.calibrate(ctx, trained); err != nil {
		return nil, err
	}
	if err := o.temper(trained); err != nil {
		return nil, err
	}
	m, err := export.Model(trained.Checkpoint, o.Export)
	if err != nil {
		return nil, &OptionsError{err}
	}
	file, err := m.Encode()
	if err != nil {
		return nil, err
	}
	r := &Result{File: path, SHA256: verify.Digest(file), Bytes: len(file),
		Precision: o.Export.Precision, Name: m.Graph.Name}
	if r.Precision != export.FP32 {
		if r.FP32Bytes, err = fp32Bytes(trained, o.Export); err != nil {
			return nil, err
		}
	}
	if !o.Unverified {
		if r.Verified, err = o.verify(ctx, trained, file); err != nil {
			return nil, err
		}
	}
	c, err := o.makeCard(trained, m, r, file)
	if err != nil {
		return nil, err
	}
	model := atomicfile.File{Path: path, Write: func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	}}
	if err := atomicfile.WriteAll(append(c.Files(path), model)...); err != nil {
		return nil, err
	}
	return r, nil
}

// calibrate finds the ranges of all nodes on training images.
func (o *Options) calibrate(ctx context.Context, trained *run.Trained) error {
	if o.Export.Precision != export.INT8 {
		return nil
	}
	photos, source, err := trained.Photos(ctx, o.Data, data.Train, CalibrationImages)
	if err != nil {
		return err
	}
	o.Log(fmt.Sprintf("calibrating on %s: %s", table.Count(len(photos), "image"), source))
	o.Export.Ranges, err = verify.Calibrate(ctx, trained.Checkpoint, o.Export, photos)
	return err
}

// fp32Bytes is the size of the file without the narrow weights.
func fp32Bytes(trained *run.Trained, o export.Options) (int, error) {
	o.Precision, o.Ranges = export.FP32, nil
	m, err := export.Model(trained.Checkpoint, o)
	if err != nil {
		return 0, err
	}
	n, err := m.WriteTo(io.Discard)
	return int(n), err
}

// verify runs the file that would be written.
func (o *Options) verify(ctx context.Context, trained *run.Trained,
	file []byte) (*verify.Report, error) {
	n := o.Images
	if n == 0 && o.Export.Precision == export.FP32 {
		n = defaultImages
	}
	photos, source, err := trained.Photos(ctx, o.Data, data.Val, n)
	if err != nil {
		return nil, err
	}
	r, err := verify.File(ctx, file, trained.Checkpoint, verify.Options{Photos: photos, Source: source,
		Tolerance: o.Tolerance, Quick: true, Version: o.Export.Version, Log: o.Log,
		Temperature: o.Export.Temperature, Thresholds: o.Export.Thresholds})
	if err != nil {
		return nil, err
	}
	if !r.OK {
		return nil, &DifferenceError{r}
	}
	return r, nil
}
