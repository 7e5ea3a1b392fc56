package importer

import (
	"fmt"
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// affine is x*scale + offset, one of each a channel.
type affine struct {
	scale, offset []float64
	from          *onnx.Node // that computes it
}

// close says whether two numbers of a file mean the same: they are float32.
func close(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(math.Abs(a), math.Abs(b), 1) }

// uniform is the scale and offset where all channels have one of each.
func (a *affine) uniform() (scale, offset float64, ok bool) {
	for i := range a.scale {
		if a.scale[i] != a.scale[0] || a.offset[i] != a.offset[0] {
			return 0, 0, false
		}
	}
	return a.scale[0], a.offset[0], len(a.scale) > 0
}

// then is a after b: (x*a.scale + a.offset)*b.scale + b.offset.
func (a *affine) then(b affine) *affine {
	out := affine{slices.Clone(b.scale), slices.Clone(b.offset), b.from}
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
func (r *reader) withConstant(n *onnx.Node, at int, f func(c float64) (scale, offset float64)) (
	*value, error) {

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
	a := affine{from: n}
	for _, v := range list {
		s, o := f(v)
		a.scale, a.offset = append(a.scale, s), append(a.offset, o)
	}
	return r.apply(x, a)
}

// perChannel spreads a constant over the channels of a value.
func (r *reader) perChannel(x *value, c *array) ([]float64, error) {
	if x.shape[0] > largest {
		return nil, unsupported("it computes with a constant behind %s: at most %d channels can be",
			x, largest)
	}
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
		return nil, unsupported("its constant of shape %v has no number for each channel of %s",
			c.dims, x)
	}
	return c.data, nil
}

// apply puts x*scale + offset off until the value is read: it may be part of the
// rescaling of pixels, of a layer before it, or of a hard sigmoid.
func (r *reader) apply(x *value, a affine) (*value, error) {
	if x.pads != [4]int{} || x.softmax != "" || x.mean != "" {
		var err error
		if x, err = r.plain(x); err != nil {
			return nil, err
		}
	}
	if x.affine != nil {
		a = *x.affine.then(a)
	}
	x.affine, x.positive = &a, false
	if scale, offset, ok := a.uniform(); ok && close(scale, 1) && offset == 0 {
		x.affine = nil
	}
	return x, nil
}

// scaled computes a behind a layer in its weights, where nothing else reads that,
// and else as a convolution of one pixel.
func (r *reader) scaled(x *value, a affine) (*value, error) {
	out := *x
	out.affine, out.gate, out.positive = nil, nil, false
	last := r.spec.Node(x.node)
	if last != nil && x.alone && x.flat == nil && (last.Op == model.Conv || last.Op == model.Dense) {
		r.merge(last, a)
		return &out, nil
	}
	if len(x.shape) != 3 {
		return nil, unsupported("it computes with a constant behind %s, which is no layer with weights",
			x.node)
	}
	c := x.shape[0]
	made, err := r.emit(model.Node{Op: model.Conv, Units: c, Groups: c,
		Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}}, label(a.from), x.node)
	if err != nil {
		return nil, err
	}
	weight, bias := onnx.NewTensor(c, 1, 1, 1), onnx.NewTensor(c)
	for i := range c {
		weight.Data[i], bias.Data[i] = float32(a.scale[i]), float32(a.offset[i])
	}
	r.set(made.node, model.Weight, weight)
	r.set(made.node, model.Bias, bias)
	made.axes = x.axes
	return made, nil
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
		node := model.Node{Op: model.Rescale}
		if scale, offset, ok := a.uniform(); ok {
			node.Scale, node.Offset = scale, offset
		} else {
			node.Scales, node.Offsets = [3]float64(a.scale), [3]float64(a.offset)
		}
		out, err := r.emit(node, label(a.from), model.InputName)
		if err != nil {
			return nil, err
		}
		r.rescale[key] = out.node
	}
	out := *v
	out.node, out.affine, out.alone = r.rescale[key], nil, false
	return &out, nil
}
