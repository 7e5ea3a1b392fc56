package importer

import (
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// gate is a sigmoid that is put off: what multiplies a value by its own is one op.
type gate struct {
	op   model.Op // Sigmoid or HardSigmoid
	from *onnx.Node
}

func sigmoid(r *reader, n *onnx.Node) (*value, error) {
	return r.gateOf(n, model.Sigmoid)
}

// hardSigmoid reads the one of PyTorch, x/6 + 1/2; 0.2*x + 1/2 is ONNX' default
// and Keras 2's.
func hardSigmoid(r *reader, n *onnx.Node) (*value, error) {
	alpha, err1 := n.Float("alpha", 0.2)
	beta, err2 := n.Float("beta", 0.5)
	if err1 != nil || err2 != nil || !close(float64(alpha), 1./6) || beta != 0.5 {
		return nil, unsupported("alpha %g and beta %g: only x/6 + 1/2 is read", alpha, beta)
	}
	return r.gateOf(n, model.HardSigmoid)
}

func hardSwish(r *reader, n *onnx.Node) (*value, error) {
	return r.element(n, model.Node{Op: model.HardSwish})
}

func (r *reader) gateOf(n *onnx.Node, op model.Op) (*value, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, err
	}
	if x, err = r.plain(x); err != nil {
		return nil, err
	}
	out := *x
	out.gate, out.positive, out.alone = &gate{op, n}, true, true
	return &out, nil
}

// sixth says whether a value is x + 3 where it is held to 0 and 6, or a multiple
// of both: that is how a hard sigmoid is often written.
func (v *value) sixth(high float64) bool {
	if v.affine == nil || v.gate != nil || v.node == model.InputName || !(high > 0) {
		return false
	}
	scale, offset, ok := v.affine.uniform()
	return ok && close(scale, high/6) && close(offset, high/2)
}

// hardSigmoid is a value of sixth held to 0 and high: high times its hard sigmoid.
func (v *value) hardSigmoid(n *onnx.Node, high float64) *value {
	out := *v
	out.gate, out.affine, out.positive, out.alone = &gate{model.HardSigmoid, n}, nil, true, true
	if !close(high, 1) {
		out.affine = &affine{slices.Repeat([]float64{high}, v.shape[0]), make([]float64, v.shape[0]), n}
	}
	return &out
}

// gated adds the node of a sigmoid that was put off.
func (r *reader) gated(v *value) (*value, error) {
	out, err := r.emit(model.Node{Op: v.gate.op}, label(v.gate.from), v.node)
	if err != nil {
		return nil, name(v.gate.from, err)
	}
	out.axes, out.flat, out.positive, out.label = v.axes, v.flat, true, v.label
	return out, nil
}

// multiply is a value times its own sigmoid, or times one number a channel.
func (r *reader) multiply(n *onnx.Node) (*value, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, err
	}
	y, err := r.value(n, 1)
	if err != nil {
		return nil, err
	}
	if x.gate != nil && y.gate == nil {
		x, y = y, x
	}
	if swish, ok := swishes[gateOp(y)]; ok && y.node == x.node && x.gate == nil && x.affine == nil &&
		x.pads == y.pads && sameOrder(x, y) {
		return r.swish(n, swish, x, y)
	}
	if x, err = r.plain(x); err != nil {
		return nil, err
	}
	if y, err = r.plain(y); err != nil {
		return nil, err
	}
	if len(y.shape) == 3 && len(x.shape) == 3 && product(y.shape[1:]) > product(x.shape[1:]) {
		x, y = y, x
	}
	if len(x.shape) != 3 || !slices.Equal(y.shape, []int{x.shape[0], 1, 1}) || x.node == y.node ||
		len(x.axes) != len(y.axes) || !alike(x.axes, y.axes) {
		return nil, unsupported("it multiplies %s and %s: only an image and one number a channel can be",
			x, y)
	}
	out, err := r.emit(model.Node{Op: model.Mul}, label(n), x.node, y.node)
	if err != nil {
		return nil, err
	}
	out.axes, out.positive = x.axes, x.positive && y.positive
	return out, nil
}

// swishes are the ops of a value times its own sigmoid.
var swishes = map[model.Op]model.Op{model.Sigmoid: model.SiLU, model.HardSigmoid: model.HardSwish}

func gateOp(v *value) model.Op {
	if v.gate == nil {
		return ""
	}
	return v.gate.op
}

// swish is x times a sigmoid of it, which may stand beside a factor.
func (r *reader) swish(n *onnx.Node, op model.Op, x, gate *value) (*value, error) {
	if x.softmax != "" || x.pads != [4]int{} {
		return r.plain(x) // which says why not
	}
	out, err := r.emit(model.Node{Op: op}, label(n), x.node)
	if err != nil {
		return nil, err
	}
	out.axes, out.flat = x.axes, x.flat
	if gate.affine == nil {
		return out, nil
	}
	a := *gate.affine
	a.from = n
	for _, offset := range a.offset {
		if offset != 0 {
			return nil, unsupported("it multiplies by a sigmoid plus a constant")
		}
	}
	return r.apply(out, a)
}
