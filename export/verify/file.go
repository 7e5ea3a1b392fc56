package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/table"
)

// Options say what to compare on, and how closely.
type Options struct {
	Photos []Photo // one or more
	Source string  // where they are from, for the report
	// Tolerance is DefaultTolerance of the file's precision if it is zero.
	Tolerance Tolerance
	Device    ort.Device // where onnxruntime runs
	// Layers compares every node even if the answers agree. If they do not, every
	// node is compared in any case.
	Layers bool
	// Quick leaves out preprocessing at other sizes, the second reader and TF32.
	Quick bool
	// Reader is the command that runs [RunOnnxGo] on its standard input and output.
	// If it is empty, onnx-go is left out.
	Reader []string
	// ReaderImages is the number of images for onnx-go; 0 means 2, because its
	// convolution is slow.
	ReaderImages int
	// Temperature is what the file has to divide logits by; 0: what it says itself.
	Temperature float64
	// Thresholds are what the file has to say from which probability on each of several
	// labels is given; nil: what it says.
	Thresholds []float64
	Version    string            // of the program, for the report
	Log        func(line string) // is told what happens; may be nil
}

// batchSizes are the sizes of the batches, in turn.
var batchSizes = []int{1, 2, 7, 32}

// originalSizes is the number of photos that are also compared at sizes other than
// the network's.
const originalSizes = 3

// readerImages is the default of Options.ReaderImages.
const readerImages = 2

// readerTime is the most time that onnx-go may take.
const readerTime = time.Minute

// File compares a file with the checkpoint that it was exported from.
// onnxruntime has to be loaded, see ort.Load. An error means that the comparison
// could not be made; differences are in the report.
func File(ctx context.Context, file []byte, c *checkpoint.Checkpoint, o Options) (*Report, error) {
	m, err := onnx.Decode(file)
	if err != nil {
		return nil, err
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	d, err := export.ReadMetadata(m)
	if err != nil {
		return nil, err
	}
	if len(o.Photos) == 0 {
		return nil, errors.New("no images to compare on")
	}
	v := &verification{Options: o, file: file, model: m, metadata: d, checkpoint: c}
	if v.Tolerance == (Tolerance{}) {
		v.Tolerance = DefaultTolerance(d.Precision)
	}
	if err := v.run(ctx); err != nil {
		return nil, err
	}
	return &v.report, nil
}

// verification is one comparison under way.
type verification struct {
	Options
	file       []byte
	model      *onnx.Model
	metadata   export.Metadata
	checkpoint *checkpoint.Checkpoint

	gorgonia *gorgonia
	images   *images
	want     onnx.Tensor // the reference's logits
	report   Report
}

func (v *verification) log(format string, args ...any) {
	if v.Log != nil {
		v.Log(fmt.Sprintf(format, args...))
	}
}

func (v *verification) run(ctx context.Context) (err error) {
	v.report = Report{OK: true, SHA256: Digest(v.file), Arch: v.metadata.Arch, Input: v.metadata.Input,
		Precision: v.metadata.Precision, Images: len(v.Photos), Source: v.Source, Tolerance: v.Tolerance,
		Machine: machine(), Version: v.Version, Made: time.Now().UTC().Format(time.RFC3339)}
	if err := v.sameNetwork(); err != nil {
		return err
	}
	if v.images, err = prepare(ctx, v.Photos, v.checkpoint.Preprocess, originalSizes); err != nil {
		return err
	}
	if v.gorgonia, err = newGorgonia(v.checkpoint.Spec, v.checkpoint.Weights); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.gorgonia.Close()) }()
	v.report.Reference = Reference{Name: "gorgonia", Version: v.gorgonia.Version()}
	if err := v.extractor(); err != nil {
		return err
	}
	v.log("%s through %s", table.Count(len(v.Photos), "image"), v.report.Reference.Name)
	if v.want, err = v.images.all(ctx, v.gorgonia.Forward, 32); err != nil {
		return fmt.Errorf("gorgonia: %w", err)
	}
	v.report.Reference.Accuracy = v.accuracy(v.want)
	if err := v.onnxruntime(ctx); err != nil {
		return err
	}
	if v.Quick {
		return v.layers(ctx)
	}
	if err := v.resizing(ctx); err != nil {
		return err
	}
	if err := v.onnxGo(ctx); err != nil {
		return err
	}
	return v.layers(ctx)
}

