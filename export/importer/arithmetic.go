package importer

import (
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
)

// sliced is a Slice of a vector, or of the first axis of a matrix.
func sliced(r *reader, n *onnx.Node, in []*array) (*array, error) {
	x := in[0]
	list := [4][]int64{nil, nil, {0}, {1}} // starts, ends, axes, steps
	for i, name := range []string{"starts", "ends", "axes", "steps"} {
		var v []int64
		var err error
		switch {
		case r.opset < 10:
			v, err = n.Ints(name)
		case i+1 < len(in) && in[i+1] != nil:
			v, err = in[i+1].ints()
		}
		if err != nil {
			return nil, err
		}
		if v != nil {
			list[i] = v
		}
		if len(list[i]) != 1 {
			return nil, unsupported("constant %q is cut from what is no vector", label(n))
		}
	}
	start, end, axis, step := list[0][0], list[1][0], list[2][0], list[3][0]
	if len(x.dims) == 0 || axis != 0 && axis != -int64(len(x.dims)) || step != 1 && step != -1 {
		return nil, unsupported("constant %q is cut along axis %d in steps of %d", label(n), axis, step)
	}
	length := int64(x.dims[0])
	row := onnx.Elements(x.dims[1:])
	out := &array{dims: slices.Clone(x.dims)}
	take := func(i int64) { out.data = append(out.data, x.data[int(i)*row:(int(i)+1)*row]...) }
	if step == 1 {
		for i := clamp(start, length); i < clamp(end, length); i++ {
			take(i)
		}
	} else {
		last := int64(-1) // an end before the first value means all of them
		if end >= -length {
			last = clamp(end, length)
		}
		for i := min(clamp(start, length), length-1); i > last; i-- {
			take(i)
		}
	}
	out.dims[0] = 0
	if row > 0 {
		out.dims[0] = len(out.data) / row
	}
	return out, nil
}

// each computes each value.
func each(f func(float64) float64) fold {
	return func(_ *reader, _ *onnx.Node, in []*array) (*array, error) {
		out := &array{dims: in[0].dims, data: slices.Clone(in[0].data)}
		for i, v := range out.data {
			out.data[i] = f(v)
		}
		return out, nil
	}
}

// pairwise computes values of two constants of one shape, or of which one is a
// single number.
func pairwise(f func(a, b float64) float64) fold {
	return func(_ *reader, n *onnx.Node, in []*array) (*array, error) {
		if len(in) != 2 || in[1] == nil {
			return nil, unsupported("constant %q has %d inputs, want 2", label(n), len(in))
		}
		a, b := in[0], in[1]
		larger := a
		if len(b.data) > len(a.data) || len(b.data) == len(a.data) && len(b.dims) > len(a.dims) {
			larger = b
		}
		one := min(len(a.data), len(b.data)) == 1
		if len(a.data) == 0 || len(b.data) == 0 || !slices.Equal(a.dims, b.dims) && !one {
			return nil, unsupported("constant %q is computed of %v and %v", label(n), a.dims, b.dims)
		}
		out := &array{dims: larger.dims, data: make([]float64, len(larger.data))}
		for i := range out.data {
			x, y := a.data[0], b.data[0]
			if len(a.data) > 1 {
				x = a.data[i]
			}
			if len(b.data) > 1 {
				y = b.data[i]
			}
			out.data[i] = f(x, y)
		}
		return out, nil
	}
}

// modulo has the sign of the divisor, as Python's.
func modulo(a, b float64) float64 { return a - b*math.Floor(a/b) }

// held is a Clip, whose bounds are attributes up to operator set 10.
func held(r *reader, n *onnx.Node, in []*array) (*array, error) {
	low, high := math.Inf(-1), math.Inf(1)
	if r.opset < 11 {
		a, err1 := n.Float("min", -math.MaxFloat32)
		b, err2 := n.Float("max", math.MaxFloat32)
		if err1 != nil || err2 != nil {
			return nil, unsupported("constant %q is held to what is no number", label(n))
		}
		low, high = float64(a), float64(b)
	}
	for i, bound := range []*float64{&low, &high} {
		if i+1 >= len(in) || in[i+1] == nil {
			continue
		}
		if len(in[i+1].data) != 1 {
			return nil, unsupported("constant %q is held to %d numbers", label(n), len(in[i+1].data))
		}
		*bound = in[i+1].data[0]
	}
	return each(func(v float64) float64 { return min(max(v, low), high) })(r, n, in)
}
