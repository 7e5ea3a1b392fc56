package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/table"
)

// maxSoftmax is the largest error of a probability; that of float32 is 1e-7.
const maxSoftmax = 1e-5

// OnnxGoName is the name of the second reader in reports.
const OnnxGoName = "onnx-go"

// RuntimeName is the name of onnxruntime with these options in reports.
func RuntimeName(o ort.Options) string {
	name := "onnxruntime " + o.Device.String()
	if o.TF32 {
		name += " with TF32"
	}
	return name
}

// modes are the ways in which onnxruntime runs the file: on the CPU and, if a GPU
// was asked for, on it, without TF32 and with it.
func (v *verification) modes() []ort.Options {
	asked := ort.Options{Device: v.Device}
	if !v.Device.CUDA || v.Quick {
		return []ort.Options{asked}
	}
	return []ort.Options{{}, asked, {Device: v.Device, TF32: true}}
}

// onnxruntime runs the file itself, at all batch sizes.
func (v *verification) onnxruntime(ctx context.Context) error {
	for _, mode := range v.modes() {
		name := RuntimeName(mode)
		v.log("%s through %s", table.Count(len(v.Photos), "image"), name)
		session, err := openRuntime(v.file, mode)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		got, err := v.images.all(ctx, session.Forward, batchSizes...)
		if err := errors.Join(err, session.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := v.judge(name, ort.Loaded().Version, got, mode.TF32); err != nil {
			return err
		}
		if mode.TF32 {
			continue // it rounds and is for information only
		}
		if session.softmax > maxSoftmax {
			function := "softmax"
			if session.sigmoid {
				function = "sigmoid"
			}
			v.report.problem("%s: probabilities are not the %s of the logits, by up to %.1e",
				name, function, session.softmax)
		}
		if mode.Device == v.Device {
			v.batches(got)
		}
	}
	return nil
}

// batches splits the comparison by batch size.
func (v *verification) batches(got onnx.Tensor) {
	classes := got.Shape[1]
	var want, have [64]onnx.Tensor
	for from, k := 0, 0; from < got.Shape[0]; k++ {
		size := batchSizes[k%len(batchSizes)]
		to := min(from+size, got.Shape[0])
		for _, part := range []struct{ to, from *onnx.Tensor }{
			{&want[size], &v.want}, {&have[size], &got},
		} {
			part.to.Data = append(part.to.Data, part.from.Data[from*classes:to*classes]...)
			part.to.Shape = []int{len(part.to.Data) / classes, classes}
		}
		from = to
	}
	for _, size := range batchSizes {
		if want[size].Shape == nil {
			continue
		}
		if d, err := Compare(want[size], have[size]); err == nil { // equal shapes by construction
			v.report.Batches = append(v.report.Batches, Batch{size, d})
		}
	}
}

// onnxGo runs the second reader on a few images.
func (v *verification) onnxGo(ctx context.Context) error {
	if v.Reader == nil {
		return nil
	}
	n := v.ReaderImages
	if n == 0 {
		n = readerImages
	}
	n = min(n, len(v.Photos))
	result := Result{Name: OnnxGoName, OK: true,
		Version: moduleVersion("github.com/owulveryck/onnx-go")}
	skip := func(reason string) error {
		result.Skipped = reason
		v.report.Engines = append(v.report.Engines, result)
		return nil
	}
	if e := v.checkpoint.Spec.Extractor(); e != nil {
		return skip("it does not read the operators of the " + e.Name)
	}
	reader, err := newOnnxGo(v.model, n, v.Reader)
	if errors.Is(err, errSkipped) {
		return skip(err.Error()[len(errSkipped.Error())+2:])
	}
	if err != nil {
		return err
	}
	v.log("%s through onnx-go", table.Count(n, "image"))
	limited, cancel := context.WithTimeout(ctx, readerTime)
	defer cancel()
	got, err := reader.Forward(limited, v.images.batch(0, n))
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return skip(fmt.Sprintf("it took more than %s", readerTime))
	}
	if err != nil {
		return err
	}
	classes := v.want.Shape[1]
	d, err := Compare(onnx.Tensor{Shape: []int{n, classes}, Data: v.want.Data[:n*classes]}, got)
	if err != nil {
		return fmt.Errorf("onnx-go: %w", err)
	}
	result.Difference, result.OK = d, d.within(v.Tolerance)
	if !result.OK {
		v.report.problem("onnx-go: the same answer for %d of %s, logits up to %.1e of scale apart",
			d.ArgmaxEqual, table.Count(d.N, "image"), d.MaxRel)
	}
	v.report.Engines = append(v.report.Engines, result)
	return nil
}

