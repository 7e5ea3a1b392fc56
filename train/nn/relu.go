package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// reluConfig bounds a ReLU.
type reluConfig struct {
	Max    float64 // the upper bound, 6 for ReLU6; 0 for none
	Masked bool    // the reader returns the gradient before the ReLU, see fuse.go
}

// newReLU adds max(x, 0), or min(max(x, 0), Max).
//
//	x, result: any shape
//
// It exports as ONNX Relu, or Clip. Its gradient at 0 is 0. A ReLU after a
// convolution or dense layer is often part of that instead, see fuse.go.
func newReLU[T kernel.Float](g *graph[T], name string, x *G.Node, cfg reluConfig) (*G.Node, error) {
	o := &relu[T]{cfg: cfg}
	o.kind, o.config, o.shape, o.inPlace = "relu", fmt.Sprint(cfg), x.Shape(), []int{0}
	return g.apply(o, name, x)
}

type relu[T kernel.Float] struct {
	op[T]
	cfg reluConfig
}

var _ G.SDOp = (*relu[float32])(nil)

func (o *relu[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.g.engine.ReLU(o.out, floats[T](in[0]), T(o.cfg.Max))
	return o.end()
}

func (o *relu[T]) SymDiff(_ G.Nodes, y, dy *G.Node) (G.Nodes, error) {
	if o.cfg.Masked {
		return G.Nodes{dy}, nil
	}
	dx, err := reluGradient(o.g, o.name, y, dy, o.cfg.Max)
	return G.Nodes{dx}, err
}

// endingGradient is dy before the ReLU at the end of an op whose result is y.
func endingGradient[T kernel.Float](g *graph[T], name string, y, dy *G.Node, end ending) (
	*G.Node, error) {

	if !end.ReLU || end.Masked {
		return dy, nil
	}
	return reluGradient(g, name, y, dy, end.Max)
}

// reluGradient makes the node that is dy where y is over 0 and under limit.
func reluGradient[T kernel.Float](g *graph[T], name string, y, dy *G.Node, limit float64) (
	*G.Node, error) {

	o := &reluMask[T]{limit: T(limit)}
	o.kind, o.config, o.shape, o.inPlace = "reluGradient", fmt.Sprint(limit), y.Shape(), []int{0}
	return g.apply(o, name+".relu", dy, y)
}

type reluMask[T kernel.Float] struct {
	op[T]
	limit T
}

func (o *reluMask[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.g.engine.ReLUBackward(o.out, floats[T](in[0]), floats[T](in[1]), o.limit)
	return o.end()
}
