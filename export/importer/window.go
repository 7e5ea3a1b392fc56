package importer

import (
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

func conv(r *reader, n *onnx.Node) (*value, error) {
	w, err := r.weight(n, 1)
	if err != nil {
		return nil, err
	}
	if len(w.Shape) != 4 {
		return nil, unsupported("its weight has shape %v: only convolutions over two axes are read",
			w.Shape)
	}
	x, pads, err := r.padded(n)
	if err != nil {
		return nil, err
	}
	groups, err := n.Int("group", 1)
	if err != nil {
		return nil, err
	}
	if groups < 1 || groups > int64(w.Shape[0]) || int64(w.Shape[1])*groups != int64(x.shape[0]) {
		return nil, unsupported("weight %v and %d groups do not fit the input %s", w.Shape, groups, x)
	}
	node := model.Node{Op: model.Conv, Units: w.Shape[0], Groups: int(groups), NoBias: !has(n, 2)}
	if err := window(n, &node, [2]int{w.Shape[2], w.Shape[3]}, x, pads); err != nil {
		return nil, err
	}
	out, err := r.emit(node, label(n), x.node)
	if err != nil {
		return nil, err
	}
	r.set(out.node, model.Weight, w.Clone())
	if node.NoBias {
		return out, nil
	}
	b, err := r.weight(n, 2)
	if err != nil {
		return nil, err
	}
	if len(b.Shape) != 1 || b.Shape[0] != node.Units {
		return nil, unsupported("its bias has shape %v, want [%d]", b.Shape, node.Units)
	}
	r.set(out.node, model.Bias, b.Clone())
	return out, nil
}

// padded is a node's image, and the zeros that a Pad before it wants around it.
func (r *reader) padded(n *onnx.Node) (*value, [4]int, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, [4]int{}, err
	}
	pads := x.pads
	x.pads = [4]int{}
	x, err = r.image(x)
	return x, pads, err
}

// window fills in kernel, stride and pads: those of the node on top of the zeros
// that stand around its input already.
func window(n *onnx.Node, node *model.Node, kernel [2]int, x *value, pads [4]int) error {
	strides, err1 := pair(n, "strides")
	dilations, err2 := pair(n, "dilations")
	given, err3 := n.Ints("pads")
	auto, err4 := n.Text("auto_pad", "NOTSET")
	ceil, err5 := n.Int("ceil_mode", 0)
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			return unsupported("%s", err)
		}
	}
	if dilations != [2]int{1, 1} {
		return unsupported("dilations %v: windows with gaps are not read", dilations)
	}
	if given != nil && len(given) != 4 {
		return unsupported("pads %v, want 4", given)
	}
	node.Kernel, node.Stride = kernel, strides
	for axis := range 2 {
		k, stride := kernel[axis], strides[axis]
		length := x.shape[axis+1] + pads[axis] + pads[axis+2]
		var before, after int
		switch auto {
		case "SAME_UPPER", "SAME_LOWER":
			total := max(((length+stride-1)/stride-1)*stride+k-length, 0)
			before, after = total/2, total-total/2
			if auto == "SAME_LOWER" {
				before, after = after, before
			}
		case "VALID":
		case "NOTSET", "":
			if given != nil {
				if max(given[axis], given[axis+2]) >= largest || min(given[axis], given[axis+2]) < 0 {
					return unsupported("pads %v, want 0 or more and under the kernel", given)
				}
				before, after = int(given[axis]), int(given[axis+2])
			}
			// A last window that is not full: it begins in the image, or is left out.
			if rest := (length + before + after - k) % stride; ceil != 0 && rest > 0 {
				if out := (length+before+after-k)/stride + 1; out*stride < length+before {
					after += stride - rest
				}
			}
		default:
			return unsupported("auto_pad %q", auto)
		}
		node.Pads[axis], node.Pads[axis+2] = before+pads[axis], after+pads[axis+2]
	}
	return nil
}

// largest bounds strides and pads, so that sums of them fit in an int.
const largest = 1 << 20

// pair is an attribute of one number for each of height and width, 1 unless said.
func pair(n *onnx.Node, name string) ([2]int, error) {
	v, err := n.Ints(name)
	if err != nil || v == nil {
		return [2]int{1, 1}, err
	}
	if len(v) != 2 || min(v[0], v[1]) < 1 || max(v[0], v[1]) > largest {
		return [2]int{1, 1}, unsupported("%s %v, want 2 of 1 or more", name, v)
	}
	return [2]int{int(v[0]), int(v[1])}, nil
}

