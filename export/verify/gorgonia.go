package verify

import (
	"context"
	"errors"

	"github.com/flowerctl/flowerctl/infer/features"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
)

// gorgonia is the network as it was trained. It is for one goroutine and has to be
// closed.
type gorgonia struct {
	engine  kernel.Engine[float32]
	forward *nn.Forward
	classes int

	extractor *features.Extractor // nil in networks without one
}

// newGorgonia builds the network on all cores.
func newGorgonia(spec model.Spec, w model.Weights) (*gorgonia, error) {
	engine, err := engine.Default(0)
	if err != nil {
		return nil, err
	}
	forward, err := nn.NewForward(spec, w, engine)
	if err != nil {
		engine.Close()
		return nil, err
	}
	return &gorgonia{engine: engine, forward: forward, classes: spec.Classes}, nil
}

// Version names the versions of gorgonia and of the kernels.
func (g *gorgonia) Version() string {
	return moduleVersion("gorgonia.org/gorgonia") + ", kernels " + g.engine.Name()
}

// Forward answers for images of the network's size.
func (g *gorgonia) Forward(ctx context.Context, images onnx.Tensor) (onnx.Tensor, error) {
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
func (g *gorgonia) Layers(ctx context.Context, images onnx.Tensor) (map[string]onnx.Tensor, error) {
	pixels, err := bytesOf(images)
	if err != nil {
		return nil, err
	}
	return g.forward.Trace(ctx, pixels, images.Shape[0])
}

// Close releases the engine, and the extractor.
func (g *gorgonia) Close() error {
	err := g.engine.Close()
	if g.extractor != nil {
		err = errors.Join(err, g.extractor.Close())
	}
	return err
}

// Answers are the logits of a network in gorgonia for images of its size.
//
//	images: (N, H, W, 3), values 0 to 255   result: (N, classes)
func Answers(ctx context.Context, spec model.Spec, w model.Weights,
	images onnx.Tensor) (onnx.Tensor, error) {
	g, err := newGorgonia(spec, w)
	if err != nil {
		return onnx.Tensor{}, err
	}
	logits, err := g.Forward(ctx, images)
	return logits, errors.Join(err, g.Close())
}
