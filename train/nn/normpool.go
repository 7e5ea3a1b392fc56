package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// NormPoolConfig is a batch norm that is not frozen, and the window of the max-pool
// after it.
type NormPoolConfig struct {
	BatchNormConfig
	kernel.Window
}

// NormPool is [BatchNorm] and [MaxPool] in one, while training, where nothing else
// reads what stands between them; see [kernel.NormPooler] for why. It exports as the
// two.
//
//	x: (N, H, W, C)   result: (N, outH, outW, C)   all others: (C)
func NormPool[T kernel.Float](g *Graph[T], engine kernel.NormPooler[T], name string,
	x, gamma, beta, mean, variance *G.Node, cfg NormPoolConfig) (*G.Node, error) {

	if err := dims(x, 4, "(N, H, W, C)"); err != nil {
		return nil, fmt.Errorf("node %s (normpool): %w", name, err)
	}
	if err := wantVectors(image(x.Shape()).C, gamma, beta, mean, variance); err != nil {
		return nil, fmt.Errorf("node %s (normpool): %w", name, err)
	}
	shape := kernel.NormPoolShape{Window: cfg.Window, BatchNormShape: kernel.BatchNormShape{
		In: image(x.Shape()), Epsilon: cfg.Epsilon, Momentum: cfg.Momentum, InputReLU: cfg.InputReLU,
	}}
	k, err := engine.NormPool(shape)
	if err != nil {
		return nil, fmt.Errorf("node %s (normpool): %w", name, err)
	}
	o := &normPool[T]{kernel: k}
	o.kind, o.config, o.shape = "normpool", fmt.Sprintf("%+v", cfg), nhwc(shape.Out())
	return g.apply(o, name, x, gamma, beta, mean, variance)
}

type normPool[T kernel.Float] struct {
	op[T]
	kernel kernel.NormPool[T]
}

var _ G.SDOp = (*normPool[float32])(nil)

func (o *normPool[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.kernel.Train(o.out, floats[T](in[0]), floats[T](in[1]), floats[T](in[2]), floats[T](in[3]), floats[T](in[4]))
	return o.end()
}

func (o *normPool[T]) SymDiff(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	d := &normPoolGradient[T]{kernel: o.kernel, dgamma: &aside[T]{}, dbeta: &aside[T]{}}
	d.kind, d.config, d.shape = "normpoolGradient", o.config, in[0].Shape()
	dx, err := o.g.apply(d, o.name+".dx", dy, in[0], in[1])
	if err != nil {
		return nil, err
	}
	return o.g.normGradients(dx, d.dgamma, d.dbeta, o.name, in)
}

// normPoolGradient computes dx from dy, x and gamma, and dgamma and dbeta on the way.
type normPoolGradient[T kernel.Float] struct {
	op[T]
	kernel        kernel.NormPool[T]
	dgamma, dbeta *aside[T]
}

func (o *normPoolGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.kernel.Backward(o.out, o.dgamma.out, o.dbeta.out, floats[T](in[0]), floats[T](in[1]), floats[T](in[2]))
	return o.end()
}
