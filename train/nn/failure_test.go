package nn

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/data"
)

// TestNotFiniteStopsTheStep: the error names the step and the node, and weights
// and running statistics are as before.
func TestNotFiniteStopsTheStep(t *testing.T) {
	for _, e := range engines(t) {
		for _, c := range []struct {
			name, param, node string
			value             float64
			change            func(*data.Batch)
		}{
			{name: "weight", param: "conv2.weight", value: math.NaN(), node: "conv2"},
			{name: "overflow", param: "logits.weight", value: 3e38, node: "logits"},
			{name: "target", node: "main.loss", change: func(b *data.Batch) {
				b.Targets[3] = float32(math.NaN())
			}},
			{name: "image weight", node: "main.loss", change: func(b *data.Batch) {
				b.Weights = []float32{1, 1, float32(math.Inf(1))}
			}},
		} {
			t.Run(e.Name()+"/"+c.name, func(t *testing.T) {
				spec, w := preset(t, "tiny", 32)
				n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
				b := goldenBatch(0, 3, 32, 5)
				mustStep(t, n, b)
				if c.param != "" {
					for i := range w[c.param].Data {
						w[c.param].Data[i] = float32(c.value)
					}
				}
				if c.change != nil {
					c.change(b)
				}
				before := w.Clone()
				_, err := n.Step(context.Background(), b, 1e-3)
				if err == nil {
					t.Fatal("the step succeeded")
				}
				if !strings.Contains(err.Error(), "node "+c.node) {
					t.Errorf("%q does not name node %s", err, c.node)
				}
				for name := range w {
					for i, v := range w[name].Data {
						if math.Float32bits(v) != math.Float32bits(before[name].Data[i]) {
							t.Fatalf("%s changed", name)
						}
					}
				}
				if n.State().Step != 1 {
					t.Errorf("%d steps done, want 1", n.State().Step)
				}
			})
		}
	}
}

func TestBadConfigsAndBatches(t *testing.T) {
	e := engines(t)[0]
	spec, w := preset(t, "tiny", 32)
	for name, cfg := range map[string]Config{
		"no engine":    {Optimizer: adam(t)},
		"no optimizer": {Engine: e},
		"loss":         {Engine: e, Optimizer: adam(t), Loss: "hinge"},
		"clip":         {Engine: e, Optimizer: adam(t), ClipNorm: math.NaN()},
	} {
		if _, err := New(spec, w, cfg); err == nil {
			t.Errorf("%s: New took it", name)
		}
	}
	short := w.Clone()
	delete(short, "conv1.bias")
	if _, err := New(spec, short, Config{Engine: e, Optimizer: adam(t)}); err == nil {
		t.Error("New took weights without conv1.bias")
	}
	n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
	for name, change := range map[string]func(*data.Batch){
		"empty":   func(b *data.Batch) { b.N = 0 },
		"size":    func(b *data.Batch) { b.Size = 16 },
		"pixels":  func(b *data.Batch) { b.Pixels = b.Pixels[1:] },
		"classes": func(b *data.Batch) { b.Classes = 4 },
		"labels":  func(b *data.Batch) { b.Labels = nil },
		"weights": func(b *data.Batch) { b.Weights = []float32{1} },
	} {
		b := goldenBatch(0, 4, 32, 5)
		change(b)
		if _, err := n.Step(context.Background(), b, 1e-3); err == nil {
			t.Errorf("%s: Step took it", name)
		}
		if _, err := n.Evaluate(context.Background(), b); err == nil {
			t.Errorf("%s: Evaluate took it", name)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := n.Step(ctx, goldenBatch(0, 4, 32, 5), 1e-3); err != context.Canceled {
		t.Errorf("a cancelled step returned %v", err)
	}
}
