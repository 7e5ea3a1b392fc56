package verify_test

import (
	"fmt"

	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/onnx"
)

// Two engines' answers for two images of three classes.
func ExampleCompare() {
	reference := onnx.Tensor{Shape: []int{2, 3}, Data: []float32{1, 8, 2, 4, 0, 1}}
	other := onnx.Tensor{Shape: []int{2, 3}, Data: []float32{1, 8, 2, 4, 0, 5}}
	d, err := verify.Compare(reference, other)
	if err != nil {
		panic(err)
	}
	fmt.Printf("the same answer for %d of %d images, up to %.1f of the largest logit apart\n",
		d.ArgmaxEqual, d.N, d.MaxRel)
	// Output: the same answer for 1 of 2 images, up to 0.5 of the largest logit apart
}