func pool(r *reader, n *onnx.Node) (*value, error) {
	x, pads, err := r.padded(n)
	if err != nil {
		return nil, err
	}
	kernel, err := pair(n, "kernel_shape")
	if err != nil {
		return nil, err
	}
	node := model.Node{Op: model.MaxPool}
	if n.Op == "AveragePool" {
		node.Op = model.AvgPool
		include, err := n.Int("count_include_pad", 0)
		if err != nil {
			return nil, err
		}
		bare := model.Node{} // as if no last window were rounded up to: that never counts
		if err := window(without(n, "ceil_mode"), &bare, kernel, x, [4]int{}); err != nil {
			return nil, err
		}
		if pads != [4]int{} || include != 0 && bare.Pads != [4]int{} {
			return nil, unsupported("the zeros around the image count towards its means (count_include_pad)")
		}
	}
	if pads != [4]int{} && !x.positive {
		return nil, unsupported("zeros are around its input: where that is under 0 they are the maximum")
	}
	if err := window(n, &node, kernel, x, pads); err != nil {
		return nil, err
	}
	full := kernel == [2]int{x.shape[1], x.shape[2]} && node.Pads == [4]int{}
	switch {
	case kernel == [2]int{1, 1} && node.Stride == [2]int{1, 1} && node.Pads == [4]int{}:
		r.dropped[n.Op+" of one pixel"]++
		return x, nil
	case full && n.Op == "AveragePool":
		mean := meanOf(x, label(n), batchAxis, 0, unitAxis, unitAxis)
		mean.stride = node.Stride
		return mean, nil
	}
	out, err := r.emit(node, label(n), x.node)
	if err == nil {
		out.positive = x.positive
	}
	return out, err
}

// without is a node without one of its attributes.
func without(n *onnx.Node, name string) *onnx.Node {
	out := *n
	out.Attributes = nil
	for _, a := range n.Attributes {
		if a.Name != name {
			out.Attributes = append(out.Attributes, a)
		}
	}
	return &out
}

// meanOf is the mean over height and width, which is computed where it is read.
func meanOf(x *value, label string, axes ...int) *value {
	return &value{mean: x.node, stride: [2]int{1, 1}, shape: x.shape[:1], axes: axes, label: label,
		positive: x.positive, alone: true}
}

func globalPool(r *reader, n *onnx.Node) (*value, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, err
	}
	if x, err = r.image(x); err != nil {
		return nil, err
	}
	if n.Op == "GlobalAveragePool" {
		return meanOf(x, label(n), batchAxis, 0, unitAxis, unitAxis), nil
	}
	node := model.Node{Op: model.MaxPool, Stride: [2]int{1, 1}}
	node.Kernel = [2]int{x.shape[1], x.shape[2]}
	out, err := r.emit(node, label(n), x.node)
	if err == nil {
		out.positive = x.positive
	}
	return out, err
}

// reduceMean is a mean over height and width, wherever they stand.
func reduceMean(r *reader, n *onnx.Node) (*value, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, err
	}
	if x, err = r.plain(x); err != nil {
		return nil, err
	}
	var axes []int64
	switch {
	case r.opset < 18:
		axes, err = n.Ints("axes")
	case has(n, 1):
		axes, err = r.ints(n, 1)
	}
	if err != nil {
		return nil, err
	}
	keep, err := n.Int("keepdims", 1)
	if err != nil {
		return nil, err
	}
	over, out := [3]bool{}, []int{}
	reduced := make([]bool, len(x.axes))
	for _, a := range axes {
		if a < 0 {
			a += int64(len(x.axes))
		}
		if a < 0 || a >= int64(len(x.axes)) || x.axes[a] == batchAxis {
			return nil, unsupported("it averages over axis %d of %s", a, x)
		}
		if reduced[a] = true; x.axes[a] >= 0 {
			over[x.axes[a]] = true
		}
	}
	for i, a := range x.axes {
		if !reduced[i] {
			out = append(out, a)
		} else if keep != 0 {
			out = append(out, unitAxis)
		}
	}
	if len(x.shape) != 3 || over[0] || !over[1] && x.shape[1] != 1 || !over[2] && x.shape[2] != 1 {
		return nil, unsupported(
			"it averages over axes %v of %s: only the mean over height and width is read", axes, x)
	}
	for i, a := range out {
		if a > 0 { // of length 1
			out[i] = unitAxis
		}
	}
	return meanOf(x, label(n), out...), nil
}
