package importer

import (
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// affine is x*scale + offset, one of each a channel.
type affine struct {
	scale, offset []float64
	label         string // of the node that computes it
}

// then is a after b: (x*a.scale + a.offset)*b.scale + b.offset.
func (a *affine) then(b affine) *affine {
	out := affine{slices.Clone(b.scale), slices.Clone(b.offset), b.label}
	for i := range out.scale {
		out.scale[i] = a.scale[i] * b.scale[i]
		out.offset[i] = a.offset[i]*b.scale[i] + b.offset[i]
	}
	return &out
}

// operands are a node's values that come from the image, and whether it is one
// and a constant; at is then the constant's place.
func (r *reader) operands(n *onnx.Node) (at int, constant bool, err error) {
	if len(n.Inputs) != 2 {
		return 0, false, unsupported("it has %d inputs, want 2", len(n.Inputs))
	}
	for i, in := range n.Inputs {
		if r.constants[in] {
			return i, true, nil
		}
	}
	return 0, false, nil
}

// withConstant reads arithmetic of a value and a constant; f makes scale and
// offset of a number of the constant.
func (r *reader) withConstant(n *onnx.Node, at int, f func(c float64) (scale, offset float64)) (*value, error) {
	x, err := r.value(n, 1-at)
	if err != nil {
		return nil, err
	}
	c, err := r.constant(n, at)
	if err != nil {
		return nil, err
	}
	list, err := r.perChannel(x, c)
	if err != nil {
		return nil, err
	}
	a := affine{label: label(n)}
	for _, v := range list {
		s, o := f(v)
		a.scale, a.offset = append(a.scale, s), append(a.offset, o)
	}
	return r.apply(n, x, a)
}

// perChannel spreads a constant over the channels of a value.
func (r *reader) perChannel(x *value, c *array) ([]float64, error) {
	if len(c.data) == 1 {
		return slices.Repeat(c.data, x.shape[0]), nil
	}
	fits := len(c.dims) <= len(x.axes) && len(c.data) == x.shape[0] && x.flat == nil
	for i, d := range c.dims {
		if fits && d != 1 {
			fits = x.axes[len(x.axes)-len(c.dims)+i] == 0
		}
	}
	if !fits {
		return nil, unsupported("its constant of shape %v has no number for each channel of %s", c.dims, x)
	}
	return c.data, nil
}

// apply computes x*scale + offset: of the input as a Rescale, behind a layer that
// nothing else reads in its weights, and else as a convolution of one pixel.
func (r *reader) apply(n *onnx.Node, x *value, a affine) (*value, error) {
	if x.node == model.InputName && x.pads == [4]int{} && x.softmax == "" {
		if x.affine != nil {
			a = *x.affine.then(a)
		}
		x.affine = &a
		return x, nil
	}
	x, err := r.plain(x)
	if err != nil {
		return nil, err
	}
	last := r.spec.Node(x.node)
	if last != nil && x.alone && x.flat == nil && (last.Op == model.Conv || last.Op == model.Dense) {
		r.merge(last, a)
		x.positive = false
		return x, nil
	}
	if len(x.shape) != 3 {
		return nil, unsupported("it computes with a constant behind %s, which is no layer with weights", x.node)
	}
	c := x.shape[0]
	out, err := r.emit(model.Node{Op: model.Conv, Units: c, Groups: c, Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}},
		label(n), x.node)
	if err != nil {
		return nil, err
	}
	weight, bias := onnx.NewTensor(c, 1, 1, 1), onnx.NewTensor(c)
	for i := range c {
		weight.Data[i], bias.Data[i] = float32(a.scale[i]), float32(a.offset[i])
	}
	r.set(out.node, model.Weight, weight)
	r.set(out.node, model.Bias, bias)
	out.axes = x.axes
	return out, nil
}

// merge computes a behind a layer in the layer's weights.
func (r *reader) merge(n *model.Node, a affine) {
	w := r.weights[model.ParamName(n.Name, model.Weight)]
	bias := onnx.NewTensor(n.Units)
	if !n.NoBias {
		bias = r.weights[model.ParamName(n.Name, model.Bias)]
	}
	n.NoBias = false
	row := len(w.Data) / n.Units
	for o := range n.Units {
		for i := o * row; i < (o+1)*row; i++ {
			w.Data[i] = float32(float64(w.Data[i]) * a.scale[o])
		}
		bias.Data[o] = float32(float64(bias.Data[o])*a.scale[o] + a.offset[o])
	}
	r.set(n.Name, model.Bias, bias)
}

// rescaled adds the Rescale node that was put off, one for each kind of it.
func (r *reader) rescaled(v *value) (*value, error) {
	a := *v.affine
	key := fmt.Sprint(a.scale, a.offset)
	if r.rescale[key] == "" {
		if err := scalar(a); err != nil {
			return nil, err
		}
		out, err := r.emit(model.Node{Op: model.Rescale, Scale: a.scale[0], Offset: a.offset[0]},
			a.label, model.InputName)
		if err != nil {
			return nil, err
		}
		r.rescale[key] = out.node
	}
	out := *v
	out.node, out.affine, out.alone = r.rescale[key], nil, false
	return &out, nil
}

// scalar says whether all channels have one scale and one offset.
func scalar(a affine) error {
	for i := range a.scale {
		if a.scale[i] != a.scale[0] || a.offset[i] != a.offset[0] {
			return unsupported("each channel of the pixels is rescaled in its own way: %g and %g", a.scale, a.offset)
		}
	}
	return nil
}
