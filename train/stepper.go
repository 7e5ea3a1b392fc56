package train

import (
	"context"
	"iter"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/optim"
)

// Stepper is a network that can be trained, as the loop needs it; train/nn has one.
// It is for one goroutine. Batches may have any number of images; the first batch of
// each size takes longer, because its graph is built.
type Stepper interface {
	// Step runs forward and backward and updates the weights with the learning
	// rate lr. A loss that is not finite is an error that names the step and the
	// first node with such a value, and leaves the weights as they were.
	Step(ctx context.Context, b *data.Batch, lr float64) (Result, error)
	// Evaluate runs forward as in inference (no dropout, running statistics).
	Evaluate(ctx context.Context, b *data.Batch) (Result, error)

	// Measure sets the running statistics of batch norms to those of the images,
	// under the weights as they are; after an error they are what they were.
	Measure(ctx context.Context, images iter.Seq2[*data.Batch, error]) error

	// Weights are the current weights, shared with the network: clone them to keep
	// them. What is written into them the network uses.
	Weights() model.Weights
	// State is a copy of all that decides the next step, without the weights.
	State() State
	// Restore continues from a State of the same network and optimizer.
	Restore(State) error
	Close() error
}

// State is what a Stepper needs, besides the weights, to continue bit for bit.
type State struct {
	Step      uint64 // steps done; seeds dropout
	Optimizer optim.State
}

// Result is the result of one batch.
type Result struct {
	N    int     // images
	Loss float64 // mean over the images, of all heads by their weights
	// Correct counts the images whose arg-max is their label, by head; where images have
	// several labels, those of which all labels have a probability of a half and no others.
	Correct []int
	// Probabilities of the main head, N rows of classes; only from Evaluate,
	// valid until the next call.
	Probabilities []float32
}
