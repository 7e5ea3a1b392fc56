package nn

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/optim"
)

// TestReplayNamesTheFirstValue: of what the step begins with, of the forward pass, of the
// gradients, of the update, in this order.
func TestReplayNamesTheFirstValue(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, e := range engines(t) {
		for _, c := range []struct {
			name   string
			lr     float64
			change func(n *Network, b *data.Batch)
			phase  train.Phase
			value  string // its name
			at     []int  // nil: wherever
		}{
			{"weight", 1e-3, func(n *Network, b *data.Batch) {
				n.weights["conv2.weight"].Data[5] = inf
			}, train.Before, "conv2.weight", []int{0, 0, 1, 2}},
			{"overflow", 1e-3, func(n *Network, b *data.Batch) {
				for i := range n.weights["logits.weight"].Data {
					n.weights["logits.weight"].Data[i] = 3e38
				}
			}, train.Forward, "logits", nil},
			{"target", 1e-3, func(n *Network, b *data.Batch) { b.Targets[3] = inf },
				train.Forward, "main.loss", []int{}},
			{"gradient", 1e-3, func(n *Network, b *data.Batch) {
				b.Weights = []float32{3e38, 3e38, 3e38}
				for i := range n.weights["logits.weight"].Data {
					n.weights["logits.weight"].Data[i] *= 1e10
				}
			}, "", "", nil},
			{"update", 1e300, func(*Network, *data.Batch) {}, train.Updating, "conv1.weight", nil},
			{"nothing", 1e-3, func(*Network, *data.Batch) {}, "", "", nil},
		} {
			t.Run(e.Name()+"/"+c.name, func(t *testing.T) {
				spec, w := preset(t, "tiny", 32)
				n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: sgd(t)})
				b := goldenBatch(0, 3, 32, 5)
				c.change(n, b)
				f, err := n.Replay(context.Background(), b, c.lr, train.Stepping)
				if err != nil {
					t.Fatal(err)
				}
				if c.name == "gradient" {
					if f == nil || f.Phase == train.Before || f.Phase == train.Updating {
						t.Errorf("got %v", f)
					}
					return
				}
				if f == nil {
					if c.phase != "" {
						t.Fatalf("found nothing, want %s of %s", c.phase, c.value)
					}
					return
				}
				if f.Phase != c.phase || f.Name != c.value || c.at != nil && !slices.Equal(f.At, c.at) {
					t.Errorf("got %v, want %s of %s at %v", f, c.phase, c.value, c.at)
				}
			})
		}
	}
}

func sgd(t *testing.T) optim.Optimizer {
	t.Helper()
	o, err := optim.New("sgd", optim.Config{Momentum: 0.9})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestAnUpdateThatOverflowsIsUndone: weights, state and running statistics are as before.
func TestAnUpdateThatOverflowsIsUndone(t *testing.T) {
	for _, e := range engines(t) {
		spec, w := preset(t, "tiny", 32)
		n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: sgd(t)})
		b := goldenBatch(0, 3, 32, 5)
		mustStep(t, n, b)
		before, state := w.Clone(), n.State()
		_, err := n.Step(context.Background(), b, 1e300)
		var bad *train.NotFiniteError
		if !errors.As(err, &bad) {
			t.Fatalf("got %v, want one about a value that is not finite", err)
		}
		for name := range w {
			if !slices.Equal(w[name].Data, before[name].Data) {
				t.Errorf("%s changed", name)
			}
		}
		after := n.State()
		if after.Step != state.Step || after.Optimizer.Step != state.Optimizer.Step {
			t.Errorf("%d steps done, want %d", after.Step, state.Step)
		}
		for slot, values := range state.Optimizer.Slots {
			if !slices.Equal(after.Optimizer.Slots[slot], values) {
				t.Errorf("accumulator %s changed", slot)
			}
		}
	}
}