// resizing compares the preprocessing of a file that has one.
func (v *verification) resizing(ctx context.Context) error {
	if v.metadata.Input == export.Float {
		return nil
	}
	file, err := openLayers(v.model, ort.Options{Device: v.Device})
	if err != nil {
		return err
	}
	v.log("preprocessing at %d sizes", len(v.images.originals))
	v.report.Resizing, err = resizing(ctx, v.gorgonia.Forward, file, v.checkpoint.Preprocess,
		v.images.originals)
	for _, r := range v.report.Resizing {
		if r.Differs {
			v.report.problem("preprocessing: %s (%d x %d) differs by up to %.0f grey levels",
				r.Name, r.W, r.H, r.MaxLevels)
		}
	}
	return errors.Join(err, file.Close())
}

// layers compares node by node, if asked to or if the answers differ.
func (v *verification) layers(ctx context.Context) (err error) {
	if !v.Layers && v.report.OK {
		return nil
	}
	v.log("every node, on two images")
	spec, weights, err := export.Network(v.checkpoint,
		export.Options{FoldBatchNorm: v.metadata.Folded, Precision: v.metadata.Precision})
	if err != nil {
		return err
	}
	reference, err := newGorgonia(spec, weights)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reference.Close()) }()
	if v.checkpoint.Spec.Extractor() != nil {
		if err := reference.extract(v.checkpoint.Extractor); err != nil {
			return err
		}
	}
	file, err := openLayers(v.model, ort.Options{Device: v.Device})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	tolerance := v.Tolerance.Node
	if tolerance == 0 {
		tolerance = endless
	}
	at := min(v.worst(), len(v.Photos)-1)
	x := v.images.batch(at, min(at+2, len(v.Photos)))
	v.report.Layers, err = compareNodes(ctx, &spec, v.tempered(&spec, reference.Layers), file.Layers, x,
		tolerance)
	if first := firstDifference(v.report.Layers); first != nil {
		v.report.FirstDifference = first.Name
		v.report.problem("the first node that differs is %s (%s), by %.1e of its scale",
			first.Name, first.Op, first.MaxRel)
	}
	return err
}

// tempered are the values of all nodes, with probabilities as a file has them that
// divides its logits.
func (v *verification) tempered(spec *model.Spec, of trace) trace {
	return func(ctx context.Context, images onnx.Tensor) (map[string]onnx.Tensor, error) {
		values, err := of(ctx, images)
		p, ok := values[spec.Main().Node]
		if err != nil || !ok || v.metadata.Temperature == 0 {
			return values, err
		}
		p = p.Clone()
		for rest := p.Data; len(rest) > 0; rest = rest[spec.Classes:] {
			metrics.Temper(rest[:spec.Classes], v.metadata.Temperature)
		}
		values[spec.Main().Node] = p
		return values, nil
	}
}

// worst is the image with the largest difference, of the engines that count.
func (v *verification) worst() int {
	var worst Difference
	for _, e := range v.report.Engines {
		if !e.Informative && e.MaxRel > worst.MaxRel {
			worst = e.Difference
		}
	}
	return worst.Worst
}
