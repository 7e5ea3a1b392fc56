package infer

import (
	"fmt"

	"github.com/flowerctl/flowerctl/onnx"
)

// ScoresError says that an output has no value for each class that depends on its picture
// alone, as the graph shows.
type ScoresError struct {
	Output, Text, Help string
}

func (e *ScoresError) Error() string { return fmt.Sprintf("output %s: %s", e.Output, e.Text) }

// Hint is what helps.
func (e *ScoresError) Hint() string { return e.Help }

// checkScores looks at the nodes that make an output, of so many values an image, as far as
// these only change values. shape is that of the output, nil where it is not known.
func checkScores(m *onnx.Model, output string, shape []int, width int) error {
	wrong := func(help, format string, args ...any) error {
		return &ScoresError{Output: output, Text: fmt.Sprintf(format, args...), Help: help}
	}
	const again = "export the network again "
	value, rank := output, len(shape)
	for range m.Graph.Nodes { // a damaged graph may have a cycle
		n := knownWriterOf(&m.Graph, value)
		if n == nil {
			return nil
		}
		switch n.Op {
		case "TopK":
			return wrong(again+"without TopK, with a value for each class",
				"TopK makes it, whose values are in their own order: got the best ones, want one for each class")
		case "ArgMax":
			return wrong(again+"without ArgMax, with a value for each class",
				"ArgMax makes it: got the number of a class, want a value for each class")
		case "ReduceMax":
			if width == 1 && !pools(&m.Graph, n, rank) {
				return wrong(again+"without ReduceMax, with a value for each class",
					"ReduceMax makes it: got the largest value, want one for each class")
			}
			return nil
		case "Softmax", "LogSoftmax":
			if width == 1 {
				return wrong(again+"with a sigmoid in its place, or with two classes",
					"%s makes it of one value, and gives the same for every picture", n.Op)
			}
			// Before operator set 13 an axis stood for itself and all behind it.
			alone := m.Opset("") < 13 && rank > 0 && shape[0] == 1
			if rank >= 2 && !alone && softmaxAxis(n, rank) == 0 {
				return wrong(again+"with it over the classes (dim=1), or without it",
					"%s runs over axis 0, the pictures of a run, so an answer depends on the other pictures: "+
						"want it over the classes", n.Op)
			}
			return nil
		case "Squeeze", "Unsqueeze", "Flatten", "Reshape":
			rank = 0 // of what is in front, which is not known
		case "Identity", "Cast", "Sigmoid", "Dropout", "QuantizeLinear", "DequantizeLinear", "Mul", "Div":
		default:
			return nil
		}
		value = n.Inputs[0]
	}
	return nil
}

// pools says that a ReduceMax is over the places of a picture, as Keras' GlobalMaxPooling2D
// is, and not over its classes: over several axes, or over one that is dropped and leaves more
// than that of the pictures. rank is how many its result has; 0 is not known.
func pools(g *onnx.Graph, n *onnx.Node, rank int) bool {
	axes, err := n.Ints("axes")
	over := len(axes)
	if err == nil && over == 0 && len(n.Inputs) > 1 {
		if t := g.Initializer(n.Inputs[1]); t != nil && len(t.Dims) == 1 {
			over = int(t.Dims[0])
		}
	}
	keeps, err := n.Int("keepdims", 1)
	return over > 1 || err == nil && keeps == 0 && rank > 1
}

// softmaxAxis is the axis of a Softmax or LogSoftmax of a value of so many axes, from 0. Without
// the attribute it is the last, or before operator set 13 the second: neither is axis 0.
func softmaxAxis(n *onnx.Node, rank int) int {
	axis, err := n.Int("axis", -1)
	if err != nil {
		return -1
	}
	if axis < 0 {
		axis += int64(rank)
	}
	return int(axis)
}
