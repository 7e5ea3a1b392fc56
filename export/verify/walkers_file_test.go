package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/summary"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// walkExporter writes the node, whose shape the reader infers.
func walkExporter(_ *testing.T, w *walked) error {
	for _, o := range []export.Options{{}, {Input: export.Float, Opset: export.MinOpset}, {Precision: export.FP16}} {
		m, err := export.Model(w.checkpoint, o)
		if err != nil {
			return err
		}
		file, err := m.Encode()
		if err != nil {
			return err
		}
		if m, err = onnx.Decode(file); err != nil {
			return err
		}
		if err := m.Check(); err != nil {
			return err
		}
		rescaled := o.Input == export.Float && w.op == model.Rescale // by the caller
		if n := nodeOf(m, w.node); n == nil && w.exported() && !rescaled {
			return fmt.Errorf("the file has no node %s", w.node)
		}
	}
	return nil
}

// nodeOf is the node of that name, nil for none.
func nodeOf(m *onnx.Model, name string) *onnx.Node {
	for i := range m.Graph.Nodes {
		if m.Graph.Nodes[i].Name == name {
			return &m.Graph.Nodes[i]
		}
	}
	return nil
}

// walkSummary counts the same operations in the file as in the network.
func walkSummary(_ *testing.T, w *walked) error {
	m, err := export.Model(w.checkpoint, export.Options{})
	if err != nil {
		return err
	}
	s, err := summary.OfModel(m)
	if err != nil {
		return err
	}
	_, byNode, err := w.inference.FLOPs()
	if err != nil {
		return err
	}
	got := int64(0)
	for _, n := range s.Nodes {
		if n.Name == w.node || strings.HasPrefix(n.Name, w.node+"/") {
			got += n.FLOPs
		}
	}
	if want := byNode[w.node]; got != want {
		return fmt.Errorf("%d operations in the file, %d in the network", got, want)
	}
	return nil
}

// walkFolding compares the answers of the folded network.
func walkFolding(_ *testing.T, w *walked) error {
	want, err := answers(w, w.checkpoint.Spec, w.checkpoint.Weights)
	if err != nil {
		return err
	}
	spec, weights, err := export.Network(w.checkpoint, export.Options{FoldBatchNorm: true})
	if err != nil {
		return err
	}
	got, err := answers(w, spec, weights)
	if err != nil {
		return err
	}
	d, err := Compare(want, got)
	if err == nil && d.MaxRel > 1e-5 {
		return fmt.Errorf("the folded network's logits differ: %+v", d)
	}
	return err
}

// answers are the logits for the batch.
func answers(w *walked, spec model.Spec, weights model.Weights) (onnx.Tensor, error) {
	network, err := newGorgonia(spec, weights)
	if err != nil {
		return onnx.Tensor{}, err
	}
	defer network.Close()
	return network.Forward(context.Background(), pixels(w))
}

// pixels are the batch as a Forward takes it.
func pixels(w *walked) onnx.Tensor {
	b := batch(w)
	x := onnx.NewTensor(2, b.Size, b.Size, 3)
	floats(x.Data, b.Pixels)
	return x
}

// walkInt8 wants a node that reads 8-bit values, or the op among inFloat.
func walkInt8(_ *testing.T, w *walked) error {
	o := export.Options{Precision: export.INT8, Ranges: export.Ranges{}}
	spec, weights, err := export.Network(w.checkpoint, o)
	if err != nil {
		return err
	}
	network, err := newGorgonia(spec, weights)
	if err != nil {
		return err
	}
	defer network.Close()
	values, err := network.Layers(context.Background(), pixels(w))
	if err != nil {
		return err
	}
	if err := o.Ranges.Add(values); err != nil {
		return err
	}
	m, err := export.Model(w.checkpoint, o)
	if err != nil {
		return err
	}
	n := nodeOf(m, w.node)
	if n == nil || slices.Contains(inFloat, w.op) {
		return nil
	}
	merged := n.Op == "Relu" || n.Op == "Clip" // with the layer before it
	if in := n.Inputs[0]; strings.HasSuffix(in, "/dequantized") || merged && nodeOf(m, in).Op == "Conv" {
		return nil
	}
	return fmt.Errorf("%s is computed in float32: if runtimes know %s in 8 bits, add it to layers in export/quantize.go, "+
		"else the op to inFloat", w.node, n.Op)
}

// walkRuntime compares every node with onnxruntime, where that is installed.
func walkRuntime(t *testing.T, w *walked) error {
	onnxruntime.Need(t)
	m, err := export.Model(w.checkpoint, export.Options{})
	if err != nil {
		return err
	}
	reference, err := newGorgonia(w.inference, w.checkpoint.Weights)
	if err != nil {
		return err
	}
	defer reference.Close()
	file, err := openLayers(m, ort.Options{})
	if err != nil {
		return err
	}
	defer file.Close()
	layers, err := compareNodes(context.Background(), &w.inference, reference.Layers, file.Layers, pixels(w), 1e-5)
	if err != nil {
		return err
	}
	for _, l := range layers {
		if l.Differs || l.Missing {
			return fmt.Errorf("%+v", l)
		}
	}
	return nil
}
