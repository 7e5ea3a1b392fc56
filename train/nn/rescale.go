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

// newChannelRescale adds x*scales[c] + offsets[c], as torchvision normalises pixels.
//
//	x, result: (N, H, W, 3)
//
// It exports as ONNX Mul and Add.
func newChannelRescale[T kernel.Float](g *graph[T], name string, x *G.Node,
	scales, offsets [3]float64) (*G.Node, error) {

	if s := x.Shape(); len(s) != 4 || s[3] != 3 {
		return nil, fmt.Errorf("node %s (rescale): input %v, want (N, H, W, 3)", name, s)
	}
	o := &channelRescale[T]{scales: scales}
	for c := range 3 {
		o.scale[c], o.offset[c] = T(scales[c]), T(offsets[c])
	}
	o.kind, o.config, o.shape, o.inPlace = "rescale", fmt.Sprint(scales, offsets), x.Shape(), []int{0}
	return g.apply(o, name, x)
}

type channelRescale[T kernel.Float] struct {
	op[T]
	scales        [3]float64
	scale, offset [3]T
}

var _ G.SDOp = (*channelRescale[float32])(nil)

func (o *channelRescale[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	x := floats[T](in[0])
	for i := 0; i+3 <= len(x); i += 3 {
		for c := range 3 {
			o.out[i+c] = x[i+c]*o.scale[c] + o.offset[c]
		}
	}
	return o.end()
}

func (o *channelRescale[T]) SymDiff(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	if !o.diff[0] {
		return G.Nodes{nil}, nil
	}
	dx, err := newChannelRescale(o.g, o.name+".dx", dy, o.scales, [3]float64{})
	return G.Nodes{dx}, err
}
