// Package optim updates weights by their gradients, with Keras' definitions
// and defaults. It works on []float32, keeps state that can be saved, and never
// imports gorgonia. Start at [New].
package optim

// Param is one weight and its gradient, of equal length. Both stay where they
// are for the life of the optimizer: the network writes Grad, Update writes
// Value.
type Param struct {
	Name  string
	Value []float32
	Grad  []float32
}

// Optimizer updates parameters.
type Optimizer interface {
	// Name is the name it is chosen by: "adam".
	Name() string
	// Update takes one step on all parameters with learning rate lr. It is
	// called with the same parameters, in the same order, every time. It does
	// not allocate after the first call.
	Update(params []Param, lr float64)
	// State is a copy of the accumulators; Restore continues from it.
	State() State
	Restore(State) error
}

// State is an optimizer's memory: plain data for a checkpoint.
type State struct {
	Name string // of the optimizer that made it
	Step uint64 // updates done
	// Slots are the accumulators: "m/conv1.weight".
	Slots map[string][]float32
}
