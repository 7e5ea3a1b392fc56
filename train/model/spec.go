// Package model describes image classifiers as plain data.
//
// A network is a [Spec]: a list of named nodes in topological order, each with an op
// of a closed set. Shape inference, first weights, the gorgonia graph, the ONNX file,
// the summary and the drawing are each a loop over it. A node has the same name
// everywhere. The package never imports gorgonia or onnxruntime. Start at [Spec] and
// [Builder].
//
// Shapes leave out the batch: an image-like value is [C H W], a vector [K].
package model

import "slices"

// Op names what a node computes.
type Op string

// The closed set of ops. Every package that walks a Spec handles all of them, which
// a test in export/verify checks; it says what to do for a new one.
const (
	Rescale       Op = "rescale"       // x*Scale + Offset, also by channel; of the input only
	Conv          Op = "conv"          // 2-D convolution (cross-correlation), with bias unless NoBias
	BatchNorm     Op = "batchnorm"     // batch normalisation over N, H and W
	ReLU          Op = "relu"          // max(x, 0), or min(max(x, 0), Max) when Max > 0
	Sigmoid       Op = "sigmoid"       // 1/(1+exp(-x))
	HardSigmoid   Op = "hardsigmoid"   // min(max(x/6+1/2, 0), 1), as PyTorch; Keras 2 has 0.2*x+1/2
	SiLU          Op = "silu"          // x*sigmoid(x), also called swish
	HardSwish     Op = "hardswish"     // x*hardsigmoid(x)
	MaxPool       Op = "maxpool"       // maximum of each window; padding never wins
	AvgPool       Op = "avgpool"       // mean of each window; padding does not count
	GlobalAvgPool Op = "globalavgpool" // [C H W] to [C]
	Flatten       Op = "flatten"       // [C H W] to [C*H*W], channels outermost
	Dense         Op = "dense"         // fully connected, with bias unless NoBias
	Dropout       Op = "dropout"       // inverted dropout while training, else identity
	Concat        Op = "concat"        // joins along the channels
	Add           Op = "add"           // element-wise sum of two equal shapes
	Mul           Op = "mul"           // [C H W] times [C 1 1], as squeeze and excitation
	Softmax       Op = "softmax"       // over the classes
	Extract       Op = "extract"       // features of an image by an ONNX file; of the input only
)

// Ops lists the closed set in the order of its declaration.
func Ops() []Op {
	return []Op{Rescale, Conv, BatchNorm, ReLU, Sigmoid, HardSigmoid, SiLU, HardSwish, MaxPool,
		AvgPool, GlobalAvgPool, Flatten, Dense, Dropout, Concat, Add, Mul, Softmax, Extract}
}

// InputName is the name of the network's input among the inputs of nodes: the resized
// image, RGB, values 0 to 255, [3 S S].
const InputName = "input"

// Spec is a network. It is plain data that JSON can hold.
type Spec struct {
	Name    string   `json:"name"`
	Input   [3]int   `json:"input"`   // C, H, W
	Classes int      `json:"classes"` // length of every output
	Nodes   []Node   `json:"nodes"`   // in topological order
	Outputs []Output `json:"outputs"` // the main head first, then auxiliary ones
}

// Output is a head of the network: a softmax node whose input are the logits, or in a
// network of several labels an image a sigmoid node; see [Spec.MultiLabel].
type Output struct {
	Name string `json:"name"` // "main", "aux1", ...
	Node string `json:"node"` // the softmax or sigmoid node
	// Weight multiplies this head's loss in the sum that is trained.
	Weight float64 `json:"weight"`
}

// Node is one step of the network. Fields that its op does not name are zero.
type Node struct {
	Name   string   `json:"name"`
	Op     Op       `json:"op"`
	Inputs []string `json:"inputs"` // names of nodes, or InputName

	// Conv: number of filters O. Dense: number of units. Extract: number of features.
	Units int `json:"units,omitempty"`
	// Conv, MaxPool, AvgPool: window and step, {vertical, horizontal}.
	Kernel [2]int `json:"kernel,omitzero"`
	Stride [2]int `json:"stride,omitzero"`
	// Conv, MaxPool, AvgPool: padding {top, left, bottom, right}, as ONNX.
	Pads [4]int `json:"pads,omitzero"`
	// Conv: groups the channels are split into; C for a depthwise convolution.
	// 1 when the node is made by a Builder, never 0.
	Groups int `json:"groups,omitempty"`
	// Conv, Dense: no bias parameter.
	NoBias bool `json:"no_bias,omitempty"`
	// BatchNorm: added to the variance; weight of the old running statistic
	// (Keras' momentum: running = Momentum*running + (1-Momentum)*batch).
	Epsilon  float64 `json:"epsilon,omitempty"`
	Momentum float64 `json:"momentum,omitempty"`
	// ReLU: the upper bound, 0 for none.
	Max float64 `json:"max,omitempty"`
	// Dropout: the share of values set to zero while training, [0, 1).
	Rate float64 `json:"rate,omitempty"`
	// Rescale: y = x*Scale + Offset.
	Scale  float64 `json:"scale,omitempty"`
	Offset float64 `json:"offset,omitempty"`
	// Rescale: one scale and offset for each of R, G and B, in place of Scale and
	// Offset. Scales of zeros mean that there are none.
	Scales  [3]float64 `json:"scales,omitzero"`
	Offsets [3]float64 `json:"offsets,omitzero"`
	// Conv, Dense: how the weights start, GlorotUniform when empty.
	Init Init `json:"init,omitempty"`
	// Extract: the file, which is beside checkpoints and computes "features", float32
	// [N Units], of "input", float32 [N 3 S S], and is never trained.
	File *File `json:"file,omitempty"`
}

