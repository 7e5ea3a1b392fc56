package extractor

import (
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/onnx"
)

func TestPoolingIsByShape(t *testing.T) {
	for _, one := range []struct {
		shape    []int
		features int
		said     string // or the error
	}{
		{[]int{1, 7}, 7, ""},
		{[]int{1, 197, 192}, 192, "the class token, the first of 197"},
		{[]int{1, 201, 192}, 192, "the class token, the first of 201"}, // and four registers
		{[]int{1, 196, 192}, 192, "the mean over 196 tokens"},
		{[]int{1, 6, 120}, 120, "the mean over 6 tokens"},
		{[]int{1, 50, 8}, 8, "the class token, the first of 50"},
		{[]int{1, 1280, 7, 7}, 1280, "the mean over 7 x 7"},
		{[]int{1, 7, 7, 1280}, 1280, "the mean over 7 x 7"},
		{[]int{1, 1280, 1, 1}, 1280, "the mean over 1 x 1"},
		{[]int{197, 192}, 0, "want one row an image"},
		{[]int{1, 2, 3, 4, 5}, 0, "want one row an image"},
		{[]int{1, 5, 3, 4}, 0, "want a square"},
		{[]int{1, 1, 64, 64}, 0, "one number an image"}, // as a detector's map
		{[]int{1, 0}, 0, "want no empty axis"},
		{[]int{1, 1 << 20}, 0, "want at most 65536"},
	} {
		_, features, said, err := poolingOf(one.shape)
		if err != nil {
			said = err.Error()
		}
		if features != one.features || !strings.Contains(said, one.said) || err == nil && said != one.said {
			t.Errorf("%v: %d features, %q, want %d, %q", one.shape, features, said, one.features, one.said)
		}
	}
}

// ending is a graph whose output comes of these nodes, each of which reads the last.
func ending(output string, ops ...string) *onnx.Graph {
	g := &onnx.Graph{Initializers: []onnx.Initializer{onnx.NewScalar("w", 2)}}
	value := "x"
	for i, op := range ops {
		n := onnx.Node{Name: op, Op: op, Inputs: []string{value}}
		value = strings.Repeat("v", i+1)
		if i == len(ops)-1 {
			value = output
		}
		n.Outputs = []string{value}
		switch op {
		case "Gemm", "MatMul", "Div", "Conv":
			n.Inputs = append(n.Inputs, "w")
		case "Add": // a bias, which may come first
			n.Inputs = append([]string{"w"}, n.Inputs...)
		case "Residual":
			n.Op, n.Inputs = "Add", append(n.Inputs, "x")
		}
		if op == "Conv" {
			n.Attributes = []onnx.Attribute{onnx.Ints("kernel_shape", 1, 1)}
		}
		g.Nodes = append(g.Nodes, n)
	}
	g.Outputs = []onnx.ValueInfo{{Name: output}}
	return g
}

func TestFeaturesAreWhatTheClassifierReads(t *testing.T) {
	for _, one := range []struct {
		g    *onnx.Graph
		want string
	}{
		{ending("logits", "Relu", "Gemm"), "v"},
		{ending("p", "Relu", "MatMul", "Add", "Div", "Softmax"), "v"},
		{ending("p", "Relu", "Conv", "Relu", "GlobalAveragePool", "Flatten", "Softmax"), "v"}, // SqueezeNet
		{ending("pooled", "Gemm", "Tanh"), "pooled"},
		{ending("hidden", "Gemm", "Residual"), "hidden"},
		{ending("tokens", "MatMul", "LayerNormalization"), "tokens"},
		{ending("image_embeds", "Relu", "MatMul"), "image_embeds"},
		{ending("y", "Conv", "Relu"), "y"},
	} {
		c, err := choose(one.g)
		if err != nil || c.value != one.want {
			t.Errorf("output %s: %+v, %v, want %s", one.g.Outputs[0].Name, c, err, one.want)
		}
	}
	several := ending("last_hidden_state", "LayerNormalization")
	several.Outputs = append(several.Outputs, onnx.ValueInfo{Name: "x"})
	if c, err := choose(several); err != nil || c.value != "last_hidden_state" {
		t.Errorf("of Hugging Face: %+v, %v", c, err)
	}
	several.Outputs[0].Name = "v"
	if _, err := choose(several); err == nil || !strings.Contains(err.Error(), "2 outputs (v, x)") {
		t.Errorf("two unknown ones: %v", err)
	}
}
