package nn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/optim"
)

// Weights are the current weights, shared with the network.
func (n *Network) Weights() model.Weights { return n.weights }

// State returns a copy of what decides the next step besides the weights.
func (n *Network) State() train.State {
	return train.State{Step: n.step, Optimizer: n.cfg.Optimizer.State()}
}

// Restore continues from the state of a network of the same description and
// optimizer. To restore the weights, write into them.
func (n *Network) Restore(s train.State) error {
	for key, values := range s.Optimizer.Slots {
		_, name, _ := strings.Cut(key, "/")
		i := slices.IndexFunc(n.params, func(p optim.Param) bool {
			return p.Name == name
		})
		if i < 0 || len(values) != len(n.params[i].Value) {
			return fmt.Errorf("network %s: the optimizer's state holds %d values of %s, "+
				"which does not fit the weights",
				n.source.spec.Name, len(values), key)
		}
	}
	if err := n.cfg.Optimizer.Restore(s.Optimizer); err != nil {
		return fmt.Errorf("network %s: %w", n.source.spec.Name, err)
	}
	n.step = s.Step
	return nil
}

// Close frees the graphs. The engine stays open.
func (n *Network) Close() error {
	n.programs = map[use]*program[float32]{}
	n.source.memory = &workspace[float32]{}
	return nil
}

// Gradient has the size of one parameter's gradient in the last step, before
// clipping. Norms that stay at 0 are a sign of dead ReLUs or a detached layer.
type Gradient struct {
	Name string  // of the parameter
	Norm float64 // root of the sum of squares
	RMS  float64 // root of the mean of squares
}

// Gradients lists the gradients of the last step, in the order of the
// parameters, also when the step failed because one was not finite.
func (n *Network) Gradients() []Gradient {
	out := make([]Gradient, len(n.params))
	for i, p := range n.params {
		out[i] = Gradient{p.Name, n.norms[i], rms(n.norms[i], len(p.Grad))}
	}
	return out
}
