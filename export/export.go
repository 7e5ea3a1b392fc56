// Package export turns a checkpoint into an ONNX model.
//
// The exporter is one loop over the network that inference needs: each node of
// the spec becomes an ONNX node of the same name, whose value has that name too,
// and its parameters become initializers named as in the checkpoint. The
// preprocessing comes first, so that no client can get it wrong.
//
// The package never imports gorgonia or onnxruntime; export/verify says whether
// the file computes what was trained. Start at [Model].
package export

import (
	"fmt"
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/model"
)

// Options say what the file looks like. The zero value means images in, float32,
// operator set 18.
type Options struct {
	Input     Input     // Image when empty
	Precision Precision // FP32 when empty
	// ResizeOp is how a file of images resizes them; ByMatMul when empty. A Float
	// file does not resize.
	ResizeOp ResizeOp
	// Opset is the operator set, MinOpset to MaxOpset; 0 means DefaultOpset.
	// Images need 18.
	Opset int
	// FoldBatchNorm merges batch norms into the layers before or after them, where
	// that is possible: they then have no nodes of their own. INT8 always does.
	FoldBatchNorm bool
	// Ranges are the smallest and largest value of each node over calibration
	// images, by name; INT8 needs them.
	Ranges  Ranges
	Version string // of the exporting program, for the metadata
	License string // of the weights, for the metadata; "" means not stated
	// Temperature divides the logits before the softmax, so that probabilities mean
	// what they say; 0 or 1 means none. The output logits is as it was trained.
	Temperature float64
	// Thresholds are, of a network of several labels an image, the probabilities from which
	// on each is given, for the metadata; nil means 0.5.
	Thresholds []float64
	// Unknown is below which probability an answer is called unknown, for the metadata;
	// nil leaves that to who asks.
	Unknown *metrics.Threshold
}

// The operator sets that are tested.
const (
	DefaultOpset = 18
	MinOpset     = onnx.MinOpset
	MaxOpset     = 21
)

// Input is what the file takes.
type Input string

// The inputs.
const (
	// Image: "image", uint8 [N H W 3], RGB, of any size.
	Image Input = "image"
	// Float: "input", float32 [N 3 S S], RGB of the network's size, rescaled.
	Float Input = "float"
)

// ResizeOp is the operator by which a file resizes images.
type ResizeOp string

// The operators. Both give the pixels of imageprep to within one grey level, nearly
// all of them exactly.
const (
	// ByMatMul: products with matrices that the graph computes. Every engine computes
	// the same.
	ByMatMul ResizeOp = "matmul"
	// ByResize: Resize with antialias, as all files before 0.2.0. It takes half the
	// time, and engines that leave antialias out give other answers.
	ByResize ResizeOp = "resize"
)

// Precisions lists them.
func Precisions() []Precision { return []Precision{FP32, FP16, FP16Weights, INT8} }

// Precision is the type of the weights and, with FP16 and INT8, of what is
// computed with them. Inputs and outputs are the same for all.
type Precision string

// The precisions.
const (
	FP32 Precision = "fp32"
	FP16 Precision = "fp16"
	// FP16Weights: weights of 256 values and more are stored as fp16 and cast in the
	// graph, and all is computed in fp32, with batch norms folded. A runtime that folds
	// constants casts once, as it opens the file, and is as fast as with fp32.
	FP16Weights Precision = "fp16-weights"
	// INT8: weights as int8 with a scale a channel, values between layers as
	// uint8 with one scale, in QuantizeLinear and DequantizeLinear nodes.
	INT8 Precision = "int8"
)

// Names of the file's inputs and outputs.
const (
	ImageInput    = "image"
	FloatInput    = model.InputName
	Logits        = "logits"
	Probabilities = "probabilities"
)

// Features is the output of an extractor's file, see package export/extractor.
const Features = "features"

// Model exports a checkpoint. The same checkpoint and options give the same
// bytes. The result is checked: types and shapes of all values are those of the
// spec.
func Model(c *checkpoint.Checkpoint, o Options) (*onnx.Model, error) {
	o, err := o.complete()
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	if err := c.Spec.CheckWeights(c.Weights); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	if len(c.Labels) != c.Spec.Classes {
		return nil, fmt.Errorf("export: %d labels for %d classes", len(c.Labels), c.Spec.Classes)
	}
	if err := o.checkLabels(&c.Spec); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	extractor, o, err := extractorOf(c, o)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	spec, weights, err := Network(c, o)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	g, err := newGraph(&spec, weights, o)
	if err != nil {
		return nil, fmt.Errorf("export: network %s: %w", spec.Name, err)
	}
	g.extractor = extractor
	if err := g.network(c.Preprocess); err != nil {
		return nil, fmt.Errorf("export: network %s: %w", spec.Name, err)
	}
	m := &onnx.Model{
		IRVersion:    irVersion(o.Opset),
		Opsets:       []onnx.Opset{{Version: int64(o.Opset)}},
		ProducerName: "flowerctl", ProducerVersion: o.Version,
		Graph: g.Graph,
	}
	if extractor != nil {
		m.IRVersion, m.Functions = max(m.IRVersion, extractor.IRVersion), extractor.Functions
		m.Opsets = append(m.Opsets, otherSets(extractor)...)
	}
	if o.Precision == INT8 {
		if err := quantize(&m.Graph, o.Ranges.withInput(&spec, o.Input)); err != nil {
			return nil, fmt.Errorf("export: network %s: %w", spec.Name, err)
		}
	}
	if m.Metadata, err = metadata(c, &spec, o); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	if err := checkShapes(m, &spec); err != nil {
		return nil, fmt.Errorf("export: network %s: %w", spec.Name, err)
	}
	return m, nil
}

