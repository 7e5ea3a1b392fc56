package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// normPoolConfig is a batch norm that is not frozen, and the window of the max-pool
// after it.
type normPoolConfig struct {
	batchNormConfig
	kernel.Window
}

// newNormPool adds a batch norm and the max-pool after it as one op, for graphs that
// train, where nothing else reads what the batch norm computes. See
// [kernel.NormPooler] for the reason, and fuse.go for the rule. It exports as the two.
//
//	x: (N, H, W, C)   result: (N, outH, outW, C)   all others: (C)
func newNormPool[T kernel.Float](g *graph[T], engine kernel.NormPooler[T], name string,
	x, gamma, beta, mean, variance *G.Node, cfg normPoolConfig) (*G.Node, error) {

	if err := dims(x, 4, "(N, H, W, C)"); err != nil {
		return nil, fmt.Errorf("node %s (normpool): %w", name, err)
	}
	norm, err := normShape(x, gamma, beta, mean, variance, cfg.batchNormConfig)
	if err != nil {
		return nil, fmt.Errorf("node %s (normpool): %w", name, err)
	}
	shape := kernel.NormPoolShape{BatchNormShape: norm, Window: cfg.Window}
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
	x, gamma, beta := floats[T](in[0]), floats[T](in[1]), floats[T](in[2])
	o.kernel.Train(o.out, x, gamma, beta, floats[T](in[3]), floats[T](in[4]))
	return o.end()
}

func (o *normPool[T]) SymDiff(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	d := &normPoolGradient[T]{kernel: o.kernel, normDerivative: newNormDerivative[T]()}
	d.kind, d.config, d.shape = "normpoolGradient", o.config, in[0].Shape()
	dx, err := o.g.apply(d, o.name+".dx", dy, in[0], in[1])
	if err != nil {
		return nil, err
	}
	return d.gradients(o.g, dx, o.name, in)
}

// normPoolGradient computes dx from dy, x and gamma, and dgamma and dbeta in the same
// pass.
type normPoolGradient[T kernel.Float] struct {
	op[T]
	kernel kernel.NormPool[T]
	normDerivative[T]
}

func (o *normPoolGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	dy, x, gamma := floats[T](in[0]), floats[T](in[1]), floats[T](in[2])
	o.kernel.Backward(o.out, o.dgamma.out, o.dbeta.out, dy, x, gamma)
	return o.end()
}
