package nn

import (
	"context"
	"fmt"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// Extractor computes what a model.Extract node stands for: a file that runs elsewhere.
type Extractor interface {
	// Extract computes the features [n Units] of n images of the network's size, RGB,
	// rows of pixels, channels innermost. They are the caller's.
	Extract(ctx context.Context, pixels []uint8, n int) ([]float32, error)
}

// input is the shape of what graphs for n images take: images, channels innermost, or
// the features of an extractor in their place.
func (s *source[T]) input(n int) []int {
	if e := s.spec.Extractor(); e != nil {
		return []int{n, e.Units}
	}
	in := s.spec.Input
	return []int{n, in[1], in[2], in[0]}
}

// extract computes the features of images, nil for a network that takes images.
func (s *source[T]) extract(ctx context.Context, x Extractor, pixels []uint8, n int) (
	[]float32, error) {

	e := s.spec.Extractor()
	if e == nil {
		return nil, nil
	}
	if x == nil {
		return nil, fmt.Errorf("network %s: nothing computes the features of node %s",
			s.spec.Name, e.Name)
	}
	features, err := x.Extract(ctx, pixels, n)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", e.Name, err)
	}
	return features, checkFeatures(e, features, n)
}

// checkFeatures says whether there are features for n images.
func checkFeatures(e *model.Node, features []float32, n int) error {
	if len(features) != n*e.Units {
		return fmt.Errorf("node %s: %d features for %d images, want %d each",
			e.Name, len(features), n, e.Units)
	}
	return nil
}

// write puts images, or their features where there are some, into a graph's input.
func (p *program[T]) write(engine kernel.Engine[T], pixels []uint8, features []float32) {
	to := p.Write(p.images)
	if features == nil {
		engine.FromBytes(to, pixels)
		return
	}
	for i, v := range features {
		to[i] = T(v)
	}
}

// featuresOf are those of a batch, which it has or which are computed.
func (n *Network) featuresOf(ctx context.Context, b *data.Batch) ([]float32, error) {
	e := n.source.spec.Extractor()
	switch {
	case b.Features == nil:
		return n.source.extract(ctx, n.cfg.Extractor, b.Pixels, b.N)
	case e == nil:
		return nil, fmt.Errorf("network %s takes images, got a batch of features",
			n.source.spec.Name)
	}
	return b.Features, checkFeatures(e, b.Features, b.N)
}
