package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// Rescale is x*scale + offset: pixels 0 to 255 into what the network likes.
//
//	x, result: any shape
//
// It exports as ONNX Mul and Add.
func Rescale[T kernel.Float](g *Graph[T], name string, x *G.Node, scale, offset float64) (
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
	dx, err := Rescale(o.g, o.name+".dx", dy, float64(o.scale), 0)
	return G.Nodes{dx}, err
}
