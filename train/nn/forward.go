package nn

import (
	"context"
	"fmt"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// Forward is a network that only answers, as the exported file will: the main
// head, no dropout, running statistics. It is for one goroutine at a time.
type Forward struct {
	// Extractor computes what an Extract node stands for; nil in networks without one.
	Extractor Extractor

	run, trace         source[float32]
	programs, tracings map[int]*program[float32]
}

// NewForward makes a network for inference. It shares the weights w; the engine
// stays the caller's.
func NewForward(spec model.Spec, w model.Weights, engine kernel.Engine[float32]) (*Forward, error) {
	if engine == nil {
		return nil, fmt.Errorf("network %s: no engine", spec.Name)
	}
	src, err := newSource(spec, w, engine)
	if err != nil {
		return nil, err
	}
	src.spec = spec.Inference()
	if src.params, err = src.spec.Params(); err != nil {
		return nil, err
	}
	f := &Forward{run: src, trace: src,
		programs: map[int]*program[float32]{}, tracings: map[int]*program[float32]{}}
	f.run.fused = true
	f.trace.keep, f.trace.memory = true, &workspace[float32]{}
	return f, nil
}

// Run answers for n images of the network's size, RGB, rows of pixels, channels
// innermost: n rows of logits and of probabilities, valid until the next call.
func (f *Forward) Run(ctx context.Context, pixels []uint8, n int) (
	logits, probabilities []float32, err error) {

	p, err := answer(ctx, &f.run, f.Extractor, f.programs, pixels, n)
	if err != nil {
		return nil, nil, err
	}
	return p.Read(p.logits[0]), p.Read(p.probabilities[0]), nil
}

// Trace computes the value of every node of spec.Inference() for n images, by
// name: [N C H W], or [N K] for vectors. The values are copies.
func (f *Forward) Trace(ctx context.Context, pixels []uint8, n int) (
	map[string]onnx.Tensor, error) {

	p, err := answer(ctx, &f.trace, f.Extractor, f.tracings, pixels, n)
	if err != nil {
		return nil, err
	}
	out := make(map[string]onnx.Tensor, len(f.trace.spec.Nodes))
	for _, node := range f.trace.spec.Nodes {
		v := p.value[node.Name]
		s := image(v.Shape())
		t := onnx.NewTensor(s.N, s.C, s.H, s.W)
		if v.Dims() == 2 {
			t.Shape = t.Shape[:2]
		}
		if v == p.images { // an extractor's features
			copy(t.Data, p.Write(v))
		} else {
			f.trace.engine.ToNCHW(t.Data, p.Read(v), s)
		}
		out[node.Name] = t
	}
	return out, nil
}

// answer runs the graph for n images, made at the first call with that n.
func answer(ctx context.Context, s *source[float32], x Extractor,
	made map[int]*program[float32], pixels []uint8, n int) (*program[float32], error) {

	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.holds(pixels, n); err != nil && s.spec.Extractor() == nil {
		return nil, err
	}
	features, err := s.extract(ctx, x, pixels, n)
	if err != nil {
		return nil, err
	}
	p := made[n]
	if p == nil {
		if p, err = s.compile(n, mode{}); err != nil {
			return nil, err
		}
		made[n] = p
	}
	p.write(s.engine, pixels, features)
	return p, p.Run()
}

// holds says whether the pixels are n images, at least one.
func (s *source[T]) holds(pixels []uint8, n int) error {
	in := s.spec.Input
	if n < 1 || len(pixels) != n*in[0]*in[1]*in[2] {
		return fmt.Errorf("%d images in %d bytes, network %s wants %d bytes an image",
			n, len(pixels), s.spec.Name, in[0]*in[1]*in[2])
	}
	return nil
}
