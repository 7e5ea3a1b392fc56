package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// newConcat adds a node that joins its inputs along the channels.
//
//	x_i: (N, H, W, C_i)   result: (N, H, W, sum of C_i)
//
// It exports as ONNX Concat with axis 1. gorgonia's allocates its result and the
// pieces of its gradient in each step.
func newConcat[T kernel.Float](g *graph[T], name string, xs ...*G.Node) (*G.Node, error) {
	o := &concat[T]{parts: make([][]T, len(xs))}
	first := xs[0].Shape()
	total := 0
	for _, x := range xs {
		s := x.Shape()
		if len(s) != 4 || !s[:3].Eq(first[:3]) {
			return nil, fmt.Errorf("node %s (concat): input %s is %v, want %v and any channels",
				name, x.Name(), s, first[:3])
		}
		o.channels = append(o.channels, s[3])
		total += s[3]
	}
	o.rows = first[0] * first[1] * first[2]
	o.kind, o.shape = "concat", tensor.Shape{first[0], first[1], first[2], total}
	return g.apply(o, name, xs...)
}

type concat[T kernel.Float] struct {
	op[T]
	rows     int
	channels []int
	parts    [][]T
}

var _ G.SDOp = (*concat[float32])(nil)

func (o *concat[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	for i, v := range in {
		o.parts[i] = floats[T](v)
	}
	o.g.engine.Concat(o.out, o.parts, o.rows, o.channels)
	return o.end()
}

func (o *concat[T]) SymDiff(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	grads := make(G.Nodes, len(in))
	for i, x := range in {
		if !o.diff[i] {
			continue
		}
		s := &split[T]{rows: o.rows, channels: o.channels, part: i, parts: make([][]T, len(in))}
		s.kind, s.config, s.shape = "split", fmt.Sprint(i, o.channels), x.Shape()
		var err error
		if grads[i], err = o.g.apply(s, fmt.Sprintf("%s.dx%d", o.name, i), dy); err != nil {
			return nil, err
		}
	}
	return grads, nil
}

// split cuts one input's gradient out of dy.
type split[T kernel.Float] struct {
	op[T]
	rows     int
	channels []int
	part     int
	parts    [][]T // all nil but part
}

func (o *split[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.parts[o.part] = o.out
	o.g.engine.Split(o.parts, floats[T](in[0]), o.rows, o.channels)
	return o.end()
}
