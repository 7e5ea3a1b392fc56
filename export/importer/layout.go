package importer

import (
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// reshape reads what gives a value another shape: axes of length 1 come and go,
// or an image becomes a vector. The new shape is that of the file's types.
func reshape(r *reader, n *onnx.Node) (*value, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, err
	}
	want, err := r.target(n, x)
	if err != nil {
		return nil, err
	}
	if x.pads != [4]int{} {
		return nil, unsupported("it reads an image with zeros around it, which only a convolution can")
	}
	x.label = label(n)
	order := x.order()
	if axes, ok := place(want, x, order); ok {
		x.axes = axes
		return x, nil
	}
	size := 1
	for _, d := range x.shape {
		size *= d
	}
	if len(want) != 1 || want[0] != size || len(x.shape) != 3 {
		return nil, unsupported("it makes %v of %s: only a vector of all values is read", want, x)
	}
	return r.flatten(n, x, order)
}

// target is the shape that a node makes, without the batch. One length that is
// not known follows from the others.
func (r *reader) target(n *onnx.Node, x *value) ([]int, error) {
	if len(n.Outputs) == 0 {
		return nil, unsupported("it has no output")
	}
	t := r.types[n.Outputs[0]]
	if t.Kind != onnx.TensorKind || !t.Ranked || len(t.Dims) == 0 {
		return nil, unsupported("the shape that it makes is not known")
	}
	if len(x.axes) == 0 || x.axes[0] != batchAxis {
		return nil, unsupported("its input is %s, want the batch first", x)
	}
	if d := t.Dims[0]; d.Value >= 0 && d.Value != max(r.batch, 1) {
		return nil, unsupported("it makes %s, where the batch does not stand first", t)
	}
	size, known, free := int64(1), int64(1), -1
	for _, d := range x.shape {
		size *= int64(d)
	}
	want := make([]int, len(t.Dims)-1)
	for i, d := range t.Dims[1:] {
		switch {
		case d.Value == 0 || d.Value > size:
			return nil, unsupported("it makes %s of %s", t, x)
		case d.Value > 0:
			want[i] = int(d.Value)
			if known > math.MaxInt32 {
				return nil, unsupported("it makes %s of %s", t, x)
			}
			known *= d.Value
		case free >= 0:
			return nil, unsupported("the shape that it makes, %s, is not known", t)
		default:
			free = i
		}
	}
	if free >= 0 {
		want[free] = int(size / known)
		known *= size / known
	}
	if known != size {
		return nil, unsupported("it makes %s of %s", t, x)
	}
	return want, nil
}

// place finds the spec's axes in a shape that has the same lengths in the same
// order, apart from those of 1.
func place(want []int, x *value, order []int) ([]int, bool) {
	axes := []int{batchAxis}
	for _, d := range want {
		switch {
		case d == 1:
			axes = append(axes, unitAxis)
		case len(order) > 0 && x.shape[order[0]] == d:
			axes = append(axes, order[0])
			order = order[1:]
		default:
			return nil, false
		}
	}
	if len(order) == 0 && !slices.ContainsFunc(axes, func(a int) bool { return a >= 0 }) {
		// One value in all: it is on the first axis after the batch.
		if len(axes) > 1 {
			axes[1] = 0
		}
	}
	return axes, len(order) == 0
}

// flatten makes a vector of an image. One with the channels last has its values
// in another order, which the next layer's weights follow.
func (r *reader) flatten(n *onnx.Node, x *value, order []int) (*value, error) {
	x, err := r.plain(x)
	if err != nil {
		return nil, err
	}
	out, err := r.emit(model.Node{Op: model.Flatten}, label(n), x.node)
	if err != nil {
		return nil, err
	}
	out.positive = x.positive
	if slices.IsSorted(order) {
		return out, nil
	}
	if !x.isLayout(batchAxis, 1, 2, 0) {
		return nil, unsupported("it flattens %s, whose axes stand in another order", x)
	}
	out.flat = x.shape
	return out, nil
}

// transposeView only changes how the file's tensor shows the spec's.
func transposeView(r *reader, n *onnx.Node) (*value, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, err
	}
	perm, err := permutation(n, len(x.axes))
	if err != nil {
		return nil, err
	}
	axes := make([]int, len(perm))
	for i, p := range perm {
		axes[i] = x.axes[p]
	}
	x.axes = axes
	return x, nil
}

// pad puts zeros around an image, for the convolution or pool that reads it.
func pad(r *reader, n *onnx.Node) (*value, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, err
	}
	list, err := r.padding(n, len(x.axes))
	if err != nil {
		return nil, err
	}
	if slices.Max(append(list, 0)) == 0 && slices.Min(append(list, 0)) == 0 {
		r.dropped[n.Op]++
		return x, nil
	}
	mode, err := n.Text("mode", "constant")
	if err != nil {
		return nil, err
	}
	if mode != "constant" || len(x.shape) != 3 || x.softmax != "" {
		return nil, unsupported("it pads %s in mode %s: only zeros around an image are read", x, mode)
	}
	if x.affine != nil || x.gate != nil { // the zeros come behind what is computed so far
		if x, err = r.plain(x); err != nil {
			return nil, err
		}
	}
	for i, a := range x.axes {
		before, after := list[i], list[i+len(x.axes)]
		if before == 0 && after == 0 {
			continue
		}
		if a < 1 || before < 0 || after < 0 || max(before, after) > largest {
			return nil, unsupported("it pads %s by %v: only zeros above, below and beside are read", x, list)
		}
		x.pads[a-1] += int(before)
		x.pads[a+1] += int(after)
	}
	return x, nil
}

// padding is a list of zeros before and behind each axis: inputs from operator
// set 11 on, attributes before.
func (r *reader) padding(n *onnx.Node, rank int) ([]int64, error) {
	var list []int64
	var err error
	if r.opset < 11 {
		with, err2 := n.Float("value", 0)
		if list, err = n.Ints("pads"); err2 != nil || with != 0 {
			return nil, unsupported("it pads with %g: only zeros are read", with)
		}
	} else {
		list, err = r.ints(n, 1)
		if has(n, 2) {
			if with, err := r.constant(n, 2); err != nil || len(with.data) != 1 || with.data[0] != 0 {
				return nil, unsupported("it does not pad with zeros")
			}
		}
	}
	if err != nil {
		return nil, err
	}
	if has(n, 3) {
		axes, err := r.ints(n, 3)
		if err != nil {
			return nil, err
		}
		full := make([]int64, 2*rank)
		for i, a := range axes {
			if a < 0 {
				a += int64(rank)
			}
			if a < 0 || a >= int64(rank) || len(list) != 2*len(axes) {
				return nil, unsupported("it pads axes %v by %v", axes, list)
			}
			full[a], full[a+int64(rank)] = list[i], list[i+len(axes)]
		}
		list = full
	}
	if len(list) != 2*rank {
		return nil, unsupported("it pads by %v, want 2 numbers for each of %d axes", list, rank)
	}
	return list, nil
}
