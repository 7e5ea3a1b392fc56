package onnx

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// chain is a graph of Relus, each of which reads the one before it, in reverse.
func chain(n int) *Model {
	m := &Model{IRVersion: 8, Opsets: []Opset{{Version: 18}}}
	g := &m.Graph
	g.Name = "chain"
	g.Inputs = []ValueInfo{TensorInfo("x0", Float32, Symbol("N"), Known(3))}
	g.Outputs = []ValueInfo{TensorInfo("x"+itoa(n), Float32, Symbol("N"), Known(3))}
	for i := n; i > 0; i-- {
		g.Nodes = append(g.Nodes, Node{Name: "n" + itoa(i), Op: "Relu",
			Inputs: []string{"x" + itoa(i-1)}, Outputs: []string{"x" + itoa(i)}})
	}
	return m
}

func itoa(n int) string {
	text := ""
	for ; n > 0 || text == ""; n /= 10 {
		text = string(rune('0'+n%10)) + text
	}
	return text
}

func nodeNames(nodes []Node) (names []string) {
	for i := range nodes {
		names = append(names, nodes[i].Name)
	}
	return names
}

func TestTidyOrdersTheNodes(t *testing.T) {
	m := chain(4)
	if err := m.Check(); err == nil {
		t.Fatal("Check takes nodes in reverse")
	}
	m.Tidy()
	if got := strings.Join(nodeNames(m.Graph.Nodes), " "); got != "n1 n2 n3 n4" {
		t.Errorf("got %s", got)
	}
	if err := m.Check(); err != nil {
		t.Error(err)
	}
	before := slices.Clone(m.Graph.Nodes)
	m.Tidy()
	if !slices.Equal(nodeNames(before), nodeNames(m.Graph.Nodes)) {
		t.Error("nodes in order were moved")
	}
	m = chain(maxNodes) // without a stack that grows with the chain
	m.Tidy()
	if m.Graph.Nodes[0].Name != "n1" {
		t.Errorf("got %s first", m.Graph.Nodes[0].Name)
	}
}

// TestTidyLooksIntoGraphs: a node in the graph of an If reads a value from outside.
func TestTidyLooksIntoGraphs(t *testing.T) {
	branch := func() *Graph {
		return &Graph{Name: "branch", Outputs: []ValueInfo{{Name: "z", Elem: Float32}},
			Nodes: []Node{{Name: "late", Op: "Neg", Inputs: []string{"own"}, Outputs: []string{"z"}},
				{Name: "early", Op: "Neg", Inputs: []string{"x2"}, Outputs: []string{"own"}}}}
	}
	m := chain(2)
	m.Graph.Inputs = append(m.Graph.Inputs, TensorInfo("which", Bool))
	m.Graph.Nodes = append([]Node{{Name: "if", Op: "If", Inputs: []string{"which"},
		Outputs: []string{"y"}, Attributes: []Attribute{
			{Name: "then_branch", Type: GraphAttr, Graph: branch()},
			{Name: "else_branch", Type: GraphAttr, Graph: branch()}}}}, m.Graph.Nodes...)
	m.Graph.Outputs = []ValueInfo{{Name: "y", Elem: Float32}}
	m.Tidy()
	if got := strings.Join(nodeNames(m.Graph.Nodes), " "); got != "n1 n2 if" {
		t.Errorf("got %s", got)
	}
	inner := m.Graph.Nodes[2].Attributes[0].Graph
	if got := strings.Join(nodeNames(inner.Nodes), " "); got != "early late" {
		t.Errorf("inside: got %s", got)
	}
	if err := m.Check(); err != nil {
		t.Error(err)
	}
}

func TestTidyLeavesACycle(t *testing.T) {
	m := chain(3)
	m.Graph.Nodes[2].Inputs[0] = "x3"
	m.Tidy()
	if err := m.Check(); err == nil || !strings.Contains(err.Error(), "cycle") {
		t.Errorf("got %v", err)
	}
}

// TestTheLastImportCounts, as in onnxruntime 1.32: with 13 and then 11 it takes a
// Squeeze that has axes as an attribute, with 11 and then 13 it refuses it.
func TestTheLastImportCounts(t *testing.T) {
	m := chain(1)
	m.Opsets = []Opset{{Version: 13}, {Domain: "ai.onnx.ml", Version: 3}, {Domain: "ai.onnx", Version: 11}}
	m.Tidy()
	if len(m.Opsets) != 2 || m.Opset("") != 11 || m.Opset("ai.onnx.ml") != 3 {
		t.Errorf("got %v", m.Opsets)
	}
}

func TestFilesThatAreTakenForModelsAreNamed(t *testing.T) {
	for name, c := range map[string]struct{ content, what, remedy string }{
		"pointer": {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 44730142\n",
			"a git-lfs pointer to 44730142 bytes", "git lfs pull"},
		"gzip":        {"\x1f\x8b\x08\x00 and more", "compressed with gzip", "gunzip"},
		"zip":         {"PK\x03\x04 and more", "a zip archive", "torch.onnx.export"},
		"keras":       {"\x89HDF\r\n\x1a\n and more", "an HDF5 file", "model.export"},
		"page":        {"\n<!DOCTYPE html><html>", "a page of the web", "raw or resolve"},
		"tflite":      {"\x1c\x00\x00\x00TFL3 and more", "a TensorFlow Lite file", "tf2onnx"},
		"safetensors": {"\x58\x00\x00\x00\x00\x00\x00\x00{\"a\":{}}", "a safetensors file", "export"},
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadFile(path)
		var other *NotModelError
		if !errors.As(err, &other) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if !strings.HasPrefix(err.Error(), path+": not an ONNX file: ") ||
			!strings.Contains(err.Error(), c.what) || !strings.Contains(other.Hint(), c.remedy) {
			t.Errorf("%s: got %v, hint %s", name, err, other.Hint())
		}
	}
}
