package nn

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// Differentiate adds the gradient of loss, a scalar, with respect to each of
// params, and returns their nodes in that order; their values are kept.
//
// It is G.Grad with one difference: where gradients of several readers meet
// (inception, residual blocks), an add op of this package sums them as soon as there
// are two, in place. gorgonia collects all of them and allocates each sum in each
// step.
func (g *graph[T]) Differentiate(loss *G.Node, params ...*G.Node) ([]*G.Node, error) {
	if !loss.IsScalar() {
		return nil, fmt.Errorf("loss %s is %v, want a scalar", loss.Name(), loss.Shape())
	}
	one := g.expr.AddNode(G.NewConstant(unit[T]()))
	grads := map[*G.Node]*G.Node{loss: one}
	g.inBackward = true
	defer func() { g.inBackward = false }()
	for _, o := range slices.Backward(slices.Clone(g.ops)) {
		if err := g.pullBack(o, grads); err != nil {
			return nil, err
		}
	}
	out := make([]*G.Node, len(params))
	for i, p := range params {
		if out[i] = grads[p]; out[i] == nil {
			return nil, fmt.Errorf("the loss does not depend on %s", p.Name())
		}
	}
	g.Keep(out...)
	return out, nil
}

// pullBack turns the gradient of an op's result into those of its inputs.
func (g *graph[T]) pullBack(o operation[T], grads map[*G.Node]*G.Node) error {
	n := g.node[o.base()]
	sd, ok := o.(G.SDOp)
	if !ok || grads[n] == nil || !g.wants[n] {
		return nil
	}
	inputs := G.Nodes(g.children(n))
	gradients, err := sd.SymDiff(inputs, n, grads[n])
	if err != nil {
		return fmt.Errorf("gradient of %s: %w", n.Name(), err)
	}
	for i, in := range inputs {
		switch {
		case gradients[i] == nil || !g.wants[in]:
		case grads[in] == nil:
			grads[in] = gradients[i]
		default:
			name := fmt.Sprintf("%s.sum%d", in.Name(), len(g.ops))
			if grads[in], err = newAdd(g, name, grads[in], gradients[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// unit is the scalar 1.
func unit[T kernel.Float]() G.Value { return header([]T{1}, tensor.ScalarShape()) }
