package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// ConvConfig is the geometry of a convolution; the kernel's size is that of its
// weights. The zero value has stride 1, no padding and one group.
type ConvConfig struct {
	Stride [2]int // vertical, horizontal; 0 is 1
	Pads   [4]int // top, left, bottom, right, as ONNX
	Groups int    // 0 is 1; C for a depthwise convolution
	ReLU   bool   // ends in max(y, 0)
	// Masked, with ReLU: the one reader of the result returns the gradient before
	// the ReLU, see MaxPoolConfig and BatchNormConfig.
	Masked bool
}

// Conv slides w over x (cross-correlation, as every framework calls
// convolution).
//
//	x: (N, H, W, C)   w: (O, C/groups, kH, kW)   b: (O), or nil for none
//	result: (N, outH, outW, O), outH = (H+top+bottom-kH)/stride + 1
//
// It exports as ONNX Conv, and Relu. gorgonia's own is 10 to 20 times slower
// than PyTorch's and knows neither groups nor asymmetric padding.
func Conv[T kernel.Float](g *Graph[T], name string, x, w, b *G.Node, cfg ConvConfig) (
	*G.Node, error) {

	if err := dims(x, 4, "(N, H, W, C)"); err != nil {
		return nil, fmt.Errorf("node %s (conv): %w", name, err)
	}
	ws, groups := w.Shape(), max(cfg.Groups, 1)
	if len(ws) != 4 || ws[1]*groups != x.Shape()[3] || ws[0]%groups != 0 {
		return nil, fmt.Errorf("node %s (conv): weights %v in %d groups do not fit the input %v",
			name, ws, groups, x.Shape())
	}
	if err := wantVectors(ws[0], b); err != nil {
		return nil, fmt.Errorf("node %s (conv): %w", name, err)
	}
	shape := kernel.ConvShape{
		In: image(x.Shape()), Filters: ws[0], Groups: groups,
		Bias: b != nil, ReLU: cfg.ReLU,
		Window: kernel.Window{
			Kernel: [2]int{ws[2], ws[3]}, Pads: cfg.Pads,
			Stride: [2]int{max(cfg.Stride[0], 1), max(cfg.Stride[1], 1)},
		},
		Inference: !g.Train, NoBackwardData: !g.wanted(x),
	}
	k, err := g.engine.Conv(shape)
	if err != nil {
		return nil, fmt.Errorf("node %s (conv): %w", name, err)
	}
	o := &conv[T]{cfg: cfg, kernel: k}
	o.kind, o.config, o.shape = "conv", fmt.Sprint(shape), nhwc(shape.Out())
	return g.apply(o, name, present(x, w, b)...)
}

type conv[T kernel.Float] struct {
	op[T]
	cfg    ConvConfig
	kernel kernel.Conv[T]
}

var _ G.SDOp = (*conv[float32])(nil)

func (o *conv[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.kernel.Forward(o.out, floats[T](in[0]), floats[T](in[1]), third[T](in))
	return o.end()
}

func (o *conv[T]) SymDiff(in G.Nodes, y, dy *G.Node) (G.Nodes, error) {
	return linearGradients(o.g, o, in, y, dy, o.cfg.ReLU && !o.cfg.Masked)
}

func (o *conv[T]) weights() linearWeights[T] { return o.kernel }

// linear is what convolution and dense have in common.
type linear[T kernel.Float] interface {
	operation[T]
	weights() linearWeights[T]
}

// linearWeights are the backward passes of kernel.Conv and kernel.Dense.
type linearWeights[T kernel.Float] interface {
	BackwardData(dx, dy, w []T)
	BackwardWeights(dw, db, x, dy []T)
}

// linearGradients makes the gradients of x, w and b. Those of the weights come
// first, because then the gradient of x may take the memory of x.
func linearGradients[T kernel.Float](g *Graph[T], o linear[T], in G.Nodes, y, dy *G.Node, relu bool) (
	G.Nodes, error) {

	b := o.base()
	grads := make(G.Nodes, len(in))
	var err error
	if relu {
		if dy, err = reluGradient(g, b.name, y, dy, 0); err != nil {
			return nil, err
		}
	}
	if b.diff[1] || (len(in) == 3 && b.diff[2]) {
		dw := &weightsGradient[T]{kernel: o.weights()}
		dw.kind, dw.config, dw.shape = b.kind+"Weights", b.config, in[1].Shape()
		if len(in) == 3 {
			dw.bias = &aside[T]{}
		}
		if grads[1], err = g.apply(dw, b.name+".dw", in[0], dy); err != nil {
			return nil, err
		}
		if dw.bias != nil {
			grads[2], err = g.newAside(dw.bias, grads[1], b.name+".db", in[2].Shape())
			if err != nil {
				return nil, err
			}
		}
	}
	if b.diff[0] {
		dx := &dataGradient[T]{kernel: o.weights()}
		dx.kind, dx.config, dx.shape = b.kind+"Data", b.config, in[0].Shape()
		grads[0], err = g.apply(dx, b.name+".dx", dy, in[1])
	}
	return grads, err
}

// weightsGradient computes dw from x and dy, and db on the way.
type weightsGradient[T kernel.Float] struct {
	op[T]
	kernel linearWeights[T]
	bias   *aside[T] // nil without bias
}

func (o *weightsGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	var db []T
	if o.bias != nil {
		db = o.bias.out
	}
	o.kernel.BackwardWeights(o.out, db, floats[T](in[0]), floats[T](in[1]))
	return o.end()
}

// dataGradient computes dx from dy and w.
type dataGradient[T kernel.Float] struct {
	op[T]
	kernel linearWeights[T]
}

func (o *dataGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.kernel.BackwardData(o.out, floats[T](in[0]), floats[T](in[1]))
	return o.end()
}

// present lists the nodes that are not nil.
func present(nodes ...*G.Node) []*G.Node {
	out := nodes[:0]
	for _, n := range nodes {
		if n != nil {
			out = append(out, n)
		}
	}
	return out
}

// third is the third input, the bias, or nil when there are two.
func third[T kernel.Float](in []G.Value) []T {
	if len(in) < 3 {
		return nil
	}
	return floats[T](in[2])
}
