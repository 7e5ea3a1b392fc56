package main

import (
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flowerctl/flowerctl/onnx"
)

// serveFolder serves a folder on this machine until the script ends, and sets $URL:
// serve DIR.
func serveFolder(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serve DIR")
	}
	server := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	ts.Defer(server.Close)
	ts.Setenv("URL", server.URL)
}

// identity writes a network that answers what it is asked: identity FILE INPUT OUTPUT.
func identity(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: identity FILE INPUT OUTPUT")
	}
	in, out := args[1], args[2]
	m := &onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 13}}, Graph: onnx.Graph{
		Name:    "identity",
		Nodes:   []onnx.Node{{Name: out, Op: "Identity", Inputs: []string{in}, Outputs: []string{out}}},
		Inputs:  []onnx.ValueInfo{onnx.TensorInfo(in, onnx.Float32, onnx.Symbol("N"))},
		Outputs: []onnx.ValueInfo{onnx.TensorInfo(out, onnx.Float32, onnx.Symbol("N"))},
	}}
	data, err := m.Encode()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}
