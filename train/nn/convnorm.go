package nn

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// convNormConfig is a convolution, and the batch norm by running statistics after it.
type convNormConfig struct {
	convConfig
	Epsilon float64 // added to the variance
}

// newConvNorm adds a convolution and the batch norm after it as one op, for graphs
// that normalise by the running statistics, where nothing else reads the result of the
// convolution. It is one convolution with other weights,
//
//	a = gamma/sqrt(variance + epsilon)   w' = a*w   b' = beta + a*(b - mean)
//
// for each filter, so that the batch norm reads and writes no activation, forward or
// backward: the gradients of a, and so of gamma, follow from that of w'. See fuse.go
// for the rule. It exports as the two.
//
//	x: (N, H, W, C)   w: (O, C/groups, kH, kW)   all others: (O)   b: nil for none
//	result: (N, outH, outW, O)
func newConvNorm[T kernel.Float](g *graph[T], name string,
	x, w, b, gamma, beta, mean, variance *G.Node, cfg convNormConfig) (*G.Node, error) {

	params := present(w, gamma, beta, mean, variance, b)
	shape, err := convShape(g, x, w, beta, cfg.convConfig, g.wanted(params...))
	if err == nil {
		err = wantVectors(shape.Filters, present(gamma, beta, mean, variance, b)...)
	}
	if err != nil {
		return nil, fmt.Errorf("node %s (convnorm): %w", name, err)
	}
	k, err := g.engine.Conv(shape)
	if err != nil {
		return nil, fmt.Errorf("node %s (convnorm): %w", name, err)
	}
	o := &convNorm[T]{cfg: cfg, kernel: k, folded: g.memory.fold(name, shape)}
	o.kind, o.config, o.shape = "convnorm", fmt.Sprint(shape, cfg.Epsilon), nhwc(shape.Out())
	return g.apply(o, name, append([]*G.Node{x}, params...)...)
}

type convNorm[T kernel.Float] struct {
	op[T]
	cfg    convNormConfig
	kernel kernel.Conv[T]
	folded *folded[T]
}

var _ G.SDOp = (*convNorm[float32])(nil)

