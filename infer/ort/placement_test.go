package ort

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/onnx"
)

// shapes is y = relu(x) spread to twice as many images, by a shape that the
// graph computes.
func shapes(t *testing.T) []byte {
	t.Helper()
	m := onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 18}}, Graph: onnx.Graph{
		Name: "shapes",
		Inputs: []onnx.ValueInfo{onnx.TensorInfo("x", onnx.Float32, onnx.Known(1),
			onnx.Symbol("H"), onnx.Known(3))},
		Outputs: []onnx.ValueInfo{onnx.TensorInfo("y", onnx.Float32, onnx.Symbol("N"),
			onnx.Symbol("H"), onnx.Known(3))},
		Initializers: []onnx.Initializer{onnx.NewInt64("twice", 2, 1, 1)},
		Nodes: []onnx.Node{
			{Name: "positive", Op: "Relu", Inputs: []string{"x"}, Outputs: []string{"r"}},
			{Name: "shape", Op: "Shape", Inputs: []string{"x"}, Outputs: []string{"s"}},
			{Name: "more", Op: "Mul", Inputs: []string{"s", "twice"}, Outputs: []string{"d"}},
			{Name: "spread", Op: "Expand", Inputs: []string{"r", "d"}, Outputs: []string{"y"}},
		},
	}}
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPlacementNamesTheNodesThatAreNotOnTheDevice(t *testing.T) {
	load(t)
	model := shapes(t)
	m, err := Read(model)
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := placement(model, m.Inputs, names(m.Outputs), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var ran []string
	for _, n := range nodes {
		ran = append(ran, n.name)
		if n.provider != "CPUExecutionProvider" {
			t.Errorf("%s: got provider %s", n.name, n.provider)
		}
	}
	if !slices.Contains(ran, "more") {
		t.Errorf("got nodes %v, want the one that computes the shape among them", ran)
	}
	if got := elsewhere(nodes, Device{}); len(got) != 0 {
		t.Errorf("on the CPU: got %v, want none elsewhere", got)
	}
	// All ran on the CPU: to a GPU the computation would be missing, and only that.
	want := []string{"positive (Relu)", "spread (Expand)"}
	if got := elsewhere(nodes, Device{CUDA: true}); !slices.Equal(got, want) {
		t.Errorf("on a GPU: got %v, want %v", got, want)
	}
}

func TestProfileIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":            "profile: unexpected end",
		`{"cat":1}`:   "profile: json",
		"[]":          "names no node",
		`[{"cat":1}]`: "profile: json",
	} {
		if _, err := readProfile([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want %q in it", text, err, want)
		}
	}
}

// TestWeightsOfResizingMayBeOnTheCPU, what is done to the image may not.
func TestWeightsOfResizingMayBeOnTheCPU(t *testing.T) {
	var nodes []nodeRun
	for _, name := range []string{"preprocess/across_odd", "preprocess/down_weights",
		"preprocess/down_product", "preprocess/across_resized", "preprocess/across"} {
		nodes = append(nodes, nodeRun{name, "Op", "CPUExecutionProvider", 1000})
	}
	want := []string{"preprocess/down_product (Op)", "preprocess/across_resized (Op)", "preprocess/across (Op)"}
	if got := elsewhere(nodes, Device{CUDA: true}); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
