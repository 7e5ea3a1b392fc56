package extractor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
)

// OutputsError says that a network has several outputs and none of them is known to be
// of a classifier or of features.
type OutputsError struct{ Outputs []string }

func (e *OutputsError) Error() string {
	return fmt.Sprintf("it has %d outputs (%s), and none is known to be features or classes",
		len(e.Outputs), strings.Join(e.Outputs, ", "))
}

// choice is a value to take as features, and why.
type choice struct{ value, why string }

// choose finds the features of a network: what its classifier reads, or its output
// where it ends in none.
func choose(g *onnx.Graph) (choice, error) {
	var names []string
	for _, o := range g.Outputs {
		names = append(names, o.Name)
	}
	for _, name := range names {
		lower := strings.ToLower(name)
		if (strings.Contains(lower, "embed") || strings.Contains(lower, "feature")) &&
			!strings.Contains(lower, "text") {
			return choice{name, "output " + name}, nil
		}
	}
	w := newWalk(g)
	for _, name := range names {
		if n := w.classifier(name); n != nil {
			return choice{n.Inputs[0], fmt.Sprintf("what the classifier %s (%s) reads",
				nameOf(n), n.Op)}, nil
		}
	}
	for _, name := range names {
		if len(names) == 1 || name == "last_hidden_state" { // of Hugging Face, before a pooler
			return choice{name, "output " + name}, nil
		}
	}
	return choice{}, &OutputsError{names}
}

// nameOf is a node's name, or that of its value where it has none.
func nameOf(n *onnx.Node) string {
	if n.Name == "" {
		return n.Outputs[0]
	}
	return n.Name
}

// walk goes through a graph from its end.
type walk struct {
	maker    map[string]*onnx.Node
	constant map[string]bool
}

func newWalk(g *onnx.Graph) *walk {
	w := &walk{maker: map[string]*onnx.Node{}, constant: map[string]bool{}}
	for i := range g.Initializers {
		w.constant[g.Initializers[i].Name] = true
	}
	for i := range g.Nodes { // in order: what is made of constants is one
		n := &g.Nodes[i]
		made := !slices.ContainsFunc(n.Inputs, func(s string) bool { return s != "" && !w.constant[s] })
		for _, out := range n.Outputs {
			w.maker[out] = n
			w.constant[out] = made
		}
	}
	return w
}

// after are operators that may come between a classifier and the output, and change no
// answer, or only how it is written.
var after = []string{"Softmax", "LogSoftmax", "Sigmoid", "Identity", "Cast", "Flatten", "Reshape",
	"Squeeze", "Dropout", "QuantizeLinear", "DequantizeLinear"}

// classifier is the layer with weights that gives the output, nil where the output is
// made by anything else: by a norm or an activation, as features are.
func (w *walk) classifier(value string) *onnx.Node {
	pooled := false // a mean over the image has come, as after SqueezeNet's last convolution
	for range 1000 {
		n := w.maker[value]
		if n == nil || len(n.Inputs) == 0 {
			return nil
		}
		next := 0
		switch {
		case (n.Op == "Gemm" || n.Op == "MatMul" || n.Op == "Conv" && pointwise(n)) &&
			len(n.Inputs) > 1 && w.constant[n.Inputs[1]]:
			return n
		case slices.Contains(after, n.Op):
		case slices.Contains([]string{"Add", "Sub", "Mul", "Div"}, n.Op) && len(n.Inputs) == 2:
			if next = slices.IndexFunc(n.Inputs, func(s string) bool { return !w.constant[s] }); next < 0 ||
				!w.constant[n.Inputs[1-next]] {
				return nil
			}
		case n.Op == "GlobalAveragePool" || n.Op == "AveragePool" || n.Op == "ReduceMean":
			pooled = true
		case (n.Op == "Relu" || n.Op == "Clip") && pooled:
		default:
			return nil
		}
		value = n.Inputs[next]
	}
	return nil
}

// pointwise says whether a convolution sees one pixel at a time.
func pointwise(n *onnx.Node) bool {
	kernel, _ := n.Ints("kernel_shape")
	return len(kernel) > 0 && !slices.ContainsFunc(kernel, func(k int64) bool { return k != 1 })
}
