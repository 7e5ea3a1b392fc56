package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// newRescale adds x*scale + offset, which brings pixels of 0 to 255 into the range
// that the network expects.
//
//	x, result: any shape
//
// It exports as ONNX Mul and Add.
func newRescale[T kernel.Float](g *graph[T], name string, x *G.Node, scale, offset float64) (
	*G.Node, error) {

	o := &rescale[T]{scale: T(scale), offset: T(offset)}
	o.kind, o.config, o.shape, o.inPlace = "rescale", fmt.Sprint(scale, offset), x.Shape(), []int{0}
	return g.apply(o, name, x)
}

type rescale[T kernel.Float] struct {
	op[T]
	scale, offset T
}

var _ G.SDOp = (*rescale[float32])(nil)

func (o *rescale[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.g.engine.Rescale(o.out, floats[T](in[0]), o.scale, o.offset)
	return o.end()
}

func (o *rescale[T]) SymDiff(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	if !o.diff[0] {
		return G.Nodes{nil}, nil
	}
	dx, err := newRescale(o.g, o.name+".dx", dy, float64(o.scale), 0)
	return G.Nodes{dx}, err
}
