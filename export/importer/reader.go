package importer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// reader turns a graph into a spec, node by node, in the order of the file.
type reader struct {
	opts   Options
	opset  int64
	graph  *onnx.Graph
	meta   export.Metadata
	sized  *onnx.Model // the file, for images of the network's size
	types  map[string]onnx.ValueInfo
	makers map[string]*onnx.Node // by the name of a value
	input  string                // the value that is the network's input
	output string                // the value that is read
	batch  int64                 // the file's fixed batch, or -1

	initializers map[string]*onnx.Initializer
	constants    map[string]bool // values that depend on no input
	computed     map[string]*array
	depth        int // of the constants that are being computed
	declared     int // shapes that the types were told
	filled       int // values of the weights that one value fills

	uses   map[string]int // readers of a value, among the nodes that are needed
	values map[string]*value

	spec    model.Spec
	weights model.Weights
	shapes  map[string][]int // of the spec's nodes
	names   map[string]bool
	rescale map[string]string // Rescale nodes by what they do
	dropped map[string]int    // nodes that compute nothing, by operator
	notes   []string
}

// errUnnamed carries the reason of an UnsupportedError up to where its node is
// known.
type errUnnamed struct{ reason string }

func (e *errUnnamed) Error() string { return e.reason }

// unsupported is an error for the node that is being read.
func unsupported(format string, args ...any) error {
	return &errUnnamed{fmt.Sprintf(format, args...)}
}

// read follows the graph from the input to the output.
func (r *reader) read() (*Network, error) {
	needed := r.needed()
	for i := range r.graph.Nodes {
		n := &r.graph.Nodes[i]
		if !needed[n] {
			continue
		}
		if err := r.node(n); err != nil {
			return nil, name(n, err)
		}
	}
	out := r.values[r.output]
	if out == nil {
		return nil, fmt.Errorf("output %q does not depend on the input", r.output)
	}
	net, err := r.finish(out)
	if err != nil {
		return nil, name(r.makers[r.output], err)
	}
	return net, nil
}

// name makes an error that of a node.
func name(n *onnx.Node, err error) error {
	var u *errUnnamed
	if n == nil || !errors.As(err, &u) {
		return err
	}
	e := &UnsupportedError{Node: label(n), Op: n.Op, Reason: u.reason}
	if n.Domain != "" && n.Domain != "ai.onnx" {
		e.Op = n.Domain + "." + n.Op
	}
	return e
}

// label is the name of a node, or of its first value.
func label(n *onnx.Node) string {
	for _, s := range append([]string{n.Name}, n.Outputs...) {
		if s != "" {
			return s
		}
	}
	return "without a name"
}

// node reads one node and checks what it makes against the file's own shapes.
func (r *reader) node(n *onnx.Node) error {
	read, ok := readers[n.Op]
	if !ok || n.Domain != "" && n.Domain != "ai.onnx" {
		return unsupported("no op of the network computes this")
	}
	v, err := read(r, n)
	if err != nil {
		var u *errUnnamed
		var named *UnsupportedError
		if !errors.As(err, &u) && !errors.As(err, &named) {
			err = unsupported("%s", err) // an attribute of another type, a shape that does not fit
		}
		return err
	}
	if len(n.Outputs) == 0 || n.Outputs[0] == "" {
		return unsupported("it has no output")
	}
	out := n.Outputs[0]
	if err := r.agree(v, r.types[out]); err != nil {
		return err
	}
	if n.Op == "Pad" {
		if err := r.declare(n, v); err != nil {
			return err
		}
	}
	if r.uses[out] != 1 && (v.gate != nil || v.affine != nil && v.node != model.InputName) {
		if v, err = r.plain(v); err != nil { // once, and not for each reader
			return err
		}
	}
	v.alone = v.alone && r.uses[out] == 1
	r.values[out] = v
	return nil
}

