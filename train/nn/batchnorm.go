package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// batchNormConfig says how batch norm normalises.
type batchNormConfig struct {
	Epsilon  float64 // added to the variance
	Momentum float64 // weight of the old running statistic, as Keras
	// Frozen normalises by the running statistics and does not change them, also in
	// a graph that trains. A graph that does not train always does so.
	Frozen    bool
	InputReLU bool // the gradient of x is the one before its ReLU, see fuse.go
	ending         // see fuse.go
}

// newBatchNorm adds a batch norm. It normalises each channel of x over N, H and W,
// then scales by gamma and shifts by beta; while training it moves mean and variance,
// which it shares, towards the batch's.
//
//	x, result: (N, H, W, C) or (N, C)   gamma, beta, mean, variance: (C)
//
// It exports as ONNX BatchNormalization. Variances are biased, as in Keras 3, also
// the running one, which PyTorch and the fused batch norm of tf.keras multiply by
// n/(n-1). gorgonia's has a wrong gradient when
// frozen, and its machine wipes the running statistics. Ioffe and Szegedy 2015.
func newBatchNorm[T kernel.Float](g *graph[T], name string, x, gamma, beta, mean, variance *G.Node,
	cfg batchNormConfig) (*G.Node, error) {

	if s := x.Shape(); len(s) != 2 && len(s) != 4 {
		return nil, fmt.Errorf("node %s (batchnorm): input %v, want (N, H, W, C) or (N, C)", name, s)
	}
	shape, err := normShape(x, gamma, beta, mean, variance, cfg)
	if err != nil {
		return nil, fmt.Errorf("node %s (batchnorm): %w", name, err)
	}
	k, err := g.engine.BatchNorm(shape)
	if err != nil {
		return nil, fmt.Errorf("node %s (batchnorm): %w", name, err)
	}
	cfg.Frozen = cfg.Frozen || !g.Train && !g.Measure
	o := &batchNorm[T]{cfg: cfg, kernel: k}
	o.kind, o.config, o.shape = "batchnorm", fmt.Sprint(shape, cfg), x.Shape()
	return g.apply(o, name, x, gamma, beta, mean, variance)
}

type batchNorm[T kernel.Float] struct {
	op[T]
	cfg    batchNormConfig
	kernel kernel.BatchNorm[T]
}

var _ G.SDOp = (*batchNorm[float32])(nil)

func (o *batchNorm[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	forward := o.kernel.Train
	if o.cfg.Frozen {
		forward = o.kernel.Frozen
	}
	x, gamma, beta := floats[T](in[0]), floats[T](in[1]), floats[T](in[2])
	forward(o.out, x, gamma, beta, floats[T](in[3]), floats[T](in[4]))
	return o.end()
}

func (o *batchNorm[T]) SymDiff(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	d := &batchNormGradient[T]{cfg: o.cfg, kernel: o.kernel, normDerivative: newNormDerivative[T]()}
	d.kind, d.config, d.shape = "batchnormGradient", o.config, o.shape
	dx, err := o.g.apply(d, o.name+".dx", dy, in[0], in[1], in[3], in[4])
	if err != nil {
		return nil, err
	}
	return d.gradients(o.g, dx, o.name, in)
}

// batchNormGradient computes dx from dy, x, gamma and, when frozen, the running
// statistics; and dgamma and dbeta in the same pass.
type batchNormGradient[T kernel.Float] struct {
	op[T]
	cfg    batchNormConfig
	kernel kernel.BatchNorm[T]
	normDerivative[T]
}

func (o *batchNormGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	dy, x, gamma := floats[T](in[0]), floats[T](in[1]), floats[T](in[2])
	if o.cfg.Frozen {
		mean, variance := floats[T](in[3]), floats[T](in[4])
		o.kernel.FrozenBackward(o.out, o.dgamma.out, o.dbeta.out, dy, x, gamma, mean, variance)
		return o.end()
	}
	o.kernel.Backward(o.out, o.dgamma.out, o.dbeta.out, dy, x, gamma)
	return o.end()
}
