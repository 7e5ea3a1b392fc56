package importer

import (
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
)

// The operators that constants are computed with; arithmetic.go has the rest.

func first(_ *reader, _ *onnx.Node, in []*array) (*array, error) { return in[0], nil }

// cast to whole numbers cuts the fraction off.
func cast(_ *reader, n *onnx.Node, in []*array) (*array, error) {
	to, err := n.Int("to", 0)
	if err != nil {
		return nil, unsupported("%s", err)
	}
	if to != int64(onnx.Int64) && to != int64(onnx.Int32) {
		return in[0], nil
	}
	out := &array{dims: in[0].dims, data: slices.Clone(in[0].data)}
	for i, v := range out.data {
		out.data[i] = math.Trunc(v)
	}
	return out, nil
}

// reshaped has the shape that the file's types give.
func reshaped(r *reader, n *onnx.Node, in []*array) (*array, error) {
	dims, ok := r.staticDims(n.Outputs[0])
	if !ok || onnx.Elements(dims) != len(in[0].data) {
		return nil, unsupported("the shape of constant %q is not known", n.Outputs[0])
	}
	return &array{dims: dims, data: in[0].data}, nil
}

// joined is a Concat of vectors.
func joined(_ *reader, n *onnx.Node, in []*array) (*array, error) {
	out := &array{}
	for _, a := range in {
		if a == nil || len(a.dims) != 1 || len(out.data)+len(a.data) > maxArray {
			return nil, unsupported("constant %q joins what are no short vectors", label(n))
		}
		out.data = append(out.data, a.data...)
	}
	out.dims = []int{len(out.data)}
	return out, nil
}

// gathered takes values out of a vector.
func gathered(_ *reader, n *onnx.Node, in []*array) (*array, error) {
	if len(in) != 2 || in[1] == nil || len(in[0].dims) != 1 {
		return nil, unsupported("constant %q is taken from what is no vector", label(n))
	}
	at, err := in[1].ints()
	if err != nil {
		return nil, err
	}
	out := &array{dims: in[1].dims}
	size := int64(len(in[0].data))
	for _, i := range at {
		if i < -size || i >= size {
			return nil, unsupported("constant %q is value %d of %d", label(n), i, size)
		}
		out.data = append(out.data, in[0].data[(i+size)%size])
	}
	return out, nil
}

// transposed is a Transpose.
func transposed(_ *reader, n *onnx.Node, in []*array) (*array, error) {
	perm, err := permutation(n, len(in[0].dims))
	if err != nil {
		return nil, err
	}
	index := onnx.NewTensor(slices.Clone(in[0].dims)...)
	for i := range index.Data {
		index.Data[i] = float32(i) // exact: an array has at most maxArray values
	}
	index = transpose(index, perm)
	out := &array{dims: index.Shape, data: make([]float64, len(index.Data))}
	for i, from := range index.Data {
		out.data[i] = in[0].data[int(from)]
	}
	return out, nil
}

// filled is a ConstantOfShape.
func filled(_ *reader, n *onnx.Node, in []*array) (*array, error) {
	dims, err := in[0].ints()
	if err != nil {
		return nil, err
	}
	out, v, size := &array{}, 0.0, int64(1)
	for _, d := range dims {
		if d < 0 || d > maxArray || size*d > maxArray {
			return nil, unsupported("constant %q is of shape %v", label(n), dims)
		}
		size *= d
		out.dims = append(out.dims, int(d))
	}
	if a := n.Attribute("value"); a != nil && a.Tensor != nil {
		given, err := numbers(a.Tensor)
		if err != nil || len(given.data) != 1 {
			return nil, unsupported("constant %q is filled with no number", label(n))
		}
		v = given.data[0]
	}
	out.data = slices.Repeat([]float64{v}, int(size))
	return out, nil
}
