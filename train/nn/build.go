package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// builder turns a Spec into the nodes of a graph, in one loop over its nodes.
type builder[T kernel.Float] struct {
	g      *graph[T]
	spec   *model.Spec
	params map[string]*G.Node
	value  map[string]*G.Node // result by the name of the spec's node
	fusion fusion
	frozen map[string]bool // nodes that do not train
}

// build adds the nodes of the spec to the graph, on the image node x.
func (b *builder[T]) build(x *G.Node) error {
	b.value = map[string]*G.Node{model.InputName: x}
	for i := range b.spec.Nodes {
		n := &b.spec.Nodes[i]
		if b.value[n.Name] != nil {
			continue // the op before it computes it, see fuse.go
		}
		in := make([]*G.Node, len(n.Inputs))
		for j, name := range n.Inputs {
			in[j] = b.value[name]
		}
		y, err := b.node(n, in)
		if err != nil {
			return fmt.Errorf("network %s: %w", b.spec.Name, err)
		}
		for _, name := range append(b.fused(n), n.Name) {
			b.value[name] = y
		}
	}
	return nil
}

// node adds one node of the spec.
func (b *builder[T]) node(n *model.Node, in []*G.Node) (*G.Node, error) {
	g, x := b.g, in[0]
	window := kernel.Window{Kernel: n.Kernel, Stride: n.Stride, Pads: n.Pads}
	switch n.Op {
	case model.Rescale:
		if n.PerChannel() {
			return newChannelRescale(g, n.Name, x, n.Scales, n.Offsets)
		}
		return newRescale(g, n.Name, x, n.Scale, n.Offset)
	case model.Conv:
		return b.conv(n, x)
	case model.Dense:
		return newDense(g, n.Name, x, b.param(n, model.Weight), b.param(n, model.Bias),
			denseConfig{b.ending(n.Name)})
	case model.BatchNorm:
		return b.norm(n, x)
	case model.ReLU:
		return newReLU(g, n.Name, x, reluConfig{Max: n.Max, Masked: b.fusion.masked[n.Name]})
	case model.Sigmoid, model.HardSigmoid, model.SiLU, model.HardSwish:
		return newActivation(g, n.Name, x, n.Op)
	case model.MaxPool:
		return newMaxPool(g, n.Name, x,
			maxPoolConfig{Window: window, InputReLU: b.fusion.masked[n.Inputs[0]]})
	case model.AvgPool:
		return newAvgPool(g, n.Name, x, window)
	case model.GlobalAvgPool:
		return newGlobalAvgPool(g, n.Name, x)
	case model.Flatten:
		return newFlatten(g, n.Name, x)
	case model.Dropout:
		if !g.Train {
			return x, nil
		}
		return newDropout(g, n.Name, x, n.Rate)
	case model.Concat:
		return newConcat(g, n.Name, in...)
	case model.Add:
		return newAdd(g, n.Name, in[0], in[1])
	case model.Mul:
		return newMul(g, n.Name, in[0], in[1])
	case model.Softmax:
		return newSoftmax(g, n.Name, x)
	case model.Extract:
		return x, nil // features are what the graph takes
	}
	return nil, fmt.Errorf("node %s: unknown op %s", n.Name, n.Op)
}

// conv adds a convolution, or one with the batch norm that alone reads it.
func (b *builder[T]) conv(n *model.Node, x *G.Node) (*G.Node, error) {
	w, bias := b.param(n, model.Weight), b.param(n, model.Bias)
	cfg := convConfig{Stride: n.Stride, Pads: n.Pads, Groups: n.Groups, ending: b.ending(n.Name)}
	cfg.BF16 = b.g.BF16 && n.Groups <= 1 && x.Shape()[3] >= leastBF16Channels
	norm := b.folded(n)
	if norm == nil {
		return newConv(b.g, n.Name, x, w, bias, cfg)
	}
	cfg.ending = b.ending(norm.Name)
	return newConvNorm(b.g, n.Name, x, w, bias, b.param(norm, model.Weight), b.param(norm, model.Bias),
		b.param(norm, model.RunningMean), b.param(norm, model.RunningVar),
		convNormConfig{cfg, norm.Epsilon})
}

// norm adds a batch norm, or one with the max-pool that alone reads it.
func (b *builder[T]) norm(n *model.Node, x *G.Node) (*G.Node, error) {
	gamma, beta := b.param(n, model.Weight), b.param(n, model.Bias)
	mean, variance := b.param(n, model.RunningMean), b.param(n, model.RunningVar)
	cfg := batchNormConfig{Epsilon: n.Epsilon, Momentum: n.Momentum,
		Frozen: b.running(n), InputReLU: b.fusion.masked[n.Inputs[0]], ending: b.ending(n.Name)}
	if b.g.Measure {
		cfg.Momentum = 0
	}
	if pool := b.spec.Node(b.fusion.pooled[n.Name]); pool != nil && b.pooler(n) != nil {
		return newNormPool(b.g, b.pooler(n), n.Name, x, gamma, beta, mean, variance, normPoolConfig{
			cfg, kernel.Window{Kernel: pool.Kernel, Stride: pool.Stride, Pads: pool.Pads}})
	}
	return newBatchNorm(b.g, n.Name, x, gamma, beta, mean, variance, cfg)
}

// param is the node of one of n's parameters, or nil.
func (b *builder[T]) param(n *model.Node, role model.Role) *G.Node {
	return b.params[model.ParamName(n.Name, role)]
}
