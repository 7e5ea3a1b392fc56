package export

import (
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// graph is an ONNX graph that is being built.
type graph struct {
	onnx.Graph
	spec    *model.Spec
	weights model.Weights
	opts    Options
	value   map[string]string // a spec node's value in the graph
	elem    map[string]onnx.ElemType
	halves  map[string]string // the float16 copy of a float32 value

	extractor *onnx.Model // whose nodes an Extract node stands for
}

func newGraph(spec *model.Spec, weights model.Weights, o Options) (*graph, error) {
	g := &graph{spec: spec, weights: weights, opts: o,
		value: map[string]string{}, elem: map[string]onnx.ElemType{}, halves: map[string]string{}}
	g.Name = spec.Name
	logits, probabilities := spec.Logits(spec.Main()), spec.Main().Node
	for _, n := range spec.Nodes {
		g.value[n.Name] = n.Name
	}
	g.value[logits], g.value[probabilities] = Logits, Probabilities
	seen := map[string]string{ImageInput: "the image", model.InputName: "the network's input"}
	for _, n := range spec.Nodes {
		if other, ok := seen[g.value[n.Name]]; ok {
			return nil, fmt.Errorf("node %s would be called %q, as %s: rename it",
				n.Name, g.value[n.Name], other)
		}
		seen[g.value[n.Name]] = "node " + n.Name
	}
	for _, name := range []string{Logits, Probabilities} {
		g.Outputs = append(g.Outputs,
			onnx.TensorInfo(name, onnx.Float32, onnx.Symbol("N"), onnx.Known(spec.Classes)))
	}
	slices.Reverse(g.Outputs) // probabilities first
	return g, nil
}

// constant adds an initializer and returns its name.
func (g *graph) constant(t onnx.Initializer) string {
	g.Initializers = append(g.Initializers, t)
	return t.Name
}

// param adds a node's parameter in the network's precision.
func (g *graph) param(n *model.Node, role model.Role) string {
	name := model.ParamName(n.Name, role)
	return g.float(name, g.weights[name])
}

// float adds a constant in the network's precision, and returns the name of its value.
func (g *graph) float(name string, t onnx.Tensor) string {
	switch {
	case g.opts.Precision == FP16:
		return g.constant(onnx.NewHalf(name, t))
	case g.opts.Precision == FP16Weights && len(t.Data) >= leastHalved:
		single := name + "/float32"
		return g.cast(single, single, g.constant(onnx.NewHalf(name, t)), onnx.Float32)
	}
	return g.constant(onnx.NewInitializer(name, t))
}

// leastHalved is from how many values on FP16Weights stores a constant as fp16: the
// node that casts takes about as many bytes as fewer would save.
const leastHalved = 256

// add appends a node and returns its value's name. A value that it takes twice
// goes through an Identity the second time, because onnx-go, the second reader,
// gets such nodes wrong.
func (g *graph) add(op, name, out string, inputs []string, attrs ...onnx.Attribute) string {
	for i, in := range inputs {
		if in != "" && slices.Contains(inputs[:i], in) {
			copied := fmt.Sprintf("%s/input%d", name, i)
			inputs[i] = g.add("Identity", copied, copied, []string{in})
		}
	}
	g.Nodes = append(g.Nodes, onnx.Node{
		Op: op, Name: name, Inputs: inputs, Outputs: []string{out}, Attributes: attrs})
	if len(inputs) > 0 {
		g.elem[out] = g.elem[inputs[0]]
	}
	return out
}

// step appends one of the nodes that lead up to a spec node.
func (g *graph) step(op, name string, inputs []string, attrs ...onnx.Attribute) string {
	return g.add(op, name, name, inputs, attrs...)
}

// cast appends a Cast.
func (g *graph) cast(name, out, in string, to onnx.ElemType) string {
	g.add("Cast", name, out, []string{in}, onnx.Int("to", int64(to)))
	g.elem[out] = to
	return out
}

// input is the value that a spec node reads, in the network's precision.
func (g *graph) input(name string) string {
	v := g.value[name]
	if g.opts.Precision != FP16 || g.elem[v] == onnx.Float16 {
		return v
	}
	if g.halves[v] == "" {
		half := v + "/float16"
		g.halves[v] = g.cast(half, half, v, onnx.Float16)
	}
	return g.halves[v]
}

// finish appends the node that has the spec node's name. Logits are float32 in
// every precision.
func (g *graph) finish(n *model.Node, op string, inputs []string, attrs ...onnx.Attribute) {
	out := g.value[n.Name]
	if out == Logits && g.opts.Precision == FP16 {
		half := g.add(op, n.Name+"/float16", Logits+"/float16", inputs, attrs...)
		g.cast(n.Name, Logits, half, onnx.Float32)
		return
	}
	g.add(op, n.Name, out, inputs, attrs...)
}
