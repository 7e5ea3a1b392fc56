package importer

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
)

// array is a constant that the importer computes with: axes, bounds, paddings,
// vectors of a value a channel. NaN is what is not known, such as the
// batch.
type array struct {
	dims []int
	data []float64
}

// Limits on what is computed: the weights themselves are never computed with.
const (
	maxArray = 1 << 16 // values
	maxDepth = 64      // nodes that one constant goes through
)

// findConstants lists the values that depend on no input, in the order of the
// nodes. The shape of a value counts: only its batch is not known.
func (r *reader) findConstants() {
	r.constants = map[string]bool{}
	for i := range r.graph.Initializers {
		r.constants[r.graph.Initializers[i].Name] = true
	}
	for i := range r.graph.Nodes {
		n := &r.graph.Nodes[i]
		constant := n.Op == "Shape" || n.Op == "Constant"
		if !constant && len(n.Inputs) > 0 {
			constant = !slices.ContainsFunc(n.Inputs, func(s string) bool {
				return s != "" && !r.constants[s]
			})
		}
		if constant {
			for _, out := range n.Outputs {
				r.constants[out] = out != ""
			}
		}
	}
}

// weight is a constant of float32, of any size, as it is in the file.
func (r *reader) weight(n *onnx.Node, i int) (onnx.Tensor, error) {
	if !has(n, i) || !r.constants[n.Inputs[i]] {
		return onnx.Tensor{}, unsupported("its weight (input %d) is no constant", i)
	}
	r.depth = 0
	return r.tensor(n.Inputs[i])
}

func (r *reader) tensor(value string) (onnx.Tensor, error) {
	if r.depth++; r.depth > maxDepth {
		return onnx.Tensor{}, unsupported("constant %q is computed by more than %d nodes",
			value, maxDepth)
	}
	if t := r.initializers[value]; t != nil {
		return floats(t)
	}
	n := r.makers[value]
	if n == nil {
		return onnx.Tensor{}, unsupported("nothing makes constant %q", value)
	}
	switch n.Op {
	case "Constant":
		if a := n.Attribute("value"); a != nil && a.Tensor != nil {
			return floats(a.Tensor)
		}
	case "ConstantOfShape":
		return r.uniform(n)
	case "DequantizeLinear":
		return onnx.Tensor{}, unsupported("its weight is quantised")
	case "Identity", "Cast":
		return r.tensor(n.Inputs[0])
	case "Reshape", "Squeeze", "Unsqueeze", "Flatten":
		t, err := r.tensor(n.Inputs[0])
		if err != nil {
			return t, err
		}
		dims, ok := r.staticDims(value)
		if !ok || onnx.Elements(dims) != len(t.Data) {
			return t, unsupported("the shape of constant %q is not known", value)
		}
		return onnx.Tensor{Shape: dims, Data: t.Data}, nil
	case "Transpose":
		t, err := r.tensor(n.Inputs[0])
		if err != nil {
			return t, err
		}
		perm, err := permutation(n, len(t.Shape))
		if err != nil {
			return t, err
		}
		return transpose(t, perm), nil
	}
	a, err := r.array(value)
	if err != nil {
		return onnx.Tensor{}, err
	}
	t := onnx.NewTensor(slices.Clone(a.dims)...)
	for i, v := range a.data {
		t.Data[i] = float32(v)
	}
	return t, nil
}

// uniform is a weight of one value, which a few bytes can make as large as they
// like: all of them together are held to maxValues.
func (r *reader) uniform(n *onnx.Node) (onnx.Tensor, error) {
	dims, ok := r.staticDims(n.Outputs[0])
	size := onnx.Elements(dims)
	if !ok || size < 0 || size > maxValues-r.filled {
		return onnx.Tensor{}, unsupported(
			"constant %q is %v, and uniform ones have at most %d values together",
			n.Outputs[0], r.types[n.Outputs[0]], maxValues)
	}
	r.filled += size
	v := onnx.Tensor{Data: []float32{0}}
	if a := n.Attribute("value"); a != nil && a.Tensor != nil {
		var err error
		if v, err = floats(a.Tensor); err != nil || len(v.Data) != 1 {
			return v, unsupported("constant %q is filled with no number", n.Outputs[0])
		}
	}
	t := onnx.Tensor{Shape: dims, Data: slices.Repeat(v.Data, size)}
	return t, nil
}

// floats converts an initializer of any float type.
func floats(t *onnx.Initializer) (onnx.Tensor, error) {
	if t.Elem != onnx.Float64 {
		out, err := t.Tensor()
		if err != nil {
			return out, unsupported("%s", err)
		}
		return out, nil
	}
	out := onnx.Tensor{Data: make([]float32, len(t.Raw)/8)}
	for _, d := range t.Dims {
		out.Shape = append(out.Shape, int(d))
	}
	for i := range out.Data {
		out.Data[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(t.Raw[8*i:])))
	}
	return out, out.Validate()
}

// staticDims is the shape of a value without unknown lengths.
func (r *reader) staticDims(value string) ([]int, bool) {
	t := r.types[value]
	if t.Kind != onnx.TensorKind || !t.Ranked {
		return nil, false
	}
	dims := make([]int, len(t.Dims))
	for i, d := range t.Dims {
		if d.Value < 0 {
			return nil, false
		}
		dims[i] = int(d.Value)
	}
	return dims, true
}

// permutation is the order of axes of a Transpose, reversed unless said.
func permutation(n *onnx.Node, rank int) ([]int, error) {
	perm, err := n.Ints("perm")
	if err != nil {
		return nil, unsupported("%s", err)
	}
	out := make([]int, rank)
	used := make([]bool, rank)
	for i := range out {
		out[i] = rank - 1 - i
	}
	for i, p := range perm {
		if len(perm) != rank || p < 0 || p >= int64(rank) || used[p] {
			return nil, unsupported("perm %v is no order of %d axes", perm, rank)
		}
		used[p], out[i] = true, int(p)
	}
	return out, nil
}

// transpose moves the data: axis i of the result is axis perm[i] of t.
func transpose(t onnx.Tensor, perm []int) onnx.Tensor {
	stride := make([]int, len(perm))
	size := 1
	for i := len(perm) - 1; i >= 0; i-- {
		stride[i] = size
		size *= t.Shape[i]
	}
	shape := make([]int, len(perm))
	for i, p := range perm {
		shape[i] = t.Shape[p]
	}
	out := onnx.NewTensor(shape...)
	at := make([]int, len(perm))
	from := 0
	for i := range out.Data {
		out.Data[i] = t.Data[from]
		for axis := len(perm) - 1; axis >= 0; axis-- {
			at[axis]++
			from += stride[perm[axis]]
			if at[axis] < shape[axis] {
				break
			}
			from -= at[axis] * stride[perm[axis]]
			at[axis] = 0
		}
	}
	return out
}