func (o *convNorm[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.folded.compute(convNormParams[T](in[1:]), o.cfg.Epsilon)
	o.kernel.Forward(o.out, floats[T](in[0]), o.folded.w, o.folded.b)
	return o.end()
}

func (o *convNorm[T]) SymDiff(in G.Nodes, y, dy *G.Node) (G.Nodes, error) {
	grads := make(G.Nodes, len(in))
	var err error
	if dy, err = endingGradient(o.g, o.name, y, dy, o.cfg.ending); err != nil {
		return nil, err
	}
	// Those of the weights come before that of x, which may then take the memory of x.
	if o.g.wanted(in[1:]...) {
		d := &convNormGradient[T]{of: o, normDerivative: newNormDerivative[T]()}
		d.kind, d.config, d.shape = "convnormWeights", o.config, in[1].Shape()
		dw, err := o.g.apply(d, o.name+".dw", append(G.Nodes{in[0], dy}, in[1:]...)...)
		if err != nil {
			return nil, err
		}
		norm, err := d.gradients(o.g, dw, o.name, G.Nodes{nil, in[2], in[3]})
		if err != nil {
			return nil, err
		}
		grads[1], grads[2], grads[3] = dw, norm[1], norm[2]
		if len(in) == 7 {
			d.bias = &aside[T]{}
			grads[6], err = o.g.newAside(d.bias, dw, o.name+".db", in[6].Shape())
			if err != nil {
				return nil, err
			}
		}
	}
	if o.diff[0] {
		d := &convNormData[T]{of: o}
		d.kind, d.config, d.shape = "convnormData", o.config, in[0].Shape()
		grads[0], err = o.g.apply(d, o.name+".dx", dy)
	}
	return grads, err
}

// convNormGradient computes dw from x and dy, and dgamma, dbeta and db in the same
// pass.
type convNormGradient[T kernel.Float] struct {
	op[T]
	of *convNorm[T]
	normDerivative[T]
	bias *aside[T] // nil without bias
}

func (o *convNormGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	f := o.of.folded
	o.of.kernel.BackwardWeights(o.out, o.dbeta.out, floats[T](in[0]), floats[T](in[1]))
	var db []T
	if o.bias != nil {
		db = o.bias.out
	}
	f.gradients(o.out, o.dgamma.out, o.dbeta.out, db, convNormParams[T](in[2:]))
	return o.end()
}

// convNormData computes dx from dy.
type convNormData[T kernel.Float] struct {
	op[T]
	of *convNorm[T]
}

func (o *convNormData[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.of.kernel.BackwardData(o.out, floats[T](in[0]), o.of.folded.w)
	return o.end()
}

// normParams are the parameters of a convolution and of the batch norm after it; b
// is nil without a bias.
type normParams[T kernel.Float] struct{ w, gamma, beta, mean, variance, b []T }

func convNormParams[T kernel.Float](in []G.Value) normParams[T] {
	p := normParams[T]{floats[T](in[0]), floats[T](in[1]), floats[T](in[2]), floats[T](in[3]),
		floats[T](in[4]), nil}
	if len(in) > 5 {
		p.b = floats[T](in[5])
	}
	return p
}

// folded has the weights w' and b', and a and 1/sqrt(variance + epsilon) of each
// filter, of the last forward pass.
type folded[T kernel.Float] struct{ w, b, a, inverse []T }

// fold is the memory of the folded weights of the named convolution, which all graphs
// of a network share as they share the workspace.
func (m *workspace[T]) fold(name string, s kernel.ConvShape) *folded[T] {
	if f := m.folds[name]; f != nil {
		return f
	}
	n := s.Filters
	per := make([]T, 3*n)
	f := &folded[T]{make([]T, s.Weights()), per[:n:n], per[n : 2*n : 2*n], per[2*n:]}
	if m.folds == nil {
		m.folds = map[string]*folded[T]{}
	}
	m.folds[name] = f
	return f
}

func (f *folded[T]) compute(p normParams[T], epsilon float64) {
	each := len(p.w) / len(f.b)
	for o := range f.b {
		inverse := 1 / math.Sqrt(float64(p.variance[o])+epsilon)
		a := float64(p.gamma[o]) * inverse
		offset := -float64(p.mean[o])
		if p.b != nil {
			offset += float64(p.b[o])
		}
		f.a[o], f.inverse[o], f.b[o] = T(a), T(inverse), T(float64(p.beta[o])+a*offset)
		w := p.w[o*each:][:each]
		for i, to := 0, f.w[o*each:][:each]; i < len(to); i++ {
			to[i] = w[i] * T(a)
		}
	}
}

// gradients turns dw of w' into that of w, computes dgamma, and db if it is not nil.
// dbeta is the gradient of b' already.
func (f *folded[T]) gradients(dw, dgamma, dbeta, db []T, p normParams[T]) {
	each := len(p.w) / len(f.b)
	for o, a := range f.a {
		w, d := p.w[o*each:][:each], dw[o*each:][:each]
		da := scaleAndDot(d, w, a) - float64(p.mean[o])*float64(dbeta[o])
		if p.b != nil {
			da += float64(p.b[o]) * float64(dbeta[o])
		}
		dgamma[o] = T(da * float64(f.inverse[o]))
		if db != nil {
			db[o] = dbeta[o] * a
		}
	}
}

// scaleAndDot returns the product of d and w, of one length, and multiplies d by a. It
// sums in four chains, which do not wait for each other.
func scaleAndDot[T kernel.Float](d, w []T, a T) float64 {
	var s0, s1, s2, s3 float64
	for ; len(d) >= 4 && len(w) >= 4; d, w = d[4:], w[4:] {
		s0 += float64(d[0]) * float64(w[0])
		s1 += float64(d[1]) * float64(w[1])
		s2 += float64(d[2]) * float64(w[2])
		s3 += float64(d[3]) * float64(w[3])
		d[0], d[1], d[2], d[3] = d[0]*a, d[1]*a, d[2]*a, d[3]*a
	}
	for i, v := range d {
		s0 += float64(v) * float64(w[i])
		d[i] = v * a
	}
	return (s0 + s1) + (s2 + s3)
}
