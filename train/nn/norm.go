package nn

import (
	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// What batch norm and batch norm with a max-pool share.

// normShape is the kernel's shape of a batch norm, and an error if a parameter does
// not fit x.
func normShape(x, gamma, beta, mean, variance *G.Node, cfg batchNormConfig) (
	kernel.BatchNormShape, error) {

	s := kernel.BatchNormShape{
		In: image(x.Shape()), Epsilon: cfg.Epsilon, Momentum: cfg.Momentum, InputReLU: cfg.InputReLU,
		ReLU: cfg.ReLU, Max: cfg.Max,
	}
	return s, wantVectors(s.In.C, gamma, beta, mean, variance)
}

// normDerivative is the part of both gradient ops that names their second results.
type normDerivative[T kernel.Float] struct{ dgamma, dbeta *aside[T] }

func newNormDerivative[T kernel.Float]() normDerivative[T] {
	return normDerivative[T]{&aside[T]{}, &aside[T]{}}
}

// gradients lists the gradients of a batch norm's inputs: dx, whose op computes those
// of gamma and beta in the same pass, and none of mean and variance.
func (d normDerivative[T]) gradients(g *graph[T], dx *G.Node, name string, in G.Nodes) (
	G.Nodes, error) {

	dgamma, err := g.newAside(d.dgamma, dx, name+".dgamma", in[1].Shape())
	if err != nil {
		return nil, err
	}
	dbeta, err := g.newAside(d.dbeta, dx, name+".dbeta", in[2].Shape())
	if err != nil {
		return nil, err
	}
	return G.Nodes{dx, dgamma, dbeta, nil, nil}, nil
}
