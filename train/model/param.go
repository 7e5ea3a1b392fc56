package model

import (
	"fmt"

	"github.com/flowerctl/flowerctl/onnx"
)

// Weights are a network's tensors by parameter name, see [Spec.Params]. Walk
// them in the order of Params, never in map order.
type Weights map[string]onnx.Tensor

// Param is one tensor that a node owns.
type Param struct {
	Name string // node name, a dot, and the role: conv1.weight
	Node string
	Role Role
	// Shape: Conv weight [O C/groups kH kW], Dense weight [out in], all others
	// one value a channel or unit. This is ONNX's and PyTorch's order.
	Shape     []int
	Trainable bool
}

// Role is the part that a parameter has in its node.
type Role string

// The roles. RunningMean and RunningVar belong to BatchNorm and are not trained.
const (
	Weight      Role = "weight"       // BatchNorm: gamma
	Bias        Role = "bias"         // BatchNorm: beta
	RunningMean Role = "running_mean" // average of batch means
	RunningVar  Role = "running_var"  // average of biased batch variances
)

// ParamName is the name of a node's parameter.
func ParamName(node string, role Role) string { return node + "." + string(role) }

// Params lists the parameters of all nodes, in the order of the nodes.
func (s *Spec) Params() ([]Param, error) {
	shapes, err := s.Shapes()
	if err != nil {
		return nil, err
	}
	var params []Param
	add := func(n *Node, role Role, trainable bool, shape ...int) {
		params = append(params, Param{ParamName(n.Name, role), n.Name, role, shape, trainable})
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		x := shapes[n.Inputs[0]]
		switch n.Op {
		case Conv:
			add(n, Weight, true, n.Units, x[0]/n.Groups, n.Kernel[0], n.Kernel[1])
		case Dense:
			add(n, Weight, true, n.Units, x[0])
		case BatchNorm:
			add(n, Weight, true, x[0])
			add(n, Bias, true, x[0])
			add(n, RunningMean, false, x[0])
			add(n, RunningVar, false, x[0])
		case Rescale, ReLU, Sigmoid, HardSigmoid, SiLU, HardSwish, MaxPool, AvgPool, GlobalAvgPool,
			Flatten, Dropout, Concat, Add, Mul, Softmax, Extract:
		default:
			return nil, fmt.Errorf("network %s: node %s: parameters of op %s are not listed",
				s.Name, n.Name, n.Op)
		}
		if (n.Op == Conv || n.Op == Dense) && !n.NoBias {
			add(n, Bias, true, n.Units)
		}
	}
	return params, nil
}

// Count is the number of trainable values and of running statistics.
func (s *Spec) Count() (trainable, running int, err error) {
	params, err := s.Params()
	for _, p := range params {
		if p.Trainable {
			trainable += onnx.Elements(p.Shape)
		} else {
			running += onnx.Elements(p.Shape)
		}
	}
	return trainable, running, err
}

// CheckWeights returns an error unless w has exactly the parameters of s.
func (s *Spec) CheckWeights(w Weights) error {
	params, err := s.Params()
	if err != nil {
		return err
	}
	for _, p := range params {
		t, ok := w[p.Name]
		if !ok {
			return fmt.Errorf("network %s: weights lack %s", s.Name, p.Name)
		}
		if !equal(t.Shape, p.Shape) {
			return fmt.Errorf("network %s: %s has shape %v, want %v", s.Name, p.Name, t.Shape, p.Shape)
		}
		if err := t.Validate(); err != nil {
			return fmt.Errorf("network %s: %s: %w", s.Name, p.Name, err)
		}
	}
	if len(w) > len(params) {
		known := make(map[string]bool, len(params))
		for _, p := range params {
			known[p.Name] = true
		}
		for name := range w {
			if !known[name] {
				return fmt.Errorf("network %s: weights hold %s, which no node has", s.Name, name)
			}
		}
	}
	return nil
}

// Clone returns a copy of the weights that shares no memory with w.
func (w Weights) Clone() Weights {
	out := make(Weights, len(w))
	for name, t := range w {
		out[name] = t.Clone()
	}
	return out
}
