package onnx

import (
	"fmt"
	"slices"
)

// reductions are the operators whose axes became an input in operator set 18; those of
// ReduceSum did in 13.
var reductions = []string{"ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1",
	"ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"}

// node rewrites a node, before which others may be added.
func (u *upgrade) node(n *Node) error {
	if len(n.Inputs) == 0 || len(n.Outputs) == 0 {
		return nil // Constant and the like
	}
	switch n.Op {
	case "Squeeze", "Unsqueeze", "ReduceSum":
		if u.crosses(13) {
			return u.intsToInput(n, "axes", 1)
		}
	case "Split":
		return u.split(n)
	case "Softmax", "LogSoftmax", "Hardmax":
		if u.crosses(13) {
			return u.softmax(n)
		}
	case "Pad":
		if u.crosses(11) {
			return firstError(u.intsToInput(n, "pads", 1), u.floatToInput(n, "value", 2))
		}
	case "Clip":
		if u.crosses(11) {
			return firstError(u.floatToInput(n, "min", 1), u.floatToInput(n, "max", 2))
		}
	case "Dropout":
		if u.crosses(12) { // in inference it passes on what it reads
			n.remove("ratio")
		}
	case "Slice":
		if u.crosses(10) {
			return firstError(u.intsToInput(n, "starts", 1), u.intsToInput(n, "ends", 2),
				u.intsToInput(n, "axes", 3))
		}
	case "TopK":
		return u.topK(n)
	case "Upsample", "Resize":
		return u.resize(n)
	case "BatchNormalization":
		return u.batchNorm(n)
	case "Scatter":
		n.Op = "ScatterElements"
	case "Scan":
		if u.crosses(9) {
			return fmt.Errorf("of operator set %d, want 9 or newer", u.from)
		}
	}
	if slices.Contains(reductions, n.Op) && u.crosses(18) {
		return u.intsToInput(n, "axes", 1)
	}
	return nil
}

// split says the parts in an input, and their number where they are equal.
func (u *upgrade) split(n *Node) error {
	if u.crosses(13) {
		if err := u.intsToInput(n, "split", 1); err != nil {
			return err
		}
	}
	if u.crosses(18) && (len(n.Inputs) < 2 || n.Inputs[1] == "") {
		n.Attributes = append(n.Attributes, Int("num_outputs", int64(len(n.Outputs))))
	}
	return nil
}

// softmax was over all axes from one on, the second where none is said, and is over one
// axis, the last where none is said.
func (u *upgrade) softmax(n *Node) error {
	axis, err := n.Int("axis", 1)
	if err != nil {
		return err
	}
	n.remove("axis")
	n.Attributes = append(n.Attributes, Int("axis", -1))
	x := u.types[n.Inputs[0]]
	if last := int64(len(x.Dims)) - 1; axis == -1 || x.Kind == TensorKind && x.Ranked && axis == last {
		return nil
	}
	out := n.Outputs[0]
	shape, flat, soft := u.fresh(out+"_shape"), u.fresh(out+"_flat"), u.fresh(out+"_softmax")
	u.nodes = append(u.nodes,
		Node{Name: shape, Op: "Shape", Inputs: []string{n.Inputs[0]}, Outputs: []string{shape}},
		Node{Name: flat, Op: "Flatten", Inputs: []string{n.Inputs[0]}, Outputs: []string{flat},
			Attributes: []Attribute{Int("axis", axis)}},
		Node{Name: soft, Op: n.Op, Inputs: []string{flat}, Outputs: []string{soft},
			Attributes: n.Attributes})
	n.Op, n.Inputs, n.Attributes = "Reshape", []string{soft, shape}, nil
	return nil
}

func (u *upgrade) topK(n *Node) error {
	if !u.crosses(10) {
		return nil
	}
	k, err := n.Int("k", 1)
	if err != nil {
		return err
	}
	n.remove("k")
	n.setInput(1, u.constant(NewInt64("", k), n.Outputs[0]+"_k"))
	return nil
}

// resize rewrites an Upsample, and a Resize of operator set 10: both take pixels as
// points whose first is the first of the result.
func (u *upgrade) resize(n *Node) error {
	if n.Op == "Resize" && !u.crosses(11) {
		return nil
	}
	if n.Op == "Upsample" && n.Attribute("scales") != nil {
		a, err := n.attr("scales", FloatsAttr)
		if err != nil {
			return err
		}
		t := NewInitializer("", Tensor{Shape: []int{len(a.Floats)}, Data: a.Floats})
		n.remove("scales")
		n.setInput(1, u.constant(t, n.Outputs[0]+"_scales"))
	}
	if len(n.Inputs) != 2 {
		return fmt.Errorf("%d inputs, want 2", len(n.Inputs))
	}
	n.Op, n.Inputs = "Resize", []string{n.Inputs[0], "", n.Inputs[1]}
	n.Attributes = append(n.Attributes, String("coordinate_transformation_mode", "asymmetric"),
		String("nearest_mode", "floor"))
	return nil
}

// batchNorm leaves out what it had for training.
func (u *upgrade) batchNorm(n *Node) error {
	if spatial, err := n.Int("spatial", 1); err != nil || spatial == 0 {
		return firstError(err, fmt.Errorf("one mean for each pixel (spatial) is not read"))
	}
	n.remove("spatial")
	if u.crosses(14) {
		n.Outputs = n.Outputs[:1]
	}
	return nil
}
