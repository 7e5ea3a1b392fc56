package verify

import (
	"context"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
)

// Gorgonia is the network as it was trained. It is for one goroutine; Close it
// when it is done.
type Gorgonia struct {
	engine  kernel.Engine[float32]
	forward *nn.Forward
	classes int
}

// NewGorgonia builds the network on all cores.
func NewGorgonia(spec model.Spec, w model.Weights) (*Gorgonia, error) {
	engine, err := engine.Default(0)
	if err != nil {
		return nil, err
	}
	forward, err := nn.NewForward(spec, w, engine)
	if err != nil {
		engine.Close()
		return nil, err
	}
	return &Gorgonia{engine, forward, spec.Classes}, nil
}

// Version names the versions that decide what it computes.
func (g *Gorgonia) Version() string {
	return moduleVersion("gorgonia.org/gorgonia") + ", kernels " + g.engine.Name()
}

// Forward answers for images of the network's size.
func (g *Gorgonia) Forward(ctx context.Context, images onnx.Tensor) (onnx.Tensor, error) {
	pixels, err := bytesOf(images)
	if err != nil {
		return onnx.Tensor{}, err
	}
	logits, _, err := g.forward.Run(ctx, pixels, images.Shape[0])
	if err != nil {
		return onnx.Tensor{}, err
	}
	t := onnx.Tensor{Shape: []int{images.Shape[0], g.classes}, Data: logits}
	return t.Clone(), nil
}

// Layers are the values of all nodes for images of the network's size.
func (g *Gorgonia) Layers(ctx context.Context, images onnx.Tensor) (map[string]onnx.Tensor, error) {
	pixels, err := bytesOf(images)
	if err != nil {
		return nil, err
	}
	return g.forward.Trace(ctx, pixels, images.Shape[0])
}

// Close releases the engine.
func (g *Gorgonia) Close() error { return g.engine.Close() }
