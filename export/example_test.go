package export_test

import (
	"fmt"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
)

// A checkpoint becomes an ONNX file; here one that was never trained.
func ExampleModel() {
	preset, err := arch.Find("tiny")
	if err != nil {
		panic(err)
	}
	spec, err := preset.Build(preset.Size, 2)
	if err != nil {
		panic(err)
	}
	weights, err := spec.NewWeights(1)
	if err != nil {
		panic(err)
	}
	m, err := export.Model(&checkpoint.Checkpoint{
		Spec: spec, Weights: weights, Labels: []string{"daisy", "rose"},
		Preprocess: imageprep.Config{Size: preset.Size, Resize: imageprep.Stretch},
	}, export.Options{Version: "1.0"})
	if err != nil {
		panic(err)
	}
	file, err := m.Encode()
	if err != nil {
		panic(err)
	}
	fmt.Println(m.Graph.Inputs[0].Name, m.Graph.Inputs[0])
	for _, out := range m.Graph.Outputs {
		fmt.Println(out.Name, out)
	}
	fmt.Println(len(file) > 0)
	// Output:
	// image uint8[N H W 3]
	// probabilities float32[N 2]
	// logits float32[N 2]
	// true
}