// agree compares what was read with the shape that the file's types give.
func (r *reader) agree(v *value, t onnx.ValueInfo) error {
	if t.Kind != onnx.TensorKind || !t.Ranked {
		return nil
	}
	got := v.dims()
	same := len(got) == len(t.Dims)
	for i := 0; same && i < len(got); i++ {
		same = got[i] < 0 || t.Dims[i].Value <= 0 || int64(got[i]) == t.Dims[i].Value
	}
	if !same {
		return unsupported("its value is %s by the file and %v here", t, got)
	}
	return nil
}

// maxDeclared bounds how often the types are inferred again.
const maxDeclared = 100

// declare tells the types of the file the shape of what a Pad makes, where its
// zeros are computed, so that types cannot say it: what follows is then known.
func (r *reader) declare(n *onnx.Node, v *value) error {
	out := n.Outputs[0]
	unknown := func(d onnx.Dim) bool { return d.Value < 0 }
	if t := r.types[out]; t.Ranked && !slices.ContainsFunc(t.Dims[min(1, len(t.Dims)):], unknown) {
		return nil
	}
	info := onnx.ValueInfo{Name: out, Elem: r.types[n.Inputs[0]].Elem, Ranked: true}
	for _, d := range v.dims() {
		dim := onnx.Known(d)
		if d < 0 && r.batch < 0 {
			dim = onnx.Symbol("N")
		} else if d < 0 {
			dim = onnx.Dim{Value: r.batch}
		}
		info.Dims = append(info.Dims, dim)
	}
	if r.declared++; r.declared > maxDeclared {
		return unsupported("more than %d nodes like it compute their zeros", maxDeclared)
	}
	r.sized.Graph.Values = append(slices.Clip(r.sized.Graph.Values), info)
	types, err := r.sized.Types()
	if err == nil {
		r.types = types
		clear(r.computed) // shapes among them
	}
	return err
}

// value is the one that a node's input i names.
func (r *reader) value(n *onnx.Node, i int) (*value, error) {
	if i >= len(n.Inputs) || n.Inputs[i] == "" {
		return nil, unsupported("input %d is left out", i)
	}
	v := r.values[n.Inputs[i]]
	if v == nil {
		return nil, unsupported("input %q does not come from the image", n.Inputs[i])
	}
	copied := *v
	copied.axes = slices.Clone(v.axes)
	return &copied, nil
}

// has says whether a node's optional input i is there.
func has(n *onnx.Node, i int) bool { return i < len(n.Inputs) && n.Inputs[i] != "" }

// needed are the nodes between the input and the output, without those that
// only compute constants and shapes. It counts the readers of each value.
func (r *reader) needed() map[*onnx.Node]bool {
	needed := map[*onnx.Node]bool{}
	r.uses = map[string]int{r.output: 1}
	wanted := map[string]bool{r.output: true} // never ""
	for i := len(r.graph.Nodes) - 1; i >= 0; i-- {
		n := &r.graph.Nodes[i]
		if !slices.ContainsFunc(n.Outputs, func(s string) bool { return wanted[s] && s != r.input }) {
			continue
		}
		needed[n] = true
		for _, in := range r.dataInputs(n) {
			wanted[in] = true
			r.uses[in]++
		}
	}
	return needed
}

// dataInputs are the inputs that carry what is computed from the image. The
// others are constants, or shapes, which the types of the file tell.
func (r *reader) dataInputs(n *onnx.Node) []string {
	var list []string
	for i, in := range n.Inputs {
		if in == "" || r.constants[in] || i > 0 && firstOnly[n.Op] {
			continue
		}
		list = append(list, in)
	}
	return list
}

// firstOnly are operators whose other inputs are shapes, axes and bounds.
var firstOnly = map[string]bool{"Reshape": true, "Squeeze": true, "Unsqueeze": true, "Pad": true,
	"ReduceMean": true, "Clip": true, "Dropout": true, "Conv": true}
