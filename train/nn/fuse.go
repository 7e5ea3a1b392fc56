package nn

import (
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// The fusing pass. Reading and writing an activation costs more than a ReLU does, so
// nodes of the spec that an op beside them can compute in its own pass get none:
//
//	from             to              forward                 backward
//	conv or dense    ReLU            conv, with the ReLU     see masked
//	ReLU             max-pool        -                       max-pool, with the ReLU
//	ReLU             batch norm      -                       batch norm, with the ReLU
//	batch norm       max-pool        both in one op          both in one op
//
// Each rule holds only where "to" is the only reader of "from", because the value
// between them, or its gradient, is then never computed. A ReLU with a maximum
// (ReLU6) is never fused. Graphs that trace every node do not fuse at all.
//
// The flags by which the rules reach the ops and the kernels are these.
//
//   - ReLU, of a conv or dense, is the first rule: the result is max(y, 0). The
//     gradient that comes in is that of the result, so the op first makes it the one
//     before the ReLU (reluGradient), unless it is masked.
//   - Masked, of a conv or dense with ReLU and of a ReLU, says that the only reader
//     does that instead: the gradient that comes in is already 0 where the result is
//     0. The op passes it on as it is.
//   - InputReLU, of a max-pool and of a batch norm, is the other side of Masked, the
//     second and third rule: x is the result of a ReLU, and dx is the gradient before
//     that ReLU.
//   - A normpool op (normpool.go) is the fourth rule. It needs an engine that is a
//     kernel.NormPooler, and a graph that normalises by the statistics of the batch:
//     frozen statistics, and inference, take the two ops.
//
// Fusing changes results in the last bits at most. TestOpGradients and
// TestNetworkGradients compare the gradients with central differences, and
// TestLossesEqualPyTorch those of normpool with PyTorch's.

// fusion says which nodes of a spec need no op of their own.
type fusion struct {
	// into maps a conv or dense to the ReLU that it ends in: flag ReLU.
	into map[string]string
	// masked has the ReLUs whose only reader returns the gradient before the ReLU:
	// flag Masked of the ReLU or of what it is fused into, InputReLU of the reader.
	masked map[string]bool
	// pooled maps a batch norm to the max-pool that is its only reader: normpool.
	pooled map[string]string
}

// fuse applies the rules to s.
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

// pooler is the engine if it can normalise and pool in one pass and the graph
// normalises by the batch, or nil.
func (b *builder[T]) pooler() kernel.NormPooler[T] {
	e, ok := b.g.engine.(kernel.NormPooler[T])
	if !ok || !b.g.Train || b.g.FrozenBatchNorm {
		return nil
	}
	return e
}
