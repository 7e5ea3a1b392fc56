package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// newAdd adds the element-wise sum, of a residual block or of gradients.
//
//	a, b, result: one shape
//
// It exports as ONNX Add. gorgonia's allocates its result in each step.
func newAdd[T kernel.Float](g *graph[T], name string, a, b *G.Node) (*G.Node, error) {
	if !a.Shape().Eq(b.Shape()) {
		return nil, fmt.Errorf("node %s (add): inputs %v and %v differ", name, a.Shape(), b.Shape())
	}
	o := &add[T]{}
	o.kind, o.shape, o.inPlace = "add", a.Shape(), []int{0, 1}
	return g.apply(o, name, a, b)
}

type add[T kernel.Float] struct{ op[T] }

var _ G.SDOp = (*add[float32])(nil)

func (o *add[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.g.engine.Add(o.out, floats[T](in[0]), floats[T](in[1]))
	return o.end()
}

func (o *add[T]) SymDiff(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) { return G.Nodes{dy, dy}, nil }