// File is an ONNX file that is part of a network.
type File struct {
	SHA256     string `json:"sha256"`     // of the file, lower-case hex
	Parameters int64  `json:"parameters"` // numbers that it owns
	FLOPs      int64  `json:"flops"`      // of one image; see [Op.FLOPs]
	Of         string `json:"of"`         // what it was made of, for people
}

// Node returns the node of that name, or nil.
func (s *Spec) Node(name string) *Node {
	for i := range s.Nodes {
		if s.Nodes[i].Name == name {
			return &s.Nodes[i]
		}
	}
	return nil
}

// Rescaling is what a Rescale node does: y = x*scales[c] + offsets[c] for the
// channels R, G and B.
func (n *Node) Rescaling() (scales, offsets [3]float64) {
	if n.PerChannel() {
		return n.Scales, n.Offsets
	}
	for c := range 3 {
		scales[c], offsets[c] = n.Scale, n.Offset
	}
	return scales, offsets
}

// PerChannel says whether a Rescale node has a scale and offset for each channel.
func (n *Node) PerChannel() bool { return n.Scales != [3]float64{} }

// Extractor is the node whose features all others read, nil in networks without one.
func (s *Spec) Extractor() *Node {
	if len(s.Nodes) > 0 && s.Nodes[0].Op == Extract {
		return &s.Nodes[0]
	}
	return nil
}

// Main is the head that is exported and gives the answer.
func (s *Spec) Main() Output { return s.Outputs[0] }

// MultiLabel says whether the heads end in sigmoids: each class, then called a label, has
// a probability of its own, and an image any number of them.
func (s *Spec) MultiLabel() bool {
	if len(s.Outputs) == 0 {
		return false
	}
	n := s.Node(s.Main().Node)
	return n != nil && n.Op == Sigmoid
}

// WithSigmoids is the network with sigmoids at the end of its heads in place of
// softmaxes. It shares no nodes with s.
func (s *Spec) WithSigmoids() Spec {
	out := *s
	out.Nodes = slices.Clone(s.Nodes)
	for _, o := range out.Outputs {
		if n := out.Node(o.Node); n != nil && n.Op == Softmax {
			n.Op = Sigmoid
		}
	}
	return out
}

// Logits is the name of the node that the head's softmax, or sigmoid, reads.
func (s *Spec) Logits(o Output) string { return s.Node(o.Node).Inputs[0] }

// Consumers maps the name of each node, and InputName, to the nodes that read
// it, in order.
func (s *Spec) Consumers() map[string][]string {
	m := make(map[string][]string, len(s.Nodes)+1)
	for _, n := range s.Nodes {
		for _, in := range n.Inputs {
			m[in] = append(m[in], n.Name)
		}
	}
	return m
}

// Inference returns what is exported: the part of the network that the main head
// needs, without dropout. It shares no memory with s.
func (s *Spec) Inference() Spec {
	needed := map[string]bool{s.Main().Node: true}
	for i := len(s.Nodes) - 1; i >= 0; i-- {
		if !needed[s.Nodes[i].Name] {
			continue
		}
		for _, in := range s.Nodes[i].Inputs {
			needed[in] = true
		}
	}
	renamed := map[string]string{}
	out := Spec{Name: s.Name, Input: s.Input, Classes: s.Classes, Outputs: []Output{s.Main()}}
	for _, n := range s.Nodes {
		if !needed[n.Name] {
			continue
		}
		inputs := make([]string, len(n.Inputs))
		for i, in := range n.Inputs {
			inputs[i] = in
			if r, ok := renamed[in]; ok {
				inputs[i] = r
			}
		}
		if n.Op == Dropout {
			renamed[n.Name] = inputs[0]
			continue
		}
		n.Inputs = inputs
		out.Nodes = append(out.Nodes, n)
	}
	return out
}
