package importer

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// maxValues bounds what one node computes for one image: a quarter of a gigabyte.
const maxValues = 1 << 26

// emit adds a node to the spec and returns a value that is all its own.
func (r *reader) emit(n model.Node, name string, inputs ...string) (*value, error) {
	n.Name, n.Inputs = r.unique(name), inputs
	in := make([][]int, len(inputs))
	for i, s := range inputs {
		in[i] = r.shapes[s]
	}
	shape, err := n.Shape(in)
	if err != nil {
		return nil, unsupported("%s", err)
	}
	if product(shape) > maxValues {
		return nil, unsupported("its value is %v for each image: at most %d numbers are followed",
			shape, maxValues)
	}
	r.shapes[n.Name] = shape
	r.spec.Nodes = append(r.spec.Nodes, n)
	v := &value{node: n.Name, shape: shape, alone: true}
	v.axes = []int{batchAxis}
	for i := range shape {
		v.axes = append(v.axes, i)
	}
	return v, nil
}

// longest is the length of a name that is kept.
const longest = 200

// unique is a name as the spec wants it: printable, without spaces, and no other
// node's. Names of the exported file's inputs stay free.
func (r *reader) unique(name string) string {
	name = strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || !unicode.IsPrint(c) {
			return '_'
		}
		return c
	}, strings.TrimLeft(name, "/"))
	if r.meta.Precision == export.FP16 { // logits are computed in it and cast
		name = strings.TrimSuffix(name, "/float16")
	}
	if len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "")
	}
	if name == "" {
		name = "node"
	}
	unique := name
	for i := 2; r.names[unique]; i++ {
		unique = fmt.Sprintf("%s_%d", name, i)
	}
	r.names[unique] = true
	return unique
}

// set gives a spec node one of its parameters.
func (r *reader) set(node string, role model.Role, t onnx.Tensor) {
	r.weights[model.ParamName(node, role)] = t
}

// note keeps a remark.
func (r *reader) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}
