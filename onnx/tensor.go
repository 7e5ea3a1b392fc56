package onnx

import (
	"fmt"
	"math"
)

// Tensor is a dense float32 array in row-major order. Weights, images and answers
// are tensors. The zero value has no data and is not valid.
type Tensor struct {
	Shape []int     // the length of each axis, outermost first
	Data  []float32 // Elements(Shape) values
}

// NewTensor returns a tensor of zeros.
func NewTensor(shape ...int) Tensor {
	return Tensor{Shape: shape, Data: make([]float32, Elements(shape))}
}

// Elements returns the number of values in a tensor of the given shape: 1 for a
// scalar, -1 if a dimension is negative or the product overflows.
func Elements(shape []int) int {
	n := 1
	for _, d := range shape {
		if d < 0 {
			return -1
		}
		if d != 0 && n > math.MaxInt/d {
			return -1
		}
		n *= d
	}
	return n
}

// Validate checks that the shape and the data agree.
func (t Tensor) Validate() error {
	if n := Elements(t.Shape); n != len(t.Data) {
		return fmt.Errorf("tensor of shape %v: got %d values, want %d", t.Shape, len(t.Data), n)
	}
	return nil
}

// Clone returns a copy that shares no memory with t.
func (t Tensor) Clone() Tensor {
	return Tensor{
		Shape: append([]int(nil), t.Shape...),
		Data:  append([]float32(nil), t.Data...),
	}
}
