package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// maxPoolConfig is the window of a max-pool.
type maxPoolConfig struct {
	kernel.Window
	InputReLU bool // the gradient of x is the one before its ReLU, see fuse.go
}

// newMaxPool adds a max-pool, the largest value of each window of x.
//
//	x: (N, H, W, C)   result: (N, outH, outW, C)
//
// Padding never wins; of equal values the first one does, by rows, and gets the
// gradient. It exports as ONNX MaxPool. gorgonia's swaps begin and end of the
// padding, and a NaN in its gradient panics where nothing can recover.
func newMaxPool[T kernel.Float](g *graph[T], name string, x *G.Node, cfg maxPoolConfig) (
	*G.Node, error) {

	if err := dims(x, 4, "(N, H, W, C)"); err != nil {
		return nil, fmt.Errorf("node %s (maxpool): %w", name, err)
	}
	shape := kernel.PoolShape{
		In: image(x.Shape()), Window: cfg.Window,
		Inference: !g.wanted(x), InputReLU: cfg.InputReLU,
	}
	k, err := g.engine.MaxPool(shape)
	if err != nil {
		return nil, fmt.Errorf("node %s (maxpool): %w", name, err)
	}
	o := &maxPool[T]{kernel: k}
	o.kind, o.config, o.shape = "maxpool", fmt.Sprint(shape), nhwc(shape.Out())
	return g.apply(o, name, x)
}

type maxPool[T kernel.Float] struct {
	op[T]
	kernel kernel.MaxPool[T]
}

var _ G.SDOp = (*maxPool[float32])(nil)

func (o *maxPool[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.kernel.Forward(o.out, floats[T](in[0]))
	return o.end()
}

func (o *maxPool[T]) SymDiff(in G.Nodes, y, dy *G.Node) (G.Nodes, error) {
	d := &maxPoolGradient[T]{kernel: o.kernel}
	d.kind, d.config, d.shape = "maxpoolGradient", o.config, in[0].Shape()
	dx, err := o.g.apply(d, o.name+".dx", dy, y)
	return G.Nodes{dx}, err
}

// maxPoolGradient gives each dy to the value that won.
type maxPoolGradient[T kernel.Float] struct {
	op[T]
	kernel kernel.MaxPool[T]
}

func (o *maxPoolGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.kernel.Backward(o.out, floats[T](in[0]), floats[T](in[1]))
	return o.end()
}