// Network is the network that Model writes, node by node: the main head without
// dropout, and where the options fold batch norms, without them. Calibrate and
// compare with it.
func Network(c *checkpoint.Checkpoint, o Options) (model.Spec, model.Weights, error) {
	spec := c.Spec.Inference()
	weights, err := parameters(&spec, c.Weights)
	if err != nil || !o.FoldBatchNorm && o.Precision != INT8 {
		return spec, weights, err
	}
	spec, weights, err = fold(spec, weights)
	if err == nil && o.Precision == INT8 {
		spec, weights, err = normsToConvs(spec, weights)
	}
	return spec, weights, err
}

// parameters are the tensors of w that a network has: inference leaves out
// auxiliary heads.
func parameters(spec *model.Spec, w model.Weights) (model.Weights, error) {
	params, err := spec.Params()
	if err != nil {
		return nil, err
	}
	out := make(model.Weights, len(params))
	for _, p := range params {
		out[p.Name] = w[p.Name]
	}
	return out, nil
}

// complete fills in the defaults and refuses impossible options.
func (o Options) complete() (Options, error) {
	if o.Input == "" {
		o.Input = Image
	}
	if o.Input == Float && o.ResizeOp != "" {
		return o, fmt.Errorf("operator %s resizes images: it goes with input %s, got input %s",
			o.ResizeOp, Image, Float)
	}
	if o.ResizeOp == "" {
		o.ResizeOp = ByMatMul
	}
	if o.Precision == "" {
		o.Precision = FP32
	}
	if o.Opset == 0 {
		o.Opset = DefaultOpset
	}
	if o.Temperature == 0 {
		o.Temperature = 1
	}
	o.FoldBatchNorm = o.FoldBatchNorm || o.Precision == INT8 || o.Precision == FP16Weights
	switch {
	case !(o.Temperature > 0) || math.IsInf(o.Temperature, 0):
		return o, fmt.Errorf("temperature %g, want a number over 0", o.Temperature)
	case o.Input != Image && o.Input != Float:
		return o, fmt.Errorf("input %q, want %s or %s", o.Input, Image, Float)
	case o.ResizeOp != ByMatMul && o.ResizeOp != ByResize:
		return o, fmt.Errorf("operator to resize %q, want %s or %s", o.ResizeOp, ByMatMul, ByResize)
	case !slices.Contains(Precisions(), o.Precision):
		return o, fmt.Errorf("precision %q, want one of %v", o.Precision, Precisions())
	case o.Opset < MinOpset || o.Opset > MaxOpset:
		return o, fmt.Errorf("operator set %d, want %d to %d", o.Opset, MinOpset, MaxOpset)
	case o.Input == Image && o.Opset < imageOpset:
		return o, fmt.Errorf("operator set %d cannot resize images as training does: use %d or more, "+
			"or input %s", o.Opset, imageOpset, Float)
	case o.Precision == INT8 && o.Opset < int8Opset:
		return o, fmt.Errorf("operator set %d has no scale a channel: %s wants %d or more",
			o.Opset, INT8, int8Opset)
	}
	return o, nil
}

// irVersion is the first file version that goes with an operator set, and at least
// 8. See the table in onnx/helper.py, OP_SET_ID_VERSION_MAP.
func irVersion(opset int) int64 {
	switch {
	case opset >= 21:
		return 10
	case opset >= 19:
		return 9
	}
	return 8
}

// checkShapes compares, node by node, the types that ONNX' rules give the finished
// model with the shapes of the spec.
func checkShapes(m *onnx.Model, spec *model.Spec) error {
	types, err := m.Types()
	if err != nil {
		return err
	}
	shapes, err := spec.Shapes()
	if err != nil {
		return err
	}
	for i := range m.Graph.Nodes {
		n := &m.Graph.Nodes[i]
		want, ok := shapes[n.Name]
		if !ok {
			continue
		}
		got := types[n.Outputs[0]]
		same := got.Ranked && len(got.Dims) == len(want)+1
		for j := 0; same && j < len(want); j++ {
			same = got.Dims[j+1] == onnx.Known(want[j])
		}
		if !same {
			return fmt.Errorf("node %s is %s in the file and [N] + %v in the spec", n.Name, got, want)
		}
	}
	return nil
}
