package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// newFlatten adds a node that makes a vector of each image, channels outermost, which is the order
// that ONNX and PyTorch give the weights of the dense layer after it.
//
//	x: (N, H, W, C)   result: (N, C*H*W)
//
// It exports as ONNX Flatten of an NCHW value.
func newFlatten[T kernel.Float](g *graph[T], name string, x *G.Node) (*G.Node, error) {
	o := &flatten[T]{image: image(x.Shape())}
	o.kind, o.shape = "flatten", tensor.Shape{o.image.N, o.image.Len() / o.image.N}
	o.config = fmt.Sprint(o.image)
	if o.copies() {
		o.inPlace = []int{0}
	}
	return g.apply(o, name, x)
}

type flatten[T kernel.Float] struct {
	op[T]
	image kernel.ImageShape
}

var _ G.SDOp = (*flatten[float32])(nil)

// copies says whether both orders are the same.
func (o *flatten[T]) copies() bool { return o.image.C == 1 || o.image.H*o.image.W == 1 }

func (o *flatten[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	if x := floats[T](in[0]); &x[0] != &o.out[0] {
		o.g.engine.ToNCHW(o.out, x, o.image)
	}
	return o.end()
}

func (o *flatten[T]) SymDiff(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	d := &unflatten[T]{image: o.image}
	d.kind, d.config, d.shape, d.inPlace = "unflatten", o.config, in[0].Shape(), o.inPlace
	dx, err := o.g.apply(d, o.name+".dx", dy)
	return G.Nodes{dx}, err
}

// unflatten goes back from C*H*W to (H, W, C).
type unflatten[T kernel.Float] struct {
	op[T]
	image kernel.ImageShape
}

func (o *unflatten[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	if dy := floats[T](in[0]); &dy[0] != &o.out[0] {
		o.g.engine.ToNHWC(o.out, dy, o.image)
	}
	return o.end()
}
