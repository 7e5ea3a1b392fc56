//go:build linux || darwin

package ort

import (
	"context"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/flowerctl/flowerctl/onnx"
)

// stderrOf is what native code and Go write to stderr while do works.
func stderrOf(t *testing.T, do func()) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	saved, err := unix.Dup(2)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Dup2(int(file.Fd()), 2); err != nil {
		t.Fatal(err)
	}
	do()
	if err := unix.Dup2(saved, 2); err != nil {
		t.Fatal(err)
	}
	if err := unix.Close(saved); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAFailedRunWritesNoLog: the caller gets the error, and says it in its own way.
func TestAFailedRunWritesNoLog(t *testing.T) {
	load(t)
	n := onnx.Symbol("N")
	m := onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 18}}, Graph: onnx.Graph{
		Name:         "three",
		Inputs:       []onnx.ValueInfo{onnx.TensorInfo("x", onnx.Float32, n)},
		Outputs:      []onnx.ValueInfo{onnx.TensorInfo("y", onnx.Float32, n)},
		Initializers: []onnx.Initializer{onnx.NewInitializer("w", onnx.NewTensor(3))},
		Nodes: []onnx.Node{{Name: "sum", Op: "Add", Inputs: []string{"x", "w"},
			Outputs: []string{"y"}}},
	}}
	model, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	// On some machines opening a session writes about them: how cores are numbered, a GPU.
	s, err := NewSession(model, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	five := onnx.NewTensor(5) // and three do not add up
	text := stderrOf(t, func() {
		_, err = s.Run(context.Background(), map[string]onnx.Tensor{"x": five})
	})
	if err == nil {
		t.Error("the run had no error")
	}
	if text != "" {
		t.Errorf("on stderr stands %q", text)
	}
}
