package onnx_test

import (
	"fmt"
	"log"

	"github.com/flowerctl/flowerctl/onnx"
)

// A dense layer with its softmax: built, checked, written, and read again.
func Example() {
	weight := onnx.Tensor{Shape: []int{2, 3}, Data: []float32{1, 0, -1, 0.5, 0.5, 0}}
	model := &onnx.Model{
		IRVersion: 8,
		Opsets:    []onnx.Opset{{Version: 18}},
		Metadata:  []onnx.Property{{Key: "labels", Value: `["daisy","rose"]`}},
		Graph: onnx.Graph{
			Name: "dense",
			Inputs: []onnx.ValueInfo{
				onnx.TensorInfo("x", onnx.Float32, onnx.Symbol("N"), onnx.Known(3)),
			},
			Outputs: []onnx.ValueInfo{
				onnx.TensorInfo("probabilities", onnx.Float32, onnx.Symbol("N"), onnx.Known(2)),
			},
			Initializers: []onnx.Initializer{onnx.NewInitializer("weight", weight)},
			Nodes: []onnx.Node{
				{Name: "dense", Op: "Gemm", Inputs: []string{"x", "weight"},
					Outputs: []string{"logits"}, Attributes: []onnx.Attribute{onnx.Int("transB", 1)}},
				{Name: "softmax", Op: "Softmax", Inputs: []string{"logits"},
					Outputs: []string{"probabilities"}},
			},
		},
	}
	if err := model.Check(); err != nil {
		log.Fatal(err)
	}
	file, err := model.Encode()
	if err != nil {
		log.Fatal(err)
	}

	read, err := onnx.Decode(file)
	if err != nil {
		log.Fatal(err)
	}
	types, err := read.Types()
	if err != nil {
		log.Fatal(err)
	}
	labels, _ := read.Property("labels")
	fmt.Println(labels, types["logits"], types["probabilities"])
	for _, n := range read.Graph.Nodes {
		fmt.Println(n.Op, n.Inputs, "->", n.Outputs)
	}
	// Output:
	// ["daisy","rose"] float32[N 2] float32[N 2]
	// Gemm [x weight] -> [logits]
	// Softmax [logits] -> [probabilities]
}

// Check names the node and the values that do not fit together.
func ExampleModel_Check() {
	model := &onnx.Model{
		IRVersion: 8,
		Opsets:    []onnx.Opset{{Version: 18}},
		Graph: onnx.Graph{
			Inputs:  []onnx.ValueInfo{onnx.TensorInfo("x", onnx.Float32, onnx.Known(1), onnx.Known(4))},
			Outputs: []onnx.ValueInfo{onnx.TensorInfo("y", onnx.Float32)},
			Initializers: []onnx.Initializer{
				onnx.NewInitializer("weight", onnx.NewTensor(3, 2)),
			},
			Nodes: []onnx.Node{
				{Name: "dense", Op: "MatMul", Inputs: []string{"x", "weight"}, Outputs: []string{"y"}},
			},
		},
	}
	fmt.Println(model.Check())
	// Output:
	// onnx: node 0 "dense" (MatMul): float32[1 4] times float32[3 2]: lengths 4 and 3 differ
}
