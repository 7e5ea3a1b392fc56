package export

import (
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/onnx"
)

// TestOperatorsComputedIn8Bits: what each of them gives is written in 8 bits, as what
// other operators give is not. A Relu or Clip reads the layer before it as it is, since
// runtimes merge the two.
func TestOperatorsComputedIn8Bits(t *testing.T) {
	for _, c := range []struct {
		op                string
		quantized, merged bool
	}{
		{"Relu", true, true}, {"Clip", true, true}, {"Add", true, false}, {"Mul", true, false},
		{"Concat", true, false}, {"Sigmoid", true, false}, {"HardSigmoid", true, false},
		{"HardSwish", true, false}, {"AveragePool", true, false},
		{"GlobalAveragePool", true, false}, {"MaxPool", true, false}, {"Flatten", true, false},
		{"Softmax", false, true},
	} {
		weight := onnx.NewTensor(2, 2, 1, 1)
		g := &onnx.Graph{
			Initializers: []onnx.Initializer{onnx.NewInitializer("weight", weight)},
			Nodes: []onnx.Node{
				{Op: "Conv", Name: "a", Inputs: []string{"x", "weight"}, Outputs: []string{"a"}},
				{Op: c.op, Name: "b", Inputs: []string{"a", "x"}, Outputs: []string{"b"}},
			}}
		ranges := Ranges{}
		for _, name := range []string{"x", "a", "b"} {
			ranges[name] = Range{Min: -1, Max: 1}
		}
		if err := quantize(g, ranges); err != nil {
			t.Fatalf("%s: %v", c.op, err)
		}
		node := func(name string) *onnx.Node {
			i := slices.IndexFunc(g.Nodes, func(n onnx.Node) bool { return n.Name == name })
			if i < 0 {
				return nil
			}
			return &g.Nodes[i]
		}
		if got := node("b/quantized") != nil; got != c.quantized {
			t.Errorf("%s: its value is written in 8 bits: %v, want %v", c.op, got, c.quantized)
		}
		if got := node("b").Inputs[0] == "a"; got != c.merged {
			t.Errorf("%s: reads the convolution as it is: %v, want %v", c.op, got, c.merged)
		}
	}
}
