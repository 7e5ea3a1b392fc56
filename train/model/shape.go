package model

import (
	"fmt"
	"math"
	"strings"
)

// maxDim bounds every dimension and count of a Spec, so that products of a few
// of them fit in an int64.
const maxDim = 1 << 20

// Shapes infers the shape of the input and of every node, without the batch. It is
// also the check of a Spec: an error names the node, what it got and what it wants.
func (s *Spec) Shapes() (map[string][]int, error) {
	if err := s.checkFrame(); err != nil {
		return nil, err
	}
	shapes := map[string][]int{InputName: {s.Input[0], s.Input[1], s.Input[2]}}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if n.Name == "" || strings.ContainsAny(n.Name, " \t\n") {
			return nil, fmt.Errorf("network %s: node %d: name %q is empty or has a space",
				s.Name, i, n.Name)
		}
		if _, ok := shapes[n.Name]; ok {
			return nil, fmt.Errorf("network %s: two nodes are named %q", s.Name, n.Name)
		}
		in := make([][]int, len(n.Inputs))
		for j, name := range n.Inputs {
			shape, ok := shapes[name]
			if !ok {
				return nil, fmt.Errorf("network %s: node %s reads %q, which is not an earlier node",
					s.Name, n.Name, name)
			}
			in[j] = shape
		}
		shape, err := n.Shape(in)
		if err != nil {
			return nil, fmt.Errorf("network %s: node %s (%s): %w", s.Name, n.Name, n.Op, err)
		}
		if n.Op == Extract && (i > 0 || len(s.Consumers()[InputName]) > 1) {
			return nil, fmt.Errorf("network %s: node %s (%s): want it first, and alone on the input",
				s.Name, n.Name, n.Op)
		}
		shapes[n.Name] = shape
	}
	return shapes, s.checkOutputs(shapes)
}

func (s *Spec) checkFrame() error {
	for _, d := range s.Input {
		if d < 1 || d > 1<<14 {
			return fmt.Errorf("network %s: input %v: each of C, H, W must be 1 to 16384", s.Name, s.Input)
		}
	}
	if s.Classes < 1 || s.Classes > maxDim {
		return fmt.Errorf("network %s: %d classes, want 1 to %d", s.Name, s.Classes, maxDim)
	}
	if len(s.Nodes) == 0 || len(s.Outputs) == 0 {
		return fmt.Errorf("network %s: %d nodes and %d outputs, want at least one of each",
			s.Name, len(s.Nodes), len(s.Outputs))
	}
	return nil
}

func (s *Spec) checkOutputs(shapes map[string][]int) error {
	for _, o := range s.Outputs {
		n := s.Node(o.Node)
		if n == nil || n.Op != Softmax && n.Op != Sigmoid {
			return fmt.Errorf("network %s: output %s: %q is not a softmax node, and no sigmoid", s.Name,
				o.Name, o.Node)
		}
		if main := s.Node(s.Main().Node); n.Op != main.Op {
			return fmt.Errorf("network %s: output %s ends in a %s, and the first one in a %s", s.Name,
				o.Name, n.Op, main.Op)
		}
		if len(shapes[o.Node]) != 1 {
			return fmt.Errorf("network %s: output %s is %v, want a vector", s.Name, o.Name, shapes[o.Node])
		}
		if got := shapes[o.Node][0]; got != s.Classes {
			return fmt.Errorf("network %s: output %s has %d classes, want %d",
				s.Name, o.Name, got, s.Classes)
		}
	}
	return nil
}

// Shape infers the node's shape from those of its inputs.
func (n *Node) Shape(in [][]int) ([]int, error) {
	want := 1
	switch n.Op {
	case Add, Mul:
		want = 2
	case Concat:
		want = len(in)
	}
	if len(in) != want || len(in) == 0 {
		return nil, fmt.Errorf("%d inputs, want %d", len(in), max(want, 1))
	}
	x := in[0]
	switch n.Op {
	case Rescale:
		return x, n.checkRescale(x)
	case ReLU, Dropout, BatchNorm:
		return x, n.checkScalars()
	case Sigmoid, HardSigmoid, SiLU, HardSwish:
		return x, nil
	case Conv:
		return n.convShape(x)
	case MaxPool, AvgPool:
		return n.windowShape(x)
	case GlobalAvgPool:
		if err := wantImage(x); err != nil {
			return nil, err
		}
		return []int{x[0]}, nil
	case Flatten:
		size := 1
		for _, d := range x {
			size *= d
		}
		return []int{size}, nil
	case Dense:
		return n.denseShape(x)
	case Softmax:
		if len(x) != 1 {
			return nil, fmt.Errorf("input %v, want a vector", x)
		}
		return x, nil
	case Add:
		return n.addShape(x, in[1])
	case Mul:
		return n.mulShape(x, in[1])
	case Concat:
		return n.concatShape(in)
	case Extract:
		return n.extractShape()
	}
	return nil, fmt.Errorf("unknown op, want one of %v", Ops())
}

func (n *Node) checkScalars() error {
	switch {
	case n.Op == Dropout && !(n.Rate >= 0 && n.Rate < 1):
		return fmt.Errorf("rate %g, want at least 0 and under 1", n.Rate)
	case n.Op == ReLU && !(n.Max >= 0):
		return fmt.Errorf("max %g, want 0 (none) or more", n.Max)
	case n.Op == BatchNorm && !(n.Epsilon > 0 && n.Momentum >= 0 && n.Momentum < 1):
		return fmt.Errorf("epsilon %g and momentum %g, want over 0, and at least 0 and under 1",
			n.Epsilon, n.Momentum)
	}
	return nil
}

