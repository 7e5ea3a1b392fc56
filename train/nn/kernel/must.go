package kernel

import "fmt"

// LayerName names a layer without a shape in errors.
type LayerName string

func (l LayerName) String() string { return string(l) }

// MustHold panics if a slice of a layer is not as long as the layer's shape says.
// The layer's type is a parameter because an interface would be allocated.
func MustHold[L fmt.Stringer, T any](layer L, name string, x []T, want int) {
	if len(x) != want {
		panic(fmt.Errorf("kernel: %v: %s has %d values, want %d", layer, name, len(x), want))
	}
}

// MustPrepare panics if a gradient is asked for that was not prepared.
func MustPrepare[L fmt.Stringer](layer L, missing bool, what string) {
	if missing {
		panic(fmt.Errorf("kernel: %v: %s was not prepared", layer, what))
	}
}

// MustJoin returns the sum of the channels of the parts that Concat joins, or that
// Split cuts, and panics if the joined slice is not as long as they say.
func MustJoin[T Float](layer LayerName, joined []T, parts [][]T, rows int, channels []int) (
	width int) {

	if len(parts) != len(channels) {
		panic(fmt.Errorf("kernel: %v: %d parts and %d channel counts", layer, len(parts), len(channels)))
	}
	for _, c := range channels {
		width += c
	}
	MustHold(layer, "the whole", joined, rows*width)
	return width
}

// MustDivide panics if x does not consist of whole rows of k values.
func MustDivide[T Float](layer LayerName, x []T, k int) {
	if k < 1 || len(x)%k != 0 {
		panic(fmt.Errorf("kernel: %v: %d values in rows of %d", layer, len(x), k))
	}
}
