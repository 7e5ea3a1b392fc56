package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/numbers"
)

// NotFiniteError says that a step, or the evaluation of a batch, came to a value that is
// NaN or infinite.
type NotFiniteError struct {
	Err error
	// Batch is a copy of the images at fault, nil where that is not known.
	Batch  *data.Batch
	During During
	// Kept is the file that has it as a [BadStep]; "" where there is none.
	Kept string
}

// During says for what images went through the network.
type During string

// The purposes.
const (
	Stepping   During = "step"
	Validating During = "validation"
	Measuring  During = "statistics" // of batch norms, see Config.Measure
)

func (e *NotFiniteError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *NotFiniteError) Unwrap() error { return e.Err }

// Phase is a part of a step.
type Phase string

// The parts, in their order.
const (
	Before   Phase = "before"    // what the step began with: weights and the optimizer's state
	Forward  Phase = "forward"   // the values of nodes, and the loss
	Backward Phase = "gradients" // of the loss, by values of nodes and by parameters
	Updating Phase = "update"    // weights and the optimizer's state after the step
)

// NotFinite is a value of a step that is NaN or infinite.
type NotFinite struct {
	Phase Phase
	// Name is the node's, the parameter's as in conv1.weight, or the optimizer's
	// accumulator's as in m/conv1.weight. The gradient of conv1's weight is conv1.dw.
	Name string
	// Index is the place of the value, and At the same by dimension: of nodes (N, H, W, C)
	// or (N, C), of parameters as their shape.
	Index     int
	At, Shape []int
	Value     float64
}

// String says it in one line.
func (f *NotFinite) String() string {
	if len(f.Shape) == 0 {
		return fmt.Sprintf("%s: %s is %g", f.Phase, f.Name, f.Value)
	}
	return fmt.Sprintf("%s: %s: value %d of %s, at %s, is %g", f.Phase, f.Name, f.Index,
		dimensions(f.Shape), dimensions(f.At), f.Value)
}

// dimensions writes numbers as shapes are: (2, 3).
func dimensions(n []int) string {
	words := strings.Fields(strings.Trim(fmt.Sprint(n), "[]"))
	return "(" + strings.Join(words, ", ") + ")"
}

// NewNotFinite is the first of the values of that shape that is not finite, nil where
// all are.
func NewNotFinite[T numbers.Float](phase Phase, name string, shape []int, values []T) *NotFinite {
	i := slices.IndexFunc(values, func(v T) bool { return !numbers.Finite(v) })
	if i < 0 {
		return nil
	}
	at, rest := make([]int, len(shape)), i
	for d := len(shape) - 1; d >= 0; d-- {
		at[d], rest = rest%shape[d], rest/shape[d]
	}
	return &NotFinite{Phase: phase, Name: name, Index: i, At: at, Shape: slices.Clone(shape),
		Value: float64(values[i])}
}
