package importer

import (
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/train/model"
)

// value is a value of the file's graph as the spec has it: the value of a node,
// and how the file's tensor shows it. The spec's images are [C H W]; the file's
// may have the channels last, or axes of length 1 more or fewer.
type value struct {
	node  string // of the spec; "" for a mean that no node computes yet
	shape []int  // the node's: [C H W] or [K]
	// axes says what each axis of the file's tensor is: batchAxis, unitAxis, or an
	// index of shape. Axes of length 1 need not be there.
	axes []int

	pads     [4]int  // zeros around the image that no node adds yet
	affine   *affine // of the network's input, that no node computes yet
	mean     string  // the spec node whose mean over H and W this is
	label    string  // of the node that flattened it, for the name of what is made
	flat     []int   // [C H W] of an image that was flattened with the channels last
	softmax  string  // the name of the softmax that was taken
	positive bool    // nothing is under 0
	alone    bool    // nothing else reads the spec's node
}

// What an axis of the file's tensor is, when it is none of the spec's.
const (
	batchAxis = -1
	unitAxis  = -2 // of length 1
)

// dims is the shape of the file's tensor; -1 for the batch.
func (v *value) dims() []int {
	out := make([]int, len(v.axes))
	for i, a := range v.axes {
		switch a {
		case batchAxis:
			out[i] = -1
		case unitAxis:
			out[i] = 1
		default:
			out[i] = v.shape[a]
			if len(v.shape) == 3 && a > 0 {
				out[i] += v.pads[a-1] + v.pads[a+1]
			}
		}
	}
	return out
}

// isLayout says whether the axes are those of want, where an axis of length 1
// may stand for another.
func (v *value) isLayout(want ...int) bool {
	if len(v.axes) != len(want) {
		return false
	}
	for i, a := range v.axes {
		unit := a == unitAxis && want[i] >= 0 && (want[i] >= len(v.shape) || v.shape[want[i]] == 1)
		if a != want[i] && !unit {
			return false
		}
	}
	return true
}

// first says whether the channels stand where the spec has them.
func (v *value) first() bool {
	if len(v.shape) == 3 {
		return v.isLayout(batchAxis, 0, 1, 2)
	}
	return v.isLayout(batchAxis, 0, unitAxis, unitAxis) || v.isLayout(batchAxis, 0)
}

// order lists the spec's axes, longer than 1, in the order of the file.
func (v *value) order() []int {
	var list []int
	for _, a := range v.axes {
		if a >= 0 && v.shape[a] != 1 {
			list = append(list, a)
		}
	}
	return list
}

// plain is v as the value of a node that exists: what was put off is done.
func (r *reader) plain(v *value) (*value, error) {
	switch {
	case v.softmax != "":
		return nil, unsupported("it reads the softmax %s: only the last node may be one", v.softmax)
	case v.pads != [4]int{}:
		return nil, unsupported("it reads an image with zeros around it, which only a convolution can")
	case v.affine != nil:
		return r.rescaled(v)
	case v.mean != "":
		return r.averaged(v)
	}
	return v, nil
}

// averaged adds the node for a mean over height and width: a vector, or where the
// file keeps the axes, an image of one pixel.
func (r *reader) averaged(v *value) (*value, error) {
	x := r.shapes[v.mean]
	node := model.Node{Op: model.GlobalAvgPool}
	if len(v.axes) != 2 {
		node = model.Node{Op: model.AvgPool, Kernel: [2]int{x[1], x[2]}, Stride: [2]int{1, 1}}
	}
	out, err := r.emit(node, v.label, v.mean)
	if err != nil {
		return nil, err
	}
	out.axes, out.positive = v.axes, v.positive
	return out, nil
}

// image is v as an image whose channels stand first.
func (r *reader) image(v *value) (*value, error) {
	v, err := r.plain(v)
	if err != nil {
		return nil, err
	}
	if len(v.shape) != 3 || !v.first() {
		return nil, unsupported("its input is %s, want an image [N C H W]", v)
	}
	return v, nil
}

// vector is v as a vector; what had one pixel is flattened.
func (r *reader) vector(v *value) (*value, error) {
	switch {
	case v.mean != "" && len(v.order()) <= 1:
		flat := *v
		flat.axes = []int{batchAxis, 0}
		return r.plain(&flat)
	case v.mean != "":
		return nil, unsupported("its input is %s, want a vector [N K]", v)
	}
	v, err := r.plain(v)
	if err != nil {
		return nil, err
	}
	if len(v.shape) == 1 {
		return v, nil
	}
	order := v.order()
	if !slices.IsSorted(order) || len(order) > 1 {
		return nil, unsupported("its input is %s, want a vector [N K]", v)
	}
	name := v.label
	if name == "" {
		name = v.node + "_flatten"
	}
	out, err := r.emit(model.Node{Op: model.Flatten}, name, v.node)
	if err == nil {
		out.positive = v.positive
	}
	return out, err
}

// String is the file's shape.
func (v *value) String() string {
	s := fmt.Sprint(v.dims())
	if v.flat != nil {
		s += fmt.Sprintf(" of %v, channels last", v.flat)
	}
	return s
}
