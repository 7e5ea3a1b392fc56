package ort

import (
	"context"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/onnx"
)

// Status is what is known of the library that a build would use.
type Status struct {
	install.Library
	Installed bool   `json:"installed"`
	Wanted    string `json:"wanted"`          // the version that package install installs
	Error     string `json:"error,omitempty"` // of Err
	Err       error  `json:"-"`               // what is wrong with the library
}

// StatusOf finds the library that a build would use and compares its files with those
// that were installed. The CPU build is loaded too, which says its version.
func StatusOf(build install.Build) Status {
	s := Status{Wanted: install.Version}
	library, err := install.Find(build)
	if err == nil {
		s.Library, s.Installed = library, true
		err = library.Verify()
	}
	if err == nil && build == install.BuildCPU {
		var loaded install.Library
		if loaded, err = Load(library); err == nil {
			s.Library = loaded
		}
	}
	if err != nil {
		s.Error, s.Err = err.Error(), err
	}
	return s
}

// SelfTest runs the smallest of models, y = -x, in the library that is loaded.
func SelfTest(ctx context.Context) (err error) {
	one := onnx.Known(1)
	m := onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 18}}, Graph: onnx.Graph{
		Name:    "selftest",
		Inputs:  []onnx.ValueInfo{onnx.TensorInfo("x", onnx.Float32, one)},
		Outputs: []onnx.ValueInfo{onnx.TensorInfo("y", onnx.Float32, one)},
		Nodes: []onnx.Node{{Name: "negate", Op: "Neg", Inputs: []string{"x"},
			Outputs: []string{"y"}}},
	}}
	data, err := m.Encode()
	if err != nil {
		return err
	}
	session, err := NewSession(data, Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	out, err := session.Run(ctx, map[string]onnx.Tensor{"x": {Shape: []int{1}, Data: []float32{2}}})
	if err == nil && (len(out["y"].Data) != 1 || out["y"].Data[0] != -2) {
		err = fmt.Errorf("a model that negates 2 answers %v", out["y"].Data)
	}
	return err
}
