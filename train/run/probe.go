package run

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/nn"
)

// probe looks into the session's network for the loop.
type probe struct{ *Session }

func (p probe) ZeroGradients() []string {
	var nodes []string
	for _, g := range p.Network.Gradients() {
		if g.Norm == 0 || g.Norm-g.Norm != 0 {
			nodes = append(nodes, strings.TrimSuffix(g.Name, filepath.Ext(g.Name)))
		}
	}
	return nodes
}

// probed is how many images FirstDead looks at: every value of the network is
// kept for each of them.
const probed = 4

func (p probe) FirstDead(ctx context.Context, b *data.Batch) (string, error) {
	forward, err := nn.NewForward(p.Spec, p.Network.Weights(), p.Engine)
	if err != nil {
		return "", err
	}
	n := min(b.N, probed)
	pixels := b.Pixels
	if b.Features == nil {
		pixels = pixels[:n*3*b.Size*b.Size]
	} else {
		forward.Extractor = given(b.Features[:n*(len(b.Features)/b.N)])
	}
	values, err := forward.Trace(ctx, pixels, n)
	if err != nil {
		return "", err
	}
	inference := p.Spec.Inference()
	return train.FirstDead(&inference, values), nil
}

// given are the features of a batch, as an extractor.
type given []float32

// Extract returns them.
func (g given) Extract(context.Context, []uint8, int) ([]float32, error) { return g, nil }
