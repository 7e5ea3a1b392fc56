package nn

import (
	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// The gradients of convolution and dense, which are linear in x and in w.

// linear is an op of conv.go or dense.go.
type linear[T kernel.Float] interface {
	operation[T]
	weights() linearWeights[T]
}

// linearWeights are the backward passes of kernel.Conv and kernel.Dense.
type linearWeights[T kernel.Float] interface {
	BackwardData(dx, dy, w []T)
	BackwardWeights(dw, db, x, dy []T)
}

// linearGradients makes the gradients of x, w and b. The gradient of
// a ReLU at its end comes first. Those of the weights come before that of x, which
// may then take the memory of x.
func linearGradients[T kernel.Float](g *graph[T], o linear[T], in G.Nodes, y, dy *G.Node,
	end ending) (G.Nodes, error) {

	b := o.base()
	grads := make(G.Nodes, len(in))
	var err error
	if dy, err = endingGradient(g, b.name, y, dy, end); err != nil {
		return nil, err
	}
	if b.diff[1] || (len(in) == 3 && b.diff[2]) {
		dw := &weightsGradient[T]{kernel: o.weights()}
		dw.kind, dw.config, dw.shape = b.kind+"Weights", b.config, in[1].Shape()
		if len(in) == 3 {
			dw.bias = &aside[T]{}
		}
		if grads[1], err = g.apply(dw, b.name+".dw", in[0], dy); err != nil {
			return nil, err
		}
		if dw.bias != nil {
			grads[2], err = g.newAside(dw.bias, grads[1], b.name+".db", in[2].Shape())
			if err != nil {
				return nil, err
			}
		}
	}
	if b.diff[0] {
		dx := &dataGradient[T]{kernel: o.weights()}
		dx.kind, dx.config, dx.shape = b.kind+"Data", b.config, in[0].Shape()
		grads[0], err = g.apply(dx, b.name+".dx", dy, in[1])
	}
	return grads, err
}

// weightsGradient computes dw from x and dy, and db in the same pass.
type weightsGradient[T kernel.Float] struct {
	op[T]
	kernel linearWeights[T]
	bias   *aside[T] // nil without bias
}

func (o *weightsGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	var db []T
	if o.bias != nil {
		db = o.bias.out
	}
	o.kernel.BackwardWeights(o.out, db, floats[T](in[0]), floats[T](in[1]))
	return o.end()
}

// dataGradient computes dx from dy and w.
type dataGradient[T kernel.Float] struct {
	op[T]
	kernel linearWeights[T]
}

func (o *dataGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.kernel.BackwardData(o.out, floats[T](in[0]), floats[T](in[1]))
	return o.end()
}

// present lists the nodes that are not nil.
func present(nodes ...*G.Node) []*G.Node {
	out := nodes[:0]
	for _, n := range nodes {
		if n != nil {
			out = append(out, n)
		}
	}
	return out
}

// third is the third input, the bias, or nil when there are two.
func third[T kernel.Float](in []G.Value) []T {
	if len(in) < 3 {
		return nil
	}
	return floats[T](in[2])
}
