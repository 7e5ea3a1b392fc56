package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// newAvgPool adds an average pool, the mean of each window of x.
//
//	x: (N, H, W, C)   result: (N, outH, outW, C)
//
// Padding does not count towards the mean. It exports as ONNX AveragePool with
// count_include_pad 0. gorgonia's divides by the input's width.
func newAvgPool[T kernel.Float](g *graph[T], name string, x *G.Node, w kernel.Window) (
	*G.Node, error) {

	if err := dims(x, 4, "(N, H, W, C)"); err != nil {
		return nil, fmt.Errorf("node %s (avgpool): %w", name, err)
	}
	shape := kernel.PoolShape{In: image(x.Shape()), Window: w, Inference: !g.wanted(x)}
	k, err := g.engine.AvgPool(shape)
	if err != nil {
		return nil, fmt.Errorf("node %s (avgpool): %w", name, err)
	}
	o := &avgPool[T]{kernel: k}
	o.kind, o.config, o.shape = "avgpool", fmt.Sprint(shape), nhwc(shape.Out())
	return g.apply(o, name, x)
}

// newGlobalAvgPool adds the mean of each channel of x over height and width.
//
//	x: (N, H, W, C)   result: (N, C)
//
// It exports as ONNX GlobalAveragePool and Flatten. gorgonia's has no gradient.
func newGlobalAvgPool[T kernel.Float](g *graph[T], name string, x *G.Node) (*G.Node, error) {
	if err := dims(x, 4, "(N, H, W, C)"); err != nil {
		return nil, fmt.Errorf("node %s (globalavgpool): %w", name, err)
	}
	shape := image(x.Shape())
	k, err := g.engine.GlobalAvgPool(shape)
	if err != nil {
		return nil, fmt.Errorf("node %s (globalavgpool): %w", name, err)
	}
	o := &avgPool[T]{kernel: k}
	o.kind, o.config, o.shape = "globalavgpool", fmt.Sprint(shape), tensor.Shape{shape.N, shape.C}
	return g.apply(o, name, x)
}

type avgPool[T kernel.Float] struct {
	op[T]
	kernel kernel.AvgPool[T]
}

var _ G.SDOp = (*avgPool[float32])(nil)

func (o *avgPool[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.kernel.Forward(o.out, floats[T](in[0]))
	return o.end()
}

func (o *avgPool[T]) SymDiff(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	d := &avgPoolGradient[T]{kernel: o.kernel}
	d.kind, d.config, d.shape = o.kind+"Gradient", o.config, in[0].Shape()
	dx, err := o.g.apply(d, o.name+".dx", dy)
	return G.Nodes{dx}, err
}

// avgPoolGradient spreads each dy evenly over its window.
type avgPoolGradient[T kernel.Float] struct {
	op[T]
	kernel kernel.AvgPool[T]
}

func (o *avgPoolGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.kernel.Backward(o.out, floats[T](in[0]))
	return o.end()
}
