package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
)

// runtimeFile is a file on onnxruntime. It takes images of any size if the file
// does. For a file of float input it rescales them as the file's metadata says.
type runtimeFile struct {
	session *ort.Session
	model   *onnx.Model
	rescale export.Rescale
	float   bool
	// temperature divides the logits; softmax is the largest difference of a
	// probability from the softmax of what comes out.
	temperature, softmax float64
	// sigmoid says that several labels an image have probabilities of their own: softmax is
	// the largest difference from the sigmoid then.
	sigmoid bool
}

// openRuntime opens the bytes of an exported file. onnxruntime has to be loaded, see
// ort.Load.
func openRuntime(file []byte, o ort.Options) (*runtimeFile, error) {
	m, err := onnx.Decode(file)
	if err != nil {
		return nil, err
	}
	d, err := export.ReadMetadata(m)
	if err != nil {
		return nil, err
	}
	session, err := ort.NewSession(file, o)
	if err != nil {
		return nil, err
	}
	r := &runtimeFile{session: session, model: m, float: d.Input == export.Float,
		rescale: export.Rescale{Scale: 1}, temperature: cmp.Or(d.Temperature, 1),
		sigmoid: d.MultiLabel}
	if d.Rescale != nil {
		r.rescale = *d.Rescale
	}
	return r, nil
}

// openLayers opens the file with the value of every node as an output.
func openLayers(m *onnx.Model, o ort.Options) (*runtimeFile, error) {
	opened, err := expose(m)
	if err != nil {
		return nil, err
	}
	file, err := opened.Encode()
	if err != nil {
		return nil, err
	}
	return openRuntime(file, o)
}

// expose returns a copy of the model that has the float32 value of every node as an
// output.
func expose(m *onnx.Model) (*onnx.Model, error) {
	types, err := m.Types()
	if err != nil {
		return nil, err
	}
	out := *m
	out.Graph.Outputs = slices.Clone(m.Graph.Outputs)
	for _, n := range m.Graph.Nodes {
		for _, name := range n.Outputs {
			t := types[name]
			listed := slices.ContainsFunc(out.Graph.Outputs,
				func(v onnx.ValueInfo) bool { return v.Name == name })
			if name != "" && !listed && t.Elem == onnx.Float32 {
				out.Graph.Outputs = append(out.Graph.Outputs, t)
			}
		}
	}
	return &out, nil
}

// Forward answers for images.
func (r *runtimeFile) Forward(ctx context.Context, images onnx.Tensor) (onnx.Tensor, error) {
	out, err := r.run(ctx, images)
	if err != nil {
		return onnx.Tensor{}, err
	}
	logits, ok := out[export.Logits]
	if !ok {
		return logits, fmt.Errorf("the file has no output %q", export.Logits)
	}
	p, ok := out[export.Probabilities]
	if !ok || len(p.Data) != len(logits.Data) {
		return logits, fmt.Errorf("the file has no output %q for each logit", export.Probabilities)
	}
	if r.sigmoid {
		r.softmax = max(r.softmax, notSigmoid(p.Data, logits.Data))
		return logits, nil
	}
	classes := len(p.Data) / logits.Shape[0]
	for i := 0; i < len(p.Data); i += classes {
		r.softmax = max(r.softmax, notSoftmax(p.Data[i:i+classes],
			logits.Data[i:i+classes], r.temperature))
	}
	return logits, nil
}

// notSoftmax is the largest difference between p and the softmax of logits divided
// by a temperature.
func notSoftmax(p, logits []float32, temperature float64) float64 {
	sum, worst := 0.0, 0.0
	top := float64(slices.Max(logits))
	for _, v := range logits {
		sum += math.Exp((float64(v) - top) / temperature)
	}
	for i, v := range logits {
		d := math.Abs(float64(p[i]) - math.Exp((float64(v)-top)/temperature)/sum)
		if math.IsNaN(d) {
			return endless
		}
		worst = max(worst, d)
	}
	return worst
}

// notSigmoid is the largest difference between p and the sigmoid of logits.
func notSigmoid(p, logits []float32) (worst float64) {
	for i, v := range logits {
		d := math.Abs(float64(p[i]) - 1/(1+math.Exp(-float64(v))))
		if math.IsNaN(d) {
			return endless
		}
		worst = max(worst, d)
	}
	return worst
}

// Layers are the session's outputs by the name of the node that makes them, and
// under "input" the images in the form that the network gets.
func (r *runtimeFile) Layers(ctx context.Context, images onnx.Tensor) (
	map[string]onnx.Tensor, error) {

	out, err := r.run(ctx, images)
	if err != nil {
		return nil, err
	}
	layers := make(map[string]onnx.Tensor, len(out))
	for i := range r.model.Graph.Nodes {
		n := &r.model.Graph.Nodes[i]
		if v, ok := out[n.Outputs[0]]; ok {
			layers[n.Name] = v
		}
	}
	if v, ok := out[export.FloatInput]; ok {
		layers[export.FloatInput] = v
	}
	return layers, nil
}

func (r *runtimeFile) run(ctx context.Context, images onnx.Tensor) (map[string]onnx.Tensor, error) {
	if r.float {
		return r.session.Run(ctx, map[string]onnx.Tensor{export.FloatInput: bare(images, r.rescale)})
	}
	pixels, err := bytesOf(images)
	if err != nil {
		return nil, err
	}
	return r.session.RunImages(ctx, pixels, images.Shape[0], images.Shape[1], images.Shape[2])
}

// Close releases the session.
func (r *runtimeFile) Close() error { return r.session.Close() }

// bare turns images [N H W 3] into the input of a bare network: [N 3 H W],
// rescaled.
func bare(images onnx.Tensor, r export.Rescale) onnx.Tensor {
	n, area := images.Shape[0], images.Shape[1]*images.Shape[2]
	out := onnx.NewTensor(n, 3, images.Shape[1], images.Shape[2])
	scales, offsets := r.Channels()
	for i := range n {
		from, to := images.Data[3*i*area:], out.Data[3*i*area:]
		for p := range area {
			for c := range 3 {
				to[c*area+p] = from[3*p+c]*float32(scales[c]) + float32(offsets[c])
			}
		}
	}
	return out
}

// FileAnswers are the logits of an exported file in onnxruntime, which has to be
// loaded, for images of the network's size.
//
//	images: (N, H, W, 3), values 0 to 255   result: (N, classes)
func FileAnswers(ctx context.Context, file []byte, images onnx.Tensor) (onnx.Tensor, error) {
	r, err := openRuntime(file, ort.Options{})
	if err != nil {
		return onnx.Tensor{}, err
	}
	logits, err := r.Forward(ctx, images)
	return logits, errors.Join(err, r.Close())
}
