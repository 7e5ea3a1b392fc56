package importer

import (
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

func add(r *reader, n *onnx.Node) (*value, error) {
	at, constant, err := r.operands(n)
	if err != nil {
		return nil, err
	}
	if constant {
		return r.withConstant(n, at, func(c float64) (float64, float64) { return 1, c })
	}
	return sum(r, n)
}

func sub(r *reader, n *onnx.Node) (*value, error) {
	at, constant, err := r.operands(n)
	switch {
	case err != nil:
		return nil, err
	case !constant:
		return nil, unsupported("no op of the network is the difference of two values")
	case at == 0:
		return r.withConstant(n, at, func(c float64) (float64, float64) { return -1, c })
	}
	return r.withConstant(n, at, func(c float64) (float64, float64) { return 1, -c })
}

func mul(r *reader, n *onnx.Node) (*value, error) {
	at, constant, err := r.operands(n)
	if err != nil {
		return nil, err
	}
	if !constant {
		return r.multiply(n)
	}
	return r.withConstant(n, at, func(c float64) (float64, float64) { return c, 0 })
}

func div(r *reader, n *onnx.Node) (*value, error) {
	at, constant, err := r.operands(n)
	if err != nil {
		return nil, err
	}
	if !constant || at == 0 {
		return nil, unsupported("no op of the network divides by a value")
	}
	return r.withConstant(n, at, func(c float64) (float64, float64) { return 1 / c, 0 })
}

// sum adds values of equal shape, two at a time.
func sum(r *reader, n *onnx.Node) (*value, error) {
	var total *value
	for i := range n.Inputs {
		if r.constants[n.Inputs[i]] {
			return nil, unsupported("one of its inputs is a constant")
		}
		x, err := r.value(n, i)
		if err != nil {
			return nil, err
		}
		if x, err = r.plain(x); err != nil {
			return nil, err
		}
		if total == nil {
			total = x
			continue
		}
		if !slices.Equal(total.shape, x.shape) || !slices.Equal(total.flat, x.flat) ||
			!sameOrder(total, x) {

			return nil, unsupported("its inputs are %s and %s, want one shape", total, x)
		}
		if total.node == x.node {
			twice, err := r.perChannel(x, &array{data: []float64{2}})
			if err != nil {
				return nil, err
			}
			x.alone = false
			if total, err = r.scaled(x, affine{twice, make([]float64, len(twice)), n}); err != nil {
				return nil, err
			}
			continue
		}
		out, err := r.emit(model.Node{Op: model.Add}, label(n), total.node, x.node)
		if err != nil {
			return nil, err
		}
		out.axes, out.flat, out.positive = total.axes, total.flat, total.positive && x.positive
		total = out
	}
	if total == nil {
		return nil, unsupported("it has no inputs")
	}
	return total, nil
}

// sameOrder says whether the file shows two values of one shape alike.
func sameOrder(a, b *value) bool {
	return slices.Equal(a.dims(), b.dims()) && slices.Equal(a.order(), b.order())
}

// concat joins images along their channels.
func concat(r *reader, n *onnx.Node) (*value, error) {
	var inputs []string
	var all []*value
	for i := range n.Inputs {
		x, err := r.value(n, i)
		if err != nil {
			return nil, err
		}
		if x, err = r.plain(x); err != nil {
			return nil, err
		}
		inputs, all = append(inputs, x.node), append(all, x)
	}
	if len(all) == 1 {
		r.dropped[n.Op]++
		return all[0], nil
	}
	if len(all) == 0 {
		return nil, unsupported("it has no inputs")
	}
	axes := all[0].axes
	axis, err := n.Int("axis", 1)
	if err != nil {
		return nil, err
	}
	if axis < 0 {
		axis += int64(len(axes))
	}
	positive := true
	for _, x := range all {
		channels := len(x.axes) == 4 && axis >= 0 && axis < 4 && x.axes[axis] == 0
		if len(x.shape) != 3 || !channels || !alike(axes, x.axes) {
			return nil, unsupported(
				"it joins %s and %s along axis %d: only images along their channels are joined",
				all[0], x, axis)
		}
		positive = positive && x.positive
	}
	out, err := r.emit(model.Node{Op: model.Concat}, label(n), inputs...)
	if err != nil {
		return nil, err
	}
	out.axes, out.positive = axes, positive
	return out, nil
}

// alike says whether two lists of axes show their images in one way.
func alike(a, b []int) bool {
	for i := range a {
		if a[i] != b[i] && a[i] != unitAxis && b[i] != unitAxis {
			return false
		}
	}
	return true
}
