package foreign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
)

// Input is how a network wants its images, read off the shape of its input and the
// nodes behind it.
type Input struct {
	Name          string
	Type          string // "uint8", whose values nobody scales, "float32" or "float16"
	ChannelsFirst bool   // N C H W; else N H W C
	Size          int    // of the square, 0 where the file leaves it open
	Batch         int    // images a run, 0 where the file leaves it open
	Assumed       string // what neither the shape nor the graph says; "" for nothing
}

// Bytes says whether the network takes bytes, and does the rest itself.
func (in *Input) Bytes() bool { return in.Type == "uint8" }

// inputTypes are those that images can be fed as.
var inputTypes = []string{"uint8", "float32", "float16"}

// ReadInput reads an input. Its shape has -1 where a length is free, and is nil where
// nothing is known. Of the nodes of m, which may be nil, those count that take the input
// where its channels are a free length.
func ReadInput(name, elem string, shape []int, m *onnx.Model) (Input, error) {
	in := Input{Name: name, Type: elem}
	wrong := func(format string, args ...any) (Input, error) {
		return Input{}, fmt.Errorf("input %s: %s %v: %s", name, elem, shape, fmt.Sprintf(format, args...))
	}
	if !slices.Contains(inputTypes, elem) {
		return wrong("want uint8, float32 or float16")
	}
	if shape == nil {
		shape = []int{-1, -1, -1, -1}
	}
	if len(shape) != 4 {
		return wrong("want images, [N, 3, H, W] or [N, H, W, 3]")
	}
	channels := 3
	switch {
	case shape[1] == 3:
		in.ChannelsFirst = true
	case shape[3] == 3:
	case shape[1] < 0 || shape[3] < 0:
		in.ChannelsFirst, channels = layoutOf(m, name)
		switch {
		case channels == 0 && shape[1] < 0 && shape[3] < 0:
			in.Assumed = "channels first"
			in.ChannelsFirst = !strings.Contains(strings.ToLower(nameOfLength(m, name, 3)), "chan")
			if !in.ChannelsFirst {
				in.Assumed = "channels last"
			}
		case channels == 0:
			in.ChannelsFirst = shape[1] < 0
		}
	default:
		return wrong("want 3 channels, [N, 3, H, W] or [N, H, W, 3]")
	}
	if channels != 0 && channels != 3 {
		return wrong("its first layer takes %d channels, want 3", channels)
	}
	h, w, c := shape[1], shape[2], shape[3]
	if in.ChannelsFirst {
		c, h, w = shape[1], shape[2], shape[3]
	}
	if c >= 0 && c != 3 {
		return wrong("want 3 channels, [N, 3, H, W] or [N, H, W, 3]")
	}
	if h >= 0 && w >= 0 && h != w {
		return wrong("want a square")
	}
	in.Size, in.Batch = max(h, w, 0), max(shape[0], 0)
	return in, nil
}

// nameOfLength is what the file calls a length of an input.
func nameOfLength(m *onnx.Model, name string, axis int) string {
	if m == nil {
		return ""
	}
	for _, v := range m.Graph.Inputs {
		if v.Name == name && axis < len(v.Dims) {
			return v.Dims[axis].Param
		}
	}
	return ""
}

// through are operators that keep the layout of what they take.
var through = []string{"Cast", "Identity", "Add", "Sub", "Mul", "Div", "Clip", "QuantizeLinear",
	"DequantizeLinear", "BatchNormalization", "Relu", "Pad", "Resize"}

// layoutOf follows the input to the first node that tells where its channels are: a
// convolution, which takes them first, or a Transpose of all axes. channels is 0 where
// no such node is found.
func layoutOf(m *onnx.Model, input string) (first bool, channels int) {
	if m == nil {
		return true, 0
	}
	g := &m.Graph
	values, seen := []string{input}, map[string]bool{input: true}
	order := []int64{0, 1, 2, 3}
	for len(values) > 0 {
		value := values[0]
		values = values[1:]
		for i := range g.Nodes {
			n := &g.Nodes[i]
			if !slices.Contains(n.Inputs, value) || n.Domain != "" && n.Domain != "ai.onnx" {
				continue
			}
			next := slices.Contains(through, n.Op)
			switch {
			case n.Op == "Conv" && n.Inputs[0] == value:
				return order[1] == 1, convChannels(g, n)
			case n.Op == "Transpose" && slices.Equal(order, []int64{0, 1, 2, 3}):
				perm, _ := n.Ints("perm")
				if len(perm) == 4 && (slices.Equal(perm, []int64{0, 3, 1, 2}) || slices.Equal(perm, order)) {
					order, next = perm, true
				}
			}
			if next && len(n.Outputs) > 0 && !seen[n.Outputs[0]] {
				seen[n.Outputs[0]] = true
				values = append(values, n.Outputs[0])
			}
		}
	}
	if order[1] == 3 {
		return false, 3 // a Transpose to channels first
	}
	return true, 0
}

// convChannels is how many channels a convolution takes, 3 where its weight is computed.
func convChannels(g *onnx.Graph, n *onnx.Node) int {
	if len(n.Inputs) < 2 {
		return 3
	}
	groups, err := n.Int("group", 1)
	dims := weightDims(g, n.Inputs[1])
	if err != nil || len(dims) != 4 || groups < 1 || groups > 1<<20 || dims[1] > 1<<20 {
		return 3
	}
	return int(dims[1] * groups)
}

// weightDims is the shape of a weight, also of one that is quantised or in float16.
func weightDims(g *onnx.Graph, name string) []int64 {
	for range 8 {
		if t := g.Initializer(name); t != nil {
			return t.Dims
		}
		i := slices.IndexFunc(g.Nodes, func(n onnx.Node) bool { return slices.Contains(n.Outputs, name) })
		if i < 0 || len(g.Nodes[i].Inputs) == 0 {
			if i >= 0 && g.Nodes[i].Op == "Constant" {
				if a := g.Nodes[i].Attribute("value"); a != nil && a.Tensor != nil {
					return a.Tensor.Dims
				}
			}
			return nil
		}
		if !slices.Contains([]string{"Cast", "Identity", "DequantizeLinear", "QuantizeLinear"}, g.Nodes[i].Op) {
			return nil
		}
		name = g.Nodes[i].Inputs[0]
	}
	return nil
}
