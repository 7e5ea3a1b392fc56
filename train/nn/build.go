package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// builder turns a Spec into the nodes of a graph: one loop over its nodes.
type builder[T kernel.Float] struct {
	g      *Graph[T]
	spec   *model.Spec
	params map[string]*G.Node
	value  map[string]*G.Node // result by the name of the spec's node
	fusion fusion
}

// fusion says which nodes need no pass of their own.
type fusion struct {
	// into maps a conv or dense to the ReLU that it ends in.
	into map[string]string
	// masked holds the ReLUs whose one reader, a max-pool or batch norm, returns
	// the gradient before the ReLU.
	masked map[string]bool
	// pooled maps a batch norm to the max-pool that alone reads it.
	pooled map[string]string
}

// fuse finds the nodes of s that an op next to them can do along: a ReLU forward the
// conv or dense before it that nothing else reads, backward the max-pool or batch norm
// that alone reads it; a max-pool the batch norm before it.
func fuse(s *model.Spec) fusion {
	f := fusion{into: map[string]string{}, masked: map[string]bool{}, pooled: map[string]string{}}
	readers := s.Consumers()
	only := func(name string) *model.Node {
		if len(readers[name]) != 1 {
			return nil
		}
		return s.Node(readers[name][0])
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if to := only(n.Name); n.Op == model.BatchNorm && to != nil && to.Op == model.MaxPool {
			f.pooled[n.Name] = to.Name
		}
		if n.Op != model.ReLU || n.Max != 0 {
			continue
		}
		from := s.Node(n.Inputs[0])
		linear := from != nil && (from.Op == model.Conv || from.Op == model.Dense)
		if linear && only(from.Name) != nil {
			f.into[from.Name] = n.Name
		}
		if to := only(n.Name); to != nil && (to.Op == model.MaxPool || to.Op == model.BatchNorm) {
			f.masked[n.Name] = true
		}
	}
	return f
}

// build adds the nodes of the spec to the graph, on the image node x.
func (b *builder[T]) build(x *G.Node) error {
	b.value = map[string]*G.Node{model.InputName: x}
	for i := range b.spec.Nodes {
		n := &b.spec.Nodes[i]
		if b.value[n.Name] != nil {
			continue // part of the node before it
		}
		in := make([]*G.Node, len(n.Inputs))
		for j, name := range n.Inputs {
			in[j] = b.value[name]
		}
		y, err := b.node(n, in)
		if err != nil {
			return fmt.Errorf("network %s: %w", b.spec.Name, err)
		}
		b.value[n.Name] = y
		if relu, ok := b.fusion.into[n.Name]; ok {
			b.value[relu] = y
		}
		if n.Op == model.BatchNorm && b.pooler() != nil && b.fusion.pooled[n.Name] != "" {
			b.value[b.fusion.pooled[n.Name]] = y
		}
	}
	return nil
}

// node adds one node of the spec.
func (b *builder[T]) node(n *model.Node, in []*G.Node) (*G.Node, error) {
	g, x := b.g, in[0]
	window := kernel.Window{Kernel: n.Kernel, Stride: n.Stride, Pads: n.Pads}
	relu, fused := b.fusion.into[n.Name]
	switch n.Op {
	case model.Rescale:
		return Rescale(g, n.Name, x, n.Scale, n.Offset)
	case model.Conv:
		return Conv(g, n.Name, x, b.param(n, model.Weight), b.param(n, model.Bias),
			ConvConfig{n.Stride, n.Pads, n.Groups, fused, b.fusion.masked[relu]})
	case model.Dense:
		return Dense(g, n.Name, x, b.param(n, model.Weight), b.param(n, model.Bias),
			DenseConfig{ReLU: fused, Masked: b.fusion.masked[relu]})
	case model.BatchNorm:
		return b.norm(n, x)
	case model.ReLU:
		return ReLU(g, n.Name, x, ReLUConfig{Max: n.Max, Masked: b.fusion.masked[n.Name]})
	case model.MaxPool:
		return MaxPool(g, n.Name, x,
			MaxPoolConfig{Window: window, InputReLU: b.fusion.masked[n.Inputs[0]]})
	case model.AvgPool:
		return AvgPool(g, n.Name, x, window)
	case model.GlobalAvgPool:
		return GlobalAvgPool(g, n.Name, x)
	case model.Flatten:
		return Flatten(g, n.Name, x)
	case model.Dropout:
		if !g.Train {
			return x, nil
		}
		return Dropout(g, n.Name, x, n.Rate)
	case model.Concat:
		return Concat(g, n.Name, in...)
	case model.Add:
		return Add(g, n.Name, in[0], in[1])
	case model.Softmax:
		return Softmax(g, n.Name, x)
	}
	return nil, fmt.Errorf("node %s: unknown op %s", n.Name, n.Op)
}

// norm adds a batch norm, or one with the max-pool that alone reads it.
func (b *builder[T]) norm(n *model.Node, x *G.Node) (*G.Node, error) {
	gamma, beta := b.param(n, model.Weight), b.param(n, model.Bias)
	mean, variance := b.param(n, model.RunningMean), b.param(n, model.RunningVar)
	cfg := BatchNormConfig{Epsilon: n.Epsilon, Momentum: n.Momentum,
		Frozen: b.g.FrozenBatchNorm, InputReLU: b.fusion.masked[n.Inputs[0]]}
	if pool := b.spec.Node(b.fusion.pooled[n.Name]); pool != nil && b.pooler() != nil {
		return NormPool(b.g, b.pooler(), n.Name, x, gamma, beta, mean, variance, NormPoolConfig{
			cfg, kernel.Window{Kernel: pool.Kernel, Stride: pool.Stride, Pads: pool.Pads}})
	}
	return BatchNorm(b.g, n.Name, x, gamma, beta, mean, variance, cfg)
}

// pooler is the engine if it pools while it normalises, in a graph that normalises by
// the batch; or nil.
func (b *builder[T]) pooler() kernel.NormPooler[T] {
	e, ok := b.g.engine.(kernel.NormPooler[T])
	if !ok || !b.g.Train || b.g.FrozenBatchNorm {
		return nil
	}
	return e
}

// param is the node of one of n's parameters, or nil.
func (b *builder[T]) param(n *model.Node, role model.Role) *G.Node {
	return b.params[model.ParamName(n.Name, role)]
}
