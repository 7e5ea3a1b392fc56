package onnx

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// forked is x -> a -> b (with a weight) -> c, and a side branch of its own.
func forked() *Model {
	info := func(name string) ValueInfo { return TensorInfo(name, Float32, Symbol("N"), Known(3)) }
	return &Model{IRVersion: 8, Opsets: []Opset{{Version: 17}}, Metadata: []Property{{"labels", "[]"}},
		Graph: Graph{Name: "chain", Inputs: []ValueInfo{info("x"), info("other")},
			Outputs: []ValueInfo{info("c"), info("side")},
			Initializers: []Initializer{NewInitializer("w", Tensor{Shape: []int{3}, Data: []float32{1, 2, 3}}),
				NewInitializer("unused", Tensor{Data: []float32{1}})},
			Nodes: []Node{
				{Name: "first", Op: "Relu", Inputs: []string{"x"}, Outputs: []string{"a"}},
				{Name: "second", Op: "Mul", Inputs: []string{"a", "w"}, Outputs: []string{"b"}},
				{Name: "branch", Op: "Add", Inputs: []string{"a", "other"}, Outputs: []string{"side"}},
				{Name: "third", Op: "Relu", Inputs: []string{"b"}, Outputs: []string{"c"}},
			}}}
}

func namesOf(nodes []Node) (list []string) {
	for _, n := range nodes {
		list = append(list, n.Name)
	}
	return list
}

func TestCutKeepsWhatTheValueNeeds(t *testing.T) {
	for _, to := range []string{"b", "second"} { // a value, and the node that makes it
		m, err := forked().Cut(to)
		if err != nil {
			t.Fatal(err)
		}
		g := &m.Graph
		if !slices.Equal(namesOf(g.Nodes), []string{"first", "second"}) || len(g.Inputs) != 1 || g.Inputs[0].Name != "x" ||
			len(g.Initializers) != 1 || g.Outputs[0].Name != "b" || g.Outputs[0].Dims[1].Value != 3 || m.Metadata != nil {
			t.Errorf("%s: %+v", to, g)
		}
		if err := m.Check(); err != nil {
			t.Error(err)
		}
	}
	m, err := forked().Cut("c", TensorInfo("a", Float32, Symbol("N"), Known(3)))
	if err != nil {
		t.Fatal(err)
	}
	if g := &m.Graph; !slices.Equal(namesOf(g.Nodes), []string{"second", "third"}) || g.Inputs[0].Name != "a" || len(g.Inputs) != 1 {
		t.Errorf("from a on: %+v", g)
	}
}

// TestCutSaysNoTypeRatherThanNone: onnxruntime refuses a tensor of no type.
func TestCutSaysNoTypeRatherThanNone(t *testing.T) {
	m := forked()
	m.Graph.Nodes[3] = Node{Name: "third", Op: "Gelu", Domain: "com.microsoft", Inputs: []string{"b"}, Outputs: []string{"c"}}
	m.Opsets = append(m.Opsets, Opset{Domain: "com.microsoft", Version: 1})
	m.Graph.Outputs[0].Elem = NoElem
	cut, err := m.Cut("c")
	if err != nil || cut.Graph.Outputs[0].Kind != NoKind {
		t.Errorf("%+v, %v", cut, err)
	}
}

func TestCutNamesWhatIsNear(t *testing.T) {
	_, err := forked().Cut("secnd")
	var none *NoValueError
	if !errors.As(err, &none) || none.Near[0] != "second" || len(none.Near) != 3 {
		t.Errorf("got %v", err)
	}
	if _, err := forked().Cut(strings.Repeat("x", 1000)); !errors.As(err, &none) || none.Near != nil {
		t.Errorf("a long name: %v", err)
	}
	for _, name := range []string{"", "w"} { // a weight is no value that depends on an image
		if _, err := forked().Cut(name); !errors.As(err, &none) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestCutAndPrefixedLookIntoGraphs: what a graph within a node reads from around it is
// kept, and renamed with the rest.
func TestCutAndPrefixedLookIntoGraphs(t *testing.T) {
	m := forked()
	body := Graph{Name: "then", Outputs: []ValueInfo{TensorInfo("y", Float32, Symbol("N"), Known(3))},
		Nodes: []Node{{Name: "in", Op: "Mul", Inputs: []string{"a", "w"}, Outputs: []string{"y"}}}}
	m.Graph.Nodes[1] = Node{Name: "second", Op: "If", Inputs: []string{"yes"}, Outputs: []string{"b"}, Attributes: []Attribute{
		{Name: "then_branch", Type: GraphAttr, Graph: &body}, {Name: "else_branch", Type: GraphAttr, Graph: &body}}}
	m.Graph.Initializers[1] = Initializer{Name: "yes", Elem: Bool, Raw: []byte{1}}
	cut, err := m.Cut("b")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(namesOf(cut.Graph.Nodes), []string{"first", "second"}) || len(cut.Graph.Initializers) != 2 {
		t.Errorf("%+v", cut.Graph)
	}
	renamed := cut.Graph.Prefixed("p/", "x")
	n := &renamed.Nodes[1]
	inner := n.Attributes[0].Graph.Nodes[0]
	if n.Inputs[0] != "p/yes" || inner.Inputs[0] != "p/a" || inner.Inputs[1] != "p/w" || inner.Outputs[0] != "p/y" ||
		renamed.Inputs[0].Name != "x" || renamed.Nodes[0].Inputs[0] != "x" || renamed.Outputs[0].Name != "p/b" {
		t.Errorf("%+v", renamed)
	}
	if body.Nodes[0].Inputs[0] != "a" || cut.Graph.Nodes[0].Name != "first" {
		t.Error("the original was renamed")
	}
	cut.Graph = renamed
	if err := cut.Check(); err != nil {
		t.Error(err)
	}
}

func TestUpgradeRefusesWhatItDoesNotKnow(t *testing.T) {
	m := forked()
	if err := m.Upgrade(19); err == nil {
		t.Error("to a set that it does not make: no error")
	}
	m.Functions = []Function{{Domain: "own", Name: "f"}}
	if err := m.Upgrade(18); err == nil || !strings.Contains(err.Error(), "its own operators (f) are of operator set 17") {
		t.Errorf("got %v", err)
	}
	newer := forked()
	newer.Opsets[0].Version = 20
	if err := newer.Upgrade(18); err != nil || newer.Opset("") != 20 {
		t.Errorf("a newer one: set %d, %v", newer.Opset(""), err)
	}
}
