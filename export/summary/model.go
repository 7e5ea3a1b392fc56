package summary

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// OfModel describes an ONNX file, after it has checked it.
func OfModel(m *onnx.Model) (*Summary, error) {
	types, err := m.Types()
	if err != nil {
		return nil, err
	}
	d, err := export.ReadMetadata(m)
	if err != nil {
		return nil, err
	}
	return describe(m, types, d, true)
}

// describe is the summary of a model whose values have the given types. Operations are
// counted only where the model has been checked.
func describe(m *onnx.Model, types map[string]onnx.ValueInfo, d export.Metadata, checked bool) (
	*Summary, error) {
	s := &Summary{Name: m.Graph.Name, Labels: d.Labels,
		Format:   fmt.Sprintf("ONNX, IR version %d, opset %d", m.IRVersion, m.Opset("")),
		Producer: strings.TrimSpace(m.ProducerName + " " + m.ProducerVersion)}
	if d.Preprocess.Size > 0 {
		s.Preprocess, s.Training = &d.Preprocess, &d.Training
	}
	for _, p := range m.Metadata {
		if !slices.Contains([]string{"labels", "preprocess", "training"}, p.Key) {
			if s.Metadata == nil {
				s.Metadata = map[string]string{}
			}
			s.Metadata[p.Key] = p.Value
		}
	}
	initializers := make(map[string]*onnx.Initializer, len(m.Graph.Initializers))
	for i := range m.Graph.Initializers {
		initializers[m.Graph.Initializers[i].Name] = &m.Graph.Initializers[i]
	}
	for _, v := range m.Graph.Inputs {
		if initializers[v.Name] == nil { // before IR version 4 weights are inputs too
			s.Inputs = append(s.Inputs, Port{v.Name, v.String()})
		}
	}
	for _, v := range m.Graph.Outputs {
		s.Outputs = append(s.Outputs, Port{v.Name, types[v.Name].String()})
	}
	maker := map[string]string{}
	for _, p := range s.Inputs {
		maker[p.Name] = p.Name
	}
	for i := range m.Graph.Nodes {
		n := &m.Graph.Nodes[i]
		node := Node{Name: nodeName(n, i), Op: n.Op, Detail: attributes(n)}
		if checked {
			var err error
			if node.FLOPs, err = flops(n, types); err != nil {
				return nil, err
			}
		}
		for k, in := range n.Inputs {
			if t := initializers[in]; t != nil {
				if parameter(n, in, t) {
					node.Parameters += max(t.Elements(), 0)
					if n.Op == "BatchNormalization" && k >= 3 { // mean and variance
						node.statistics += max(t.Elements(), 0)
					}
					node.Bytes += int64(len(t.Raw))
				}
				continue
			}
			if from, ok := maker[in]; ok && !slices.Contains(node.Inputs, from) {
				node.Inputs = append(node.Inputs, from)
			}
		}
		if len(n.Outputs) > 0 {
			node.Shape = shape(types[n.Outputs[0]])
		}
		for _, out := range n.Outputs {
			maker[out] = node.Name
		}
		s.add(node)
	}
	return s, nil
}

// parameter reports whether a constant holds weights: it is not a size, an axis, a
// single factor, or the scale of a quantisation.
func parameter(n *onnx.Node, in string, t *onnx.Initializer) bool {
	if len(t.Dims) == 0 || t.Elem == onnx.Int64 {
		return false
	}
	return n.Op != "QuantizeLinear" && n.Op != "DequantizeLinear" || in == n.Inputs[0]
}

func nodeName(n *onnx.Node, i int) string {
	if n.Name != "" {
		return n.Name
	}
	return fmt.Sprintf("%s_%d", n.Op, i)
}

// shape is a value's shape, without the batch where the file leaves that open.
func shape(v onnx.ValueInfo) string {
	if v.Kind != onnx.TensorKind || !v.Ranked {
		return "?"
	}
	dims := v.Dims
	if len(dims) > 1 && dims[0].Value < 0 {
		dims = dims[1:]
	}
	words := make([]string, len(dims))
	for i, d := range dims {
		words[i] = d.String()
	}
	return strings.Join(words, " x ")
}

// attributes are a layer's settings in a few words.
func attributes(n *onnx.Node) string {
	switch n.Op {
	case "Conv", "MaxPool", "AveragePool":
	default:
		return ""
	}
	// An attribute of another kind says nothing.
	kernel, _ := n.Ints("kernel_shape")
	stride, _ := n.Ints("strides")
	pads, _ := n.Ints("pads")
	groups, _ := n.Int("group", 1)
	text := model.Geometry(kernel, stride, pads, int(groups))
	if auto, _ := n.Text("auto_pad", "NOTSET"); auto != "NOTSET" && auto != "" {
		text += ", " + strings.ToLower(auto)
	}
	return strings.TrimPrefix(text, ", ")
}
