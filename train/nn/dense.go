package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// denseConfig is what follows a dense layer.
type denseConfig struct {
	ending // see fuse.go; without Max
}

// newDense adds a fully connected layer, y = x*wT + b.
//
//	x: (N, in)   w: (out, in)   b: (out), or nil for none   result: (N, out)
//
// It exports as ONNX Gemm, and Relu. gorgonia's product and broadcast sum
// allocate their results in each step.
func newDense[T kernel.Float](g *graph[T], name string, x, w, b *G.Node, cfg denseConfig) (
	*G.Node, error) {

	if err := dims(x, 2, "(N, in)"); err != nil {
		return nil, fmt.Errorf("node %s (dense): %w", name, err)
	}
	xs, ws := x.Shape(), w.Shape()
	if len(ws) != 2 || ws[1] != xs[1] {
		return nil, fmt.Errorf("node %s (dense): weights %v do not fit the input %v", name, ws, xs)
	}
	if err := wantVectors(ws[0], b); err != nil {
		return nil, fmt.Errorf("node %s (dense): %w", name, err)
	}
	shape := kernel.DenseShape{
		N: xs[0], In: xs[1], Out: ws[0], Bias: b != nil, ReLU: cfg.ReLU,
		Inference: !g.wanted(x, w, b), NoBackwardData: !g.wanted(x),
	}
	k, err := g.engine.Dense(shape)
	if err != nil {
		return nil, fmt.Errorf("node %s (dense): %w", name, err)
	}
	o := &dense[T]{cfg: cfg, kernel: k}
	o.kind, o.config, o.shape = "dense", fmt.Sprint(shape), tensor.Shape{shape.N, shape.Out}
	return g.apply(o, name, present(x, w, b)...)
}

type dense[T kernel.Float] struct {
	op[T]
	cfg    denseConfig
	kernel kernel.Dense[T]
}

var _ G.SDOp = (*dense[float32])(nil)

func (o *dense[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.kernel.Forward(o.out, floats[T](in[0]), floats[T](in[1]), third[T](in))
	return o.end()
}

func (o *dense[T]) SymDiff(in G.Nodes, y, dy *G.Node) (G.Nodes, error) {
	return linearGradients(o.g, o, in, y, dy, o.cfg.ending)
}

func (o *dense[T]) weights() linearWeights[T] { return o.kernel }
