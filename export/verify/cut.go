package verify

import (
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/onnx"
)

// cut returns the part of a file that readers without preprocessing can run: the
// nodes from the network's input, float32 [n 3 S S], to its logits, with the file's
// own weights. The input of the result is rescaled already, as rescale says.
func cut(m *onnx.Model, n int) (bare *onnx.Model, rescale export.Rescale, err error) {
	from := export.FloatInput
	rescale = export.Rescale{Scale: 1}
	if d, err := export.ReadMetadata(m); err != nil {
		return nil, rescale, err
	} else if d.Rescale != nil {
		rescale = *d.Rescale
	}
	// A network that starts with a rescale is cut after it.
	if r := rescaleOf(m, from); r != nil {
		from, rescale = r.value, r.Rescale
	}
	types, err := m.Types()
	if err != nil {
		return nil, rescale, err
	}
	input, ok := types[from]
	if !ok || len(input.Dims) != 4 {
		return nil, rescale, fmt.Errorf("the file has no value %q of an image", from)
	}
	input.Dims = slices.Clone(input.Dims)
	input.Dims[0] = onnx.Known(n)
	output := types[export.Logits]
	output.Dims = slices.Clone(output.Dims)
	output.Dims[0] = onnx.Known(n)

	out := &onnx.Model{IRVersion: m.IRVersion, Opsets: m.Opsets}
	g := &out.Graph
	g.Name, g.Inputs, g.Outputs = m.Graph.Name, []onnx.ValueInfo{input}, []onnx.ValueInfo{output}
	needed := map[string]bool{export.Logits: true}
	for i := len(m.Graph.Nodes) - 1; i >= 0; i-- {
		node := m.Graph.Nodes[i]
		isNeeded := func(s string) bool { return needed[s] }
		if slices.Contains(node.Outputs, from) || !slices.ContainsFunc(node.Outputs, isNeeded) {
			continue
		}
		for _, in := range node.Inputs {
			needed[in] = in != from
		}
		g.Nodes = append(g.Nodes, node)
	}
	slices.Reverse(g.Nodes)
	for _, t := range m.Graph.Initializers {
		if needed[t.Name] {
			g.Initializers = append(g.Initializers, t)
		}
	}
	if err := out.Check(); err != nil {
		return nil, rescale, fmt.Errorf("the network without its preprocessing: %w", err)
	}
	return out, rescale, nil
}

// scaled is a rescale in a file and the name of its result.
type scaled struct {
	export.Rescale
	value string
}

// rescaleOf finds the Mul and Add that rescale the network's input, whose
// constants are called scale and offset; nil where there are none.
func rescaleOf(m *onnx.Model, value string) *scaled {
	scales, offsets := [3]float64{1, 1, 1}, [3]float64{}
	last := value
	for i := range m.Graph.Nodes {
		n := &m.Graph.Nodes[i]
		if len(n.Inputs) != 2 || n.Inputs[0] != last || n.Op != "Mul" && n.Op != "Add" {
			continue
		}
		t := m.Graph.Initializer(n.Inputs[1])
		if t == nil || t.Elements() != 1 && !slices.Equal(t.Dims, []int64{1, 3, 1, 1}) {
			break
		}
		v, err := t.Tensor()
		if err != nil {
			break
		}
		for c := range 3 {
			x := float64(v.Data[c%len(v.Data)])
			if n.Op == "Mul" {
				scales[c] *= x
			} else {
				offsets[c] += x
			}
		}
		last = n.Outputs[0]
	}
	if last == value {
		return nil
	}
	return &scaled{export.Rescale{Scales: scales, Offsets: offsets}, last}
}

// unreadable names the first thing in a network that onnx-go v0.5.0 cannot run, or
// runs wrongly without an error; "" if there is none. onnx-go itself would find out
// only while it runs, by a panic that cannot be recovered.
func unreadable(m *onnx.Model) string {
	for i := range m.Graph.Nodes {
		n := &m.Graph.Nodes[i]
		if !readable[n.Op] {
			return "op " + n.Op
		}
		for j, in := range n.Inputs {
			if in != "" && slices.Contains(n.Inputs[:j], in) {
				return "a value taken twice by " + n.Name
			}
		}
		pads, _ := n.Ints("pads")
		for _, p := range pads {
			if p != pads[0] {
				return fmt.Sprintf("pads %v of %s", pads, n.Name)
			}
		}
		if g, _ := n.Int("group", 1); g != 1 {
			return "a convolution in groups, " + n.Name
		}
	}
	for i := range m.Graph.Initializers {
		if t := &m.Graph.Initializers[i]; t.Elem != onnx.Float32 && t.Elem != onnx.Int64 {
			return "weights of type " + t.Elem.String()
		}
	}
	return ""
}

// readable are the operators that onnx-go computes as onnxruntime does.
var readable = map[string]bool{
	"Conv": true, "BatchNormalization": true, "Relu": true, "MaxPool": true,
	"GlobalAveragePool": true, "Gemm": true, "Concat": true, "Add": true,
	"Flatten": true, "Identity": true,
}
