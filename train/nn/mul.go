package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// newMul adds x times one number for each image and channel, as squeeze and
// excitation does.
//
//	x, result: (N, H, W, C)     scale: (N, 1, 1, C)
//
// It exports as ONNX Mul.
func newMul[T kernel.Float](g *graph[T], name string, x, scale *G.Node) (*G.Node, error) {
	if err := dims(x, 4, "(N, H, W, C)"); err != nil {
		return nil, err
	}
	s := image(x.Shape())
	if want := nhwc(kernel.ImageShape{N: s.N, H: 1, W: 1, C: s.C}); !scale.Shape().Eq(want) {
		return nil, fmt.Errorf("node %s (mul): inputs %v and %v, want %v",
			name, x.Shape(), scale.Shape(), want)
	}
	o := &mul[T]{}
	o.kind, o.shape, o.inPlace = "mul", x.Shape(), []int{0}
	return g.apply(o, name, x, scale)
}

type mul[T kernel.Float] struct{ op[T] }

var _ G.SDOp = (*mul[float32])(nil)

func (o *mul[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	scaleChannels(o.out, floats[T](in[0]), floats[T](in[1]), image(o.shape))
	return o.end()
}

// scaleChannels is y = x times the scale of its image and channel. y may be x.
func scaleChannels[T kernel.Float](y, x, scale []T, s kernel.ImageShape) {
	for n := range s.N {
		factors := scale[n*s.C:][:s.C]
		for p := n * s.H * s.W; p < (n+1)*s.H*s.W; p++ {
			from, to := x[p*s.C:][:s.C], y[p*s.C:][:s.C]
			for c, f := range factors {
				to[c] = from[c] * f
			}
		}
	}
}

// SymDiff makes the gradient of the scale before that of x, which may take the
// memory of dy.
func (o *mul[T]) SymDiff(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	grads := make(G.Nodes, 2)
	var err error
	if o.diff[1] {
		d := &mulScaleGradient[T]{}
		d.kind, d.shape = "mulScaleGradient", in[1].Shape()
		if grads[1], err = o.g.apply(d, o.name+".dscale", dy, in[0]); err != nil {
			return nil, err
		}
	}
	if o.diff[0] {
		d := &mul[T]{}
		d.kind, d.shape, d.inPlace = "mulGradient", o.shape, []int{0}
		grads[0], err = o.g.apply(d, o.name+".dx", dy, in[1])
	}
	return grads, err
}

// mulScaleGradient is the sum of dy*x over the pixels of an image.
type mulScaleGradient[T kernel.Float] struct{ op[T] }

func (o *mulScaleGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	dy, x, s := floats[T](in[0]), floats[T](in[1]), image(o.in[0])
	for n := range s.N {
		sums := o.out[n*s.C:][:s.C]
		clear(sums)
		for p := n * s.H * s.W; p < (n+1)*s.H*s.W; p++ {
			for c := range sums {
				sums[c] += dy[p*s.C+c] * x[p*s.C+c]
			}
		}
	}
	return o.end()
}
