package ort

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/onnx"
)

func TestPortsAreThoseThatOnnxruntimeHas(t *testing.T) {
	load(t)
	for _, in := range []colours.Input{colours.Bytes, colours.Float, colours.PlainNHWC} {
		model := encode(t, in)
		got, err := Read(model)
		if err != nil {
			t.Fatal(err)
		}
		want := &Model{file: model}
		if err := want.ask(); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Inputs, want.Inputs) ||
			!reflect.DeepEqual(got.Outputs, want.Outputs) ||
			!reflect.DeepEqual(got.Metadata, want.Metadata) {
			t.Errorf("%s: got %+v, want %+v", in, got, want)
		}
	}
}

func TestModelsThatOnnxruntimeRefusesSayWhy(t *testing.T) {
	load(t)
	m, err := colours.Model(colours.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	m.Graph.Nodes[1].Op = "NoSuchOperator"
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewSession(data, Options{})
	if err == nil || !strings.Contains(err.Error(), "NoSuchOperator") ||
		strings.Contains(err.Error(), "Error creating") {
		t.Errorf("got %v, want the operator named and nothing of the bindings' words", err)
	}
}

// halved is a model with a second output, which the bindings cannot read.
func halved(t *testing.T) []byte {
	t.Helper()
	m, err := colours.Model(colours.PlainNCHW)
	if err != nil {
		t.Fatal(err)
	}
	m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Name: "half", Op: "Cast",
		Inputs: []string{"logits"}, Outputs: []string{"half"},
		Attributes: []onnx.Attribute{onnx.Int("to", int64(onnx.Float16))}})
	m.Graph.Outputs = append(m.Graph.Outputs,
		onnx.TensorInfo("half", onnx.Float16, onnx.Symbol("N"), onnx.Known(3)))
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRunsComputeTheOutputsThatAreAskedFor(t *testing.T) {
	load(t)
	in := map[string]onnx.Tensor{"pixels": onnx.NewTensor(1, 3, 8, 8)}
	s, err := NewSession(halved(t), Options{Outputs: []string{"logits"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := s.Run(t.Context(), in)
	if err != nil || len(out) != 1 || len(out["logits"].Data) != 3 {
		t.Errorf("got %v, %v, want the logits alone", out, err)
	}
	if got := names(s.Outputs()); !slices.Equal(got, []string{"logits", "half"}) {
		t.Errorf("got outputs %v, want both", got)
	}
}

func TestAnOutputThatCannotBeReadIsAnError(t *testing.T) {
	load(t)
	s, err := NewSession(halved(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pixels := map[string]onnx.Tensor{"pixels": onnx.NewTensor(1, 3, 8, 8)}
	if out, err := s.Run(t.Context(), pixels); err == nil {
		t.Errorf("got %v, want an error", out)
	}
}
