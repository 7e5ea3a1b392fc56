package nn

import (
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// The fusing pass. Reading and writing an activation costs more than a ReLU does, so
// nodes of the spec that an op beside them can compute in its own pass get none:
//
//	from                        to          forward                 backward
//	conv                        batch norm  conv, of other weights  conv, of other weights
//	conv, dense or batch norm   ReLU        from, with the ReLU     see masked
//	ReLU                        max-pool    -                       max-pool, with the ReLU
//	ReLU                        batch norm  -                       batch norm, with the ReLU
//	batch norm                  max-pool    both in one op          both in one op
//
// Each rule holds only where "to" is the only reader of "from", because the value
// between them, or its gradient, is then never computed. A ReLU with a maximum (ReLU6)
// goes into a conv or a batch norm only, and leaves its gradient to no reader. Graphs that
// trace every node do not fuse at all.
//
// The flags by which the rules reach the ops and the kernels are these.
//
//   - A convnorm op (convnorm.go) is the first rule, and may end in the ReLU after the
//     batch norm. It needs a batch norm by running statistics: one that is frozen, or a
//     graph that does not train.
//   - ReLU is the second rule: the result is max(y, 0), cut at Max if that is over 0. The
//     gradient that comes in is that of the result. A batch norm makes it the one before the
//     ReLU in its own pass; a conv or dense has an op before it that does (reluGradient),
//     unless it is masked.
//   - Masked, of a conv or dense with ReLU and of a ReLU, says that the only reader
//     does that instead: the gradient that comes in is already 0 where the result is
//     0. The op passes it on as it is.
//   - InputReLU, of a max-pool and of a batch norm, is the other side of Masked, the
//     third and fourth rule: x is the result of a ReLU, and dx is the gradient before
//     that ReLU.
//   - A normpool op (normpool.go) is the last rule. It needs an engine that is a
//     kernel.NormPooler, and a batch norm by the statistics of the batch: others take the
//     two ops.
//
// Fusing changes results in the last bits at most. TestOpGradients and
// TestNetworkGradients compare the gradients with central differences, and
// TestLossesEqualPyTorch those of normpool with PyTorch's.

// fusion says which nodes of a spec need no op of their own.
type fusion struct {
	// normed maps a conv to the batch norm that is its only reader: convnorm.
	normed map[string]string
	// into maps a conv, a dense or a batch norm to the ReLU that it ends in: flag ReLU.
	into map[string]string
	// masked has the ReLUs whose only reader returns the gradient before the ReLU:
	// flag Masked of the ReLU or of what it is fused into, InputReLU of the reader.
	masked map[string]bool
	// pooled maps a batch norm to the max-pool that is its only reader: normpool.
	pooled map[string]string
}

// fuse applies the rules to s.
func fuse(s *model.Spec) fusion {
	f := fusion{normed: map[string]string{}, into: map[string]string{}, masked: map[string]bool{},
		pooled: map[string]string{}}
	readers := s.Consumers()
	only := func(name string) *model.Node {
		if len(readers[name]) != 1 {
			return nil
		}
		return s.Node(readers[name][0])
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		to := only(n.Name)
		if to == nil {
			continue
		}
		switch {
		case n.Op == model.Conv && to.Op == model.BatchNorm:
			f.normed[n.Name] = to.Name
		case n.Op == model.BatchNorm && to.Op == model.MaxPool:
			f.pooled[n.Name] = to.Name
		case to.Op == model.ReLU && (n.Op == model.Conv || n.Op == model.BatchNorm ||
			n.Op == model.Dense && to.Max == 0):
			f.into[n.Name] = to.Name
		case n.Op == model.ReLU && n.Max == 0 && (to.Op == model.MaxPool || to.Op == model.BatchNorm):
			f.masked[n.Name] = true
		}
	}
	return f
}

// running says whether the batch norm n, which may be nil, normalises by the running
// statistics.
func (b *builder[T]) running(n *model.Node) bool {
	return n != nil && (b.g.FrozenBatchNorm || b.frozen[n.Name] || !b.g.Train && !b.g.Measure)
}

// folded is the batch norm that goes into the conv n, or nil.
func (b *builder[T]) folded(n *model.Node) *model.Node {
	if norm := b.spec.Node(b.fusion.normed[n.Name]); b.running(norm) {
		return norm
	}
	return nil
}

// fused lists the nodes after n that its op computes too.
func (b *builder[T]) fused(n *model.Node) (names []string) {
	if norm := b.folded(n); norm != nil {
		names, n = append(names, norm.Name), norm
	}
	if relu := b.fusion.into[n.Name]; relu != "" {
		names = append(names, relu)
	}
	if pool := b.fusion.pooled[n.Name]; pool != "" && b.pooler(n) != nil {
		names = append(names, pool)
	}
	return names
}

// ending is the ReLU that the op of the named node ends in.
type ending struct {
	ReLU   bool    // the result is max(y, 0)
	Max    float64 // the upper bound of that, 0 for none
	Masked bool    // the reader returns the gradient before the ReLU
}

func (b *builder[T]) ending(node string) ending {
	relu := b.spec.Node(b.fusion.into[node])
	if relu == nil {
		return ending{}
	}
	return ending{ReLU: true, Max: relu.Max, Masked: b.fusion.masked[relu.Name]}
}

// pooler is the engine if it can normalise and pool in one pass and the batch norm n
// normalises by the batch, or nil.
func (b *builder[T]) pooler(n *model.Node) kernel.NormPooler[T] {
	e, ok := b.g.engine.(kernel.NormPooler[T])
	if !ok || !b.g.Train || b.running(n) {
		return nil
	}
	return e
}
