package importer

import (
	"math"

	"github.com/flowerctl/flowerctl/onnx"
)

// constant is a small constant of any numeric type.
func (r *reader) constant(n *onnx.Node, i int) (*array, error) {
	if !has(n, i) || !r.constants[n.Inputs[i]] {
		return nil, unsupported("its input %d is no constant", i)
	}
	r.depth = 0
	return r.array(n.Inputs[i])
}

// ints are a small constant of whole numbers.
func (r *reader) ints(n *onnx.Node, i int) ([]int64, error) {
	a, err := r.constant(n, i)
	if err != nil {
		return nil, err
	}
	return a.ints()
}

func (a *array) ints() ([]int64, error) {
	out := make([]int64, len(a.data))
	for i, v := range a.data {
		switch {
		case v != math.Trunc(v): // or NaN
			return nil, unsupported("a constant is %g, want whole numbers that do not depend on the batch",
				v)
		case v >= math.MaxInt32: // ranges end there when they mean the end
			out[i] = math.MaxInt32
		case v <= math.MinInt32:
			out[i] = math.MinInt32
		default:
			out[i] = int64(v)
		}
	}
	return out, nil
}

// array computes a small constant.
func (r *reader) array(value string) (*array, error) {
	if a := r.computed[value]; a != nil {
		return a, nil
	}
	if r.depth++; r.depth > maxDepth {
		return nil, unsupported("constant %q is computed by more than %d nodes", value, maxDepth)
	}
	a, err := r.compute(value)
	if err != nil {
		return nil, err
	}
	r.depth--
	r.computed[value] = a
	return a, nil
}

func (r *reader) compute(value string) (*array, error) {
	if t := r.initializers[value]; t != nil {
		return numbers(t)
	}
	n := r.makers[value]
	if n == nil {
		return nil, unsupported("nothing makes constant %q", value)
	}
	switch n.Op {
	case "Constant":
		return literal(n)
	case "Shape":
		return r.shapeOf(n)
	}
	in := make([]*array, len(n.Inputs))
	for i, s := range n.Inputs {
		if s == "" {
			continue
		}
		var err error
		if in[i], err = r.array(s); err != nil {
			return nil, err
		}
	}
	fold, ok := folds[n.Op]
	if !ok || len(in) == 0 || in[0] == nil {
		return nil, unsupported("constant %q is computed by %s, which is not followed", value, n.Op)
	}
	a, err := fold(r, n, in)
	if err == nil && (len(a.data) > maxArray || onnx.Elements(a.dims) != len(a.data)) {
		err = unsupported("constant %q has %d values, computed ones at most %d",
			value, len(a.data), maxArray)
	}
	return a, err
}

// numbers are the values of an initializer.
func numbers(t *onnx.Initializer) (*array, error) {
	if n := t.Elements(); n > maxArray {
		return nil, unsupported("constant %q has %d values, computed ones at most %d",
			t.Name, n, maxArray)
	}
	a := &array{}
	for _, d := range t.Dims {
		a.dims = append(a.dims, int(d))
	}
	switch t.Elem {
	case onnx.Int64, onnx.Int32:
		v, err := t.Int64s()
		if err != nil {
			return nil, unsupported("%s", err)
		}
		for _, x := range v {
			a.data = append(a.data, float64(x))
		}
	case onnx.Float64, onnx.Float32, onnx.Float16:
		v, err := floats(t)
		if err != nil {
			return nil, err
		}
		for _, x := range v.Data {
			a.data = append(a.data, float64(x))
		}
	default:
		return nil, unsupported("constant %q is %s", t.Name, t.Elem)
	}
	return a, nil
}

// literal is the value of a Constant node.
func literal(n *onnx.Node) (*array, error) {
	for _, a := range n.Attributes {
		switch {
		case a.Name == "value" && a.Tensor != nil:
			return numbers(a.Tensor)
		case a.Name == "value_float":
			return &array{data: []float64{float64(a.Float)}}, nil
		case a.Name == "value_int":
			return &array{data: []float64{float64(a.Int)}}, nil
		case a.Name == "value_floats" && len(a.Floats) <= maxArray:
			out := &array{dims: []int{len(a.Floats)}}
			for _, v := range a.Floats {
				out.data = append(out.data, float64(v))
			}
			return out, nil
		case a.Name == "value_ints" && len(a.Ints) <= maxArray:
			out := &array{dims: []int{len(a.Ints)}}
			for _, v := range a.Ints {
				out.data = append(out.data, float64(v))
			}
			return out, nil
		}
	}
	return nil, unsupported("constant %q holds no numbers", label(n))
}

// shapeOf is what a Shape node answers, with NaN for lengths that vary.
func (r *reader) shapeOf(n *onnx.Node) (*array, error) {
	if !has(n, 0) {
		return nil, unsupported("input 0 is left out")
	}
	t := r.types[n.Inputs[0]]
	if t.Kind != onnx.TensorKind || !t.Ranked {
		return nil, unsupported("the shape of %q is not known", n.Inputs[0])
	}
	from, err1 := n.Int("start", 0)
	to, err2 := n.Int("end", int64(len(t.Dims)))
	if err1 != nil || err2 != nil {
		return nil, unsupported("its start or end is no number")
	}
	a := &array{}
	rank := int64(len(t.Dims))
	for i := clamp(from, rank); i < clamp(to, rank); i++ {
		v := math.NaN()
		if d := t.Dims[i]; d.Value >= 0 {
			v = float64(d.Value)
		}
		a.data = append(a.data, v)
	}
	a.dims = []int{len(a.data)}
	return a, nil
}

// clamp is an index that may count from the end, held to 0 to n.
func clamp(i, n int64) int64 {
	if i < 0 {
		i += n
	}
	return min(max(i, 0), n)
}

type fold func(r *reader, n *onnx.Node, in []*array) (*array, error)

// folds are the operators that constants are computed with.
var folds = map[string]fold{
	"Identity": first, "Cast": cast, "Reshape": reshaped, "Squeeze": reshaped, "Unsqueeze": reshaped,
	"Flatten": reshaped, "Concat": joined, "Gather": gathered, "Slice": sliced,
	"Transpose": transposed, "ConstantOfShape": filled, "Clip": held, "Mod": pairwise(modulo),
	"Add": pairwise(func(a, b float64) float64 { return a + b }),
	"Sub": pairwise(func(a, b float64) float64 { return a - b }),
	"Mul": pairwise(func(a, b float64) float64 { return a * b }),
	"Div": pairwise(func(a, b float64) float64 { return a / b }),
	"Max": pairwise(math.Max), "Min": pairwise(math.Min), "Pow": pairwise(math.Pow),
	"Sqrt": each(math.Sqrt), "Ceil": each(math.Ceil), "Floor": each(math.Floor), "Exp": each(math.Exp),
	"Neg":        each(func(a float64) float64 { return -a }),
	"Reciprocal": each(func(a float64) float64 { return 1 / a }),
}
