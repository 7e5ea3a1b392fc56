package verify

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic"
	"github.com/flowerctl/flowerctl/train/optim"
)

// walkKernels traces and trains the network on every engine of this build.
func walkKernels(t *testing.T, w *walked) error {
	var first map[string]onnx.Tensor
	for _, e := range engines(t) {
		values, err := trace(e, w)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
		if first == nil {
			first = values
		}
		for name, want := range first {
			if d, err := Compare(want, values[name]); err != nil || d.MaxRel > 1e-5 {
				return fmt.Errorf("%s: node %s differs from the first engine's: %+v, %v", e.Name(), name, d, err)
			}
		}
		if err := step(e, w); err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
	}
	return nil
}

// engines are the Go kernels and, if the build has others, those.
func engines(t *testing.T) []kernel.Engine[float32] {
	t.Helper()
	list := []kernel.Engine[float32]{generic.New[float32](1)}
	fast, err := engine.Default(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { list[0].Close(); fast.Close() })
	if fast.Name() != list[0].Name() {
		list = append(list, fast)
	}
	return list
}

// trace computes every node for two images.
func trace(e kernel.Engine[float32], w *walked) (map[string]onnx.Tensor, error) {
	forward, err := nn.NewForward(w.checkpoint.Spec, w.checkpoint.Weights, e)
	if err != nil {
		return nil, err
	}
	values, err := forward.Trace(context.Background(), batch(w).Pixels, 2)
	if err != nil {
		return nil, err
	}
	shapes, err := w.inference.Shapes()
	if err != nil {
		return nil, err
	}
	for name, v := range values {
		if want := append([]int{2}, shapes[name]...); !slices.Equal(v.Shape, want) {
			return nil, fmt.Errorf("node %s has shape %v, want %v", name, v.Shape, want)
		}
	}
	return values, nil
}

// step trains a copy of the network for a step, which has to give every parameter
// a gradient.
func step(e kernel.Engine[float32], w *walked) error {
	sgd, err := optim.New("sgd", optim.Config{})
	if err != nil {
		return err
	}
	n, err := nn.New(w.checkpoint.Spec, w.checkpoint.Weights.Clone(), nn.Config{Engine: e, Optimizer: sgd})
	if err != nil {
		return err
	}
	defer n.Close()
	if _, err := n.Step(context.Background(), batch(w), 1e-3); err != nil {
		return err
	}
	for _, g := range n.Gradients() {
		if !(g.Norm > 0) {
			return fmt.Errorf("%s has a gradient of norm %g", g.Name, g.Norm)
		}
	}
	return nil
}

// batch is two drawn flowers of the network's size.
func batch(w *walked) *data.Batch {
	size, classes := w.inference.Input[1], w.inference.Classes
	b := &data.Batch{N: 2, Size: size, Classes: classes, Labels: []int{0, 1}, Targets: make([]float32, 2*classes)}
	b.Targets[0], b.Targets[classes+1] = 1, 1
	for _, p := range drawn(2, size) {
		img, _ := p.Open() // drawing does not fail
		b.Pixels = append(b.Pixels, img.Pix...)
	}
	return b
}
