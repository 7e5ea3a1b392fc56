package nn

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
)

// Replay does a step again, or what else was done with its batch, from the weights and
// the state that the network has, and returns the first value that is not finite: of what it
// begins with, then of the forward pass, of the gradients and of the update. It is nil
// where all are finite. The network's weights are not those of a training afterwards.
func (n *Network) Replay(ctx context.Context, b *data.Batch, lr float64, during train.During) (
	*train.NotFinite, error) {

	if f := n.stateNotFinite(train.Before); f != nil {
		return f, nil
	}
	why, ok := map[train.During]purpose{train.Stepping: training, train.Validating: answering,
		train.Measuring: measuring}[during]
	if !ok {
		return nil, fmt.Errorf("a batch during %q, want a step, validation or statistics", during)
	}
	p, err := n.prepare(ctx, b, why)
	if err != nil {
		return nil, err
	}
	p.Step = n.step
	n.feed(p, b)
	f, err := p.NotFinite()
	if f != nil || err != nil {
		return f, err
	}
	if why != training {
		return n.stateNotFinite(train.Updating), nil
	}
	for i, param := range n.params {
		n.norms[i] = math.Sqrt(n.vector.SumSquares(param.Grad))
	}
	n.update(lr)
	return n.stateNotFinite(train.Updating), nil
}

// statisticsFinite is an error about the running statistics of batch norms, as a batch
// has left them, unless all are finite. during says what the batch was for.
func (n *Network) statisticsFinite(during train.During, b *data.Batch) error {
	for _, p := range n.source.params {
		if p.Trainable {
			continue
		}
		f := train.NewNotFinite(train.Updating, p.Name, p.Shape, n.source.values[p.Name])
		if f == nil {
			continue
		}
		return notFinite(during, b, "value %d of %s becomes %g, which is not finite", f.Index, f.Name,
			f.Value)
	}
	return nil
}

// notFinite is the error of a batch, with what may help.
func notFinite(during train.During, b *data.Batch, format string, args ...any) error {
	return &train.NotFiniteError{During: during, Batch: b.Clone(), Err: fmt.Errorf(
		format+": use a lower learning rate, or clip the gradients", args...)}
}

// stateNotFinite is the first value of the weights and of the optimizer's state that is
// not finite.
func (n *Network) stateNotFinite(phase train.Phase) *train.NotFinite {
	shapes := map[string][]int{}
	for _, p := range n.source.params {
		if f := train.NewNotFinite(phase, p.Name, p.Shape, n.source.values[p.Name]); f != nil {
			return f
		}
		shapes[p.Name] = p.Shape
	}
	slots := n.cfg.Optimizer.State().Slots
	for _, slot := range slices.Sorted(maps.Keys(slots)) {
		_, name, _ := strings.Cut(slot, "/")
		if f := train.NewNotFinite(phase, slot, shapes[name], slots[slot]); f != nil {
			return f
		}
	}
	return nil
}

// safe is up to where a rate, the norm of the gradients, and their product cannot make
// any optimizer's arithmetic leave float32: squares of gradients, sums of a few of them,
// and steps of a few times that size, from a weight that is not itself at the end of
// the range.
const safe = 1e15

// updateSafely is update, undone where it makes a value that is not finite.
func (n *Network) updateSafely(b *data.Batch, lr float64) error {
	fastest := lr
	for _, p := range n.params {
		fastest = max(fastest, lr*p.Rate)
	}
	if norm := n.norm(); norm < safe && fastest < safe && norm*fastest < safe {
		n.update(lr)
		return nil
	}
	state := n.cfg.Optimizer.State()
	weights := make([][]float32, len(n.params))
	for i, p := range n.params {
		weights[i] = slices.Clone(p.Value)
	}
	n.update(lr)
	f := n.stateNotFinite(train.Updating)
	if f == nil {
		return nil
	}
	for i, p := range n.params {
		copy(p.Value, weights[i])
	}
	n.restoreStats()
	if err := n.cfg.Optimizer.Restore(state); err != nil {
		return err
	}
	return notFinite(train.Stepping, b, "gradient norm %g at learning rate %g: the update makes value "+
		"%d of %s %g, which is not finite", n.norm(), lr, f.Index, f.Name, f.Value)
}

// update changes the weights by the gradients.
func (n *Network) update(lr float64) {
	if norm := n.norm(); n.cfg.ClipNorm > 0 && norm > n.cfg.ClipNorm {
		for _, param := range n.params {
			n.vector.Scale(param.Grad, float32(n.cfg.ClipNorm/norm))
		}
	}
	n.cfg.Optimizer.Update(n.params, lr)
}
