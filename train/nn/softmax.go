package nn

import (
	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// newSoftmax adds a node that makes probabilities of logits: exp(x) over the sum of its row.
//
//	x, result: (N, K)
//
// It exports as ONNX Softmax. Networks that train on cross-entropy take it from
// the logits instead, see newCrossEntropyLoss.
func newSoftmax[T kernel.Float](g *graph[T], name string, x *G.Node) (*G.Node, error) {
	if err := dims(x, 2, "(N, K)"); err != nil {
		return nil, err
	}
	o := &softmax[T]{}
	o.kind, o.shape = "softmax", x.Shape()
	return g.apply(o, name, x)
}

type softmax[T kernel.Float] struct{ op[T] }

var _ G.SDOp = (*softmax[float32])(nil)

func (o *softmax[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.g.engine.Softmax(o.out, floats[T](in[0]), o.shape[1])
	return o.end()
}

func (o *softmax[T]) SymDiff(_ G.Nodes, y, dy *G.Node) (G.Nodes, error) {
	d := &softmaxGradient[T]{}
	d.kind, d.shape = "softmaxGradient", o.shape
	dx, err := o.g.apply(d, o.name+".dx", dy, y)
	return G.Nodes{dx}, err
}

// softmaxGradient is dx = y * (dy - sum(dy*y)), by rows.
type softmaxGradient[T kernel.Float] struct{ op[T] }

func (o *softmaxGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	dy, y, k := floats[T](in[0]), floats[T](in[1]), o.shape[1]
	for at := 0; at < len(y); at += k {
		var dot T
		for i := at; i < at+k; i++ {
			dot += dy[i] * y[i]
		}
		for i := at; i < at+k; i++ {
			o.out[i] = y[i] * (dy[i] - dot)
		}
	}
	return o.end()
}
