package infer

import (
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
)

// classMap is the end of a network that averages its last features over the image
// and multiplies them by weights. Multiplied before the average instead, the features
// say where in the image a class was seen (class activation map; Zhou et al. 2016,
// arXiv:1512.04150).
type classMap struct {
	features string    // the value that is averaged, [N, C, H, W]
	weights  []float32 // classes x C; nil where C are the classes already
	channels int
}

// findClassMap reads off the graph whether the network ends so, for the given
// number of classes. It is nil otherwise.
func findClassMap(m *onnx.Model, classes int) *classMap {
	g := &m.Graph
	isAverage := func(n onnx.Node) bool { return n.Op == "GlobalAveragePool" }
	i := slices.IndexFunc(g.Nodes, isAverage)
	if i < 0 || slices.ContainsFunc(g.Nodes[i+1:], isAverage) {
		return nil // several would be attention inside the network
	}
	c := &classMap{features: g.Nodes[i].Inputs[0], channels: classes}
	value := g.Nodes[i].Outputs[0]
	for {
		readers := readersOf(g, value)
		switch {
		case len(readers) == 0:
			return c
		case len(readers) != 1:
			return nil
		}
		next := readers[0]
		switch next.Op {
		case "Flatten", "Reshape", "Squeeze", "Identity", "Dropout", "Softmax":
		case "Sigmoid": // of several labels
			if c.weights == nil {
				return nil
			}
		case "Div": // by a temperature
			if t := g.Initializer(next.Inputs[len(next.Inputs)-1]); t == nil || t.Elements() != 1 {
				return nil
			}
		case "Gemm", "MatMul":
			if c.weights != nil || !c.readWeights(g, next, classes) {
				return nil
			}
		default:
			return nil
		}
		value = next.Outputs[0]
	}
}

func readersOf(g *onnx.Graph, value string) []*onnx.Node {
	var readers []*onnx.Node
	for i := range g.Nodes {
		if slices.Contains(g.Nodes[i].Inputs, value) {
			readers = append(readers, &g.Nodes[i])
		}
	}
	return readers
}

// readWeights takes the weights of the dense layer behind the average.
func (c *classMap) readWeights(g *onnx.Graph, dense *onnx.Node, classes int) bool {
	constant := g.Initializer(dense.Inputs[1])
	if constant == nil || constant.Elem != onnx.Float32 || len(constant.Dims) != 2 {
		return false
	}
	w, err := constant.Tensor()
	if err != nil {
		return false
	}
	transposed, err := dense.Int("transB", 0)
	if err != nil {
		return false
	}
	rows, columns := w.Shape[0], w.Shape[1]
	if transposed != 0 { // classes x channels, as wanted
		c.weights, c.channels = w.Data, columns
		return rows == classes
	}
	c.weights, c.channels = make([]float32, len(w.Data)), rows
	for r := range rows {
		for k := range columns {
			c.weights[k*rows+r] = w.Data[r*columns+k]
		}
	}
	return columns == classes
}

// heat is the sum of the first image's features, [N, C, H, W], by a class's weights.
func (c *classMap) heat(features onnx.Tensor, class int) (Heat, bool) {
	if len(features.Shape) != 4 || features.Shape[0] < 1 || features.Shape[1] != c.channels {
		return Heat{}, false
	}
	h := Heat{H: features.Shape[2], W: features.Shape[3], Method: ClassActivation}
	plane := h.H * h.W
	if c.weights == nil {
		h.Values = slices.Clone(features.Data[class*plane : (class+1)*plane])
		return h, true
	}
	h.Values = make([]float32, plane)
	for channel := range c.channels {
		w := c.weights[class*c.channels+channel]
		for p, x := range features.Data[channel*plane : (channel+1)*plane] {
			h.Values[p] += w * x
		}
	}
	return h, true
}