// sameNetwork reports what the file says of itself that the checkpoint does not.
func (v *verification) sameNetwork() error {
	c, d := v.checkpoint, v.metadata
	digest, err := export.WeightsDigest(&c.Spec, c.Weights)
	if err != nil {
		return err
	}
	if d.Weights != "" && d.Weights != digest {
		v.report.problem("the file was exported from other weights (%.12s) than the checkpoint's (%.12s)",
			d.Weights, digest)
	}
	if fmt.Sprint(d.Labels) != fmt.Sprint(c.Labels) {
		v.report.problem("the file's labels are %v, the checkpoint's %v", d.Labels, c.Labels)
	}
	if t := v.Temperature; t != 0 && t != cmp.Or(d.Temperature, 1) {
		v.report.problem("the file divides its logits by %g, the run says by %g: export it again",
			cmp.Or(d.Temperature, 1), t)
	}
	if multi := c.Spec.MultiLabel(); d.MultiLabel != multi {
		v.report.problem("the file says that an image has several labels: %t, the checkpoint: %t",
			d.MultiLabel, multi)
	}
	v.report.MultiLabel = d.MultiLabel
	if v.Thresholds != nil && !slices.Equal(v.Thresholds, d.Thresholds) {
		v.report.problem("the file gives labels from %v on, the run says from %v: export it again",
			d.Thresholds, v.Thresholds)
	}
	if d.Thresholds != nil && len(d.Thresholds) != c.Spec.Classes {
		return fmt.Errorf("metadata thresholds: %d for %d labels", len(d.Thresholds), c.Spec.Classes)
	}
	if d.Preprocess != c.Preprocess {
		v.report.problem("the file says that images are prepared as %+v, the checkpoint %+v",
			d.Preprocess, c.Preprocess)
	}
	return nil
}

func (v *verification) accuracy(logits onnx.Tensor) *float64 {
	share, ok := accuracy(logits, v.images.labels)
	if !ok {
		return nil
	}
	return &share
}

// judge adds an engine's answers to the report.
func (v *verification) judge(name, version string, got onnx.Tensor, informative bool) error {
	d, err := Compare(v.want, got)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r := Result{Name: name, Version: version, Difference: d, Accuracy: v.accuracy(got),
		Informative: informative}
	multi := v.checkpoint.Spec.MultiLabel()
	if multi {
		r.Labels = labelsApart(v.want, got, v.metadata.Thresholds)
	}
	r.OK = d.within(v.Tolerance)
	why := fmt.Sprintf("the same answer for %d of %s, logits up to %.1e of scale apart",
		d.ArgmaxEqual, table.Count(d.N, "image"), d.MaxRel)
	if drop := v.Tolerance.AccuracyDrop; drop > 0 && r.OK {
		lost := 1 - float64(d.ArgmaxEqual)/float64(d.N) // the most it can be, without labels
		if want := v.report.Reference.Accuracy; want != nil {
			lost = *want - *r.Accuracy
		}
		why = fmt.Sprintf("accuracy is %.1f points lower, at most %.1f are allowed", 100*lost, 100*drop)
		if multi {
			lost = r.Labels
			why = fmt.Sprintf("%.1f %% of all labels are given otherwise, at most %.1f are allowed",
				100*lost, 100*drop)
		}
		r.OK = lost <= drop+1e-9
	}
	v.report.Engines = append(v.report.Engines, r)
	if !r.OK && !informative {
		v.report.problem("%s: %s", name, why)
	}
	return nil
}