func (n *Node) denseShape(x []int) ([]int, error) {
	if len(x) != 1 {
		return nil, fmt.Errorf("input %v, want a vector: put a flatten or globalavgpool before it", x)
	}
	if n.Units < 1 || n.Units > maxDim {
		return nil, fmt.Errorf("%d units, want 1 to %d", n.Units, maxDim)
	}
	return []int{n.Units}, nil
}

func (n *Node) addShape(x, y []int) ([]int, error) {
	if !equal(x, y) {
		return nil, fmt.Errorf("inputs %v and %v differ", x, y)
	}
	if n.Inputs[0] == n.Inputs[1] {
		return nil, fmt.Errorf("both inputs are %s", n.Inputs[0])
	}
	return x, nil
}

func (n *Node) mulShape(x, y []int) ([]int, error) {
	if err := wantImage(x); err != nil {
		return nil, err
	}
	if !equal(y, []int{x[0], 1, 1}) {
		return nil, fmt.Errorf("inputs %v and %v, want one number a channel, [%d 1 1]", x, y, x[0])
	}
	return x, nil
}

// checkRescale says whether a rescale reads the pixels and has numbers, for all
// channels or for each of three.
func (n *Node) checkRescale(x []int) error {
	// Pixels that are divided by 255 twice train, badly, without an error.
	if n.Inputs[0] != InputName {
		return fmt.Errorf("reads %s, want %s: pixels are rescaled once, where they come in",
			n.Inputs[0], InputName)
	}
	if !n.PerChannel() {
		if n.Offsets != [3]float64{} {
			return fmt.Errorf("offsets %v without scales", n.Offsets)
		}
		return nil
	}
	if n.Scale != 0 || n.Offset != 0 {
		return fmt.Errorf("scale %g and offset %g beside those of each channel", n.Scale, n.Offset)
	}
	if len(x) != 3 || x[0] != 3 {
		return fmt.Errorf("three scales for an input of %v", x)
	}
	for c := range 3 {
		if s, o := n.Scales[c], n.Offsets[c]; s == 0 || math.IsNaN(s-s) || math.IsNaN(o-o) {
			return fmt.Errorf("scales %v and offsets %v, want numbers and no scale of 0",
				n.Scales, n.Offsets)
		}
	}
	return nil
}

func (n *Node) extractShape() ([]int, error) {
	switch {
	case n.Inputs[0] != InputName:
		return nil, fmt.Errorf("reads %s, want %s", n.Inputs[0], InputName)
	case n.Units < 1 || n.Units > maxDim:
		return nil, fmt.Errorf("%d features, want 1 to %d", n.Units, maxDim)
	case n.File == nil || len(n.File.SHA256) != 64:
		return nil, fmt.Errorf("no file that computes them")
	case n.File.Parameters < 0 || n.File.FLOPs < 0:
		return nil, fmt.Errorf("a file of %d parameters and %d operations",
			n.File.Parameters, n.File.FLOPs)
	}
	return []int{n.Units}, nil
}

func (n *Node) convShape(x []int) ([]int, error) {
	if n.Units < 1 || n.Units > maxDim {
		return nil, fmt.Errorf("%d filters, want 1 to %d", n.Units, maxDim)
	}
	out, err := n.windowShape(x)
	if err != nil {
		return nil, err
	}
	if n.Groups < 1 || x[0]%n.Groups != 0 || n.Units%n.Groups != 0 {
		return nil, fmt.Errorf("%d groups do not divide %d channels and %d filters",
			n.Groups, x[0], n.Units)
	}
	out[0] = n.Units
	return out, nil
}

// windowShape is the shape after sliding the node's window over x.
func (n *Node) windowShape(x []int) ([]int, error) {
	if err := wantImage(x); err != nil {
		return nil, err
	}
	out := []int{x[0], 0, 0}
	for axis := range 2 {
		k, stride := n.Kernel[axis], n.Stride[axis]
		before, after := n.Pads[axis], n.Pads[axis+2]
		if k < 1 || k > maxDim || stride < 1 || stride > maxDim {
			return nil, fmt.Errorf("kernel %v and stride %v, want 1 or more", n.Kernel, n.Stride)
		}
		if before < 0 || after < 0 || before >= k || after >= k {
			return nil, fmt.Errorf("pads %v, want 0 or more and under the kernel %v", n.Pads, n.Kernel)
		}
		padded := x[axis+1] + before + after
		if padded < k {
			return nil, fmt.Errorf("kernel %v is larger than its input %v: use larger images (--size)",
				n.Kernel, x)
		}
		out[axis+1] = (padded-k)/stride + 1
	}
	return out, nil
}

func (n *Node) concatShape(in [][]int) ([]int, error) {
	out := append([]int(nil), in[0]...)
	if err := wantImage(out); err != nil {
		return nil, err
	}
	for _, x := range in[1:] {
		if len(x) != 3 || x[1] != out[1] || x[2] != out[2] {
			return nil, fmt.Errorf("inputs %v and %v differ in height or width", in[0], x)
		}
		out[0] += x[0]
	}
	return out, nil
}

func wantImage(x []int) error {
	if len(x) != 3 {
		return fmt.Errorf("input %v, want [C H W]", x)
	}
	return nil
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
