package onnx

import (
	"fmt"
	"unicode/utf8"
)

// The operator sets and file versions that Check knows and accepts: up to the newest
// of ONNX 1.23.2, whose operators are in operators.go.
const (
	MinOpset     = 7
	MaxOpset     = 28
	MinIRVersion = 3
	MaxIRVersion = 14
)

// Check returns an error that says what is wrong with the model: in its versions,
// names, order, operators, attributes, types or shapes. For operators without a
// shape rule in this package it believes the declared types; see [Model.Types].
func (m *Model) Check() error {
	_, err := m.Types()
	return err
}

// Types checks the model and returns the type of every value of its main graph,
// by name: graph inputs, initializers and the outputs of nodes. An output of an
// operator without a shape rule is of NoKind unless the file declares its type.
func (m *Model) Types() (map[string]ValueInfo, error) {
	c := &checker{model: m, functions: make(map[[2]string]bool, len(m.Functions))}
	if err := c.header(); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	s, err := c.graph(&m.Graph, nil)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	types := make(map[string]ValueInfo, len(s.values))
	for name, v := range s.values {
		types[name] = v.ValueInfo
	}
	return types, nil
}

type checker struct {
	model     *Model
	opset     int64
	functions map[[2]string]bool // domain and name of the file's own operators
}

// value is what is known about a value: its type, and its elements if it is a short
// vector of integers, such as a shape.
type value struct {
	ValueInfo
	ints []integer
}

// integer is an element of a followed vector: a known Value of any sign, or a
// length that is not known.
type integer struct {
	Dim
	known bool
}

// scope holds the values that a node may read: those of its graph before it, and
// those of the graphs around it.
type scope struct {
	parent *scope
	values map[string]*value
	makers map[string]int // which node of the graph makes a value
}

func (s *scope) find(name string) *value {
	for ; s != nil; s = s.parent {
		if v, ok := s.values[name]; ok {
			return v
		}
	}
	return nil
}

func (c *checker) header() error {
	m := c.model
	if m.IRVersion < MinIRVersion || m.IRVersion > MaxIRVersion {
		return fmt.Errorf("IR version %d, want %d to %d", m.IRVersion, MinIRVersion, MaxIRVersion)
	}
	seen := map[string]bool{}
	for _, o := range m.Opsets {
		d := plainDomain(o.Domain)
		if seen[d] {
			return fmt.Errorf("operator set %q is imported twice", o.Domain)
		}
		seen[d] = true
	}
	c.opset = m.Opset("")
	if c.opset < MinOpset || c.opset > MaxOpset {
		return fmt.Errorf("operator set version %d, want %d to %d", c.opset, MinOpset, MaxOpset)
	}
	for _, f := range m.Functions {
		key := [2]string{f.Domain, f.Name}
		if c.functions[key] {
			return fmt.Errorf("function %s.%s is defined twice", f.Domain, f.Name)
		}
		c.functions[key] = true
	}
	keys := map[string]bool{}
	for _, p := range m.Metadata {
		if keys[p.Key] {
			return fmt.Errorf("metadata has two entries for %q", p.Key)
		}
		keys[p.Key] = true
	}
	return nil
}

// graph checks one graph and returns its values.
func (c *checker) graph(g *Graph, parent *scope) (*scope, error) {
	s := &scope{parent: parent, values: make(map[string]*value, len(g.Nodes)+len(g.Initializers))}
	if err := c.sources(s, g); err != nil {
		return nil, err
	}
	if err := makers(s, g); err != nil {
		return nil, err
	}
	declared := make(map[string]*ValueInfo, len(g.Values)+len(g.Outputs))
	for _, list := range [][]ValueInfo{g.Values, g.Outputs} {
		for i := range list {
			declared[list[i].Name] = &list[i]
		}
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if err := c.node(s, g, n); err != nil {
			return nil, fmt.Errorf("node %d %q (%s): %w", i, n.Name, n.Op, err)
		}
		for _, name := range n.Outputs {
			if d := declared[name]; d != nil && name != "" {
				if err := s.values[name].agree(d); err != nil {
					return nil, fmt.Errorf("node %d %q (%s): its output %q %w", i, n.Name, n.Op, name, err)
				}
				s.values[name].refine(d)
			}
		}
	}
	return s, checkOutputs(s, g)
}

// sources adds the graph's inputs and initializers to s. Before IR version 4 each
// initializer had to be an input too.
func (c *checker) sources(s *scope, g *Graph) error {
	for _, in := range g.Inputs {
		if err := checkName("input", in.Name); err != nil {
			return err
		}
		if s.values[in.Name] != nil {
			return fmt.Errorf("two inputs are named %q", in.Name)
		}
		if err := in.check(); err != nil {
			return fmt.Errorf("input %q: %w", in.Name, err)
		}
		s.values[in.Name] = &value{ValueInfo: in}
	}
	seen := make(map[string]bool, len(g.Initializers))
	for i := range g.Initializers {
		t := &g.Initializers[i]
		if err := checkName("initializer", t.Name); err != nil {
			return err
		}
		if seen[t.Name] {
			return fmt.Errorf("two initializers are named %q", t.Name)
		}
		seen[t.Name] = true
		if err := t.Validate(); err != nil {
			return err
		}
		v := constant(t)
		if in := s.values[t.Name]; in != nil {
			if err := v.agree(&in.ValueInfo); err != nil {
				return fmt.Errorf("initializer %q %w", t.Name, err)
			}
			if c.model.IRVersion >= 4 {
				v.ints = nil // the caller may give another value
			}
		}
		s.values[t.Name] = v
	}
	return nil
}

// makers records which node makes each value. It must be one node, and the value
// must not be an input or initializer.
func makers(s *scope, g *Graph) error {
	s.makers = make(map[string]int, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		for _, name := range n.Outputs {
			if name == "" {
				continue
			}
			if err := checkName("output of node "+n.Name, name); err != nil {
				return err
			}
			if j, ok := s.makers[name]; ok {
				return fmt.Errorf("nodes %d %q and %d %q both make %q", j, g.Nodes[j].Name, i, n.Name, name)
			}
			if s.values[name] != nil {
				return fmt.Errorf("node %d %q makes %q, which is an input or initializer", i, n.Name, name)
			}
			s.makers[name] = i
		}
	}
	return nil
}

func checkOutputs(s *scope, g *Graph) error {
	if len(g.Outputs) == 0 {
		return fmt.Errorf("graph %q has no outputs", g.Name)
	}
	seen := map[string]bool{}
	for _, out := range g.Outputs {
		if seen[out.Name] {
			return fmt.Errorf("two outputs are named %q", out.Name)
		}
		seen[out.Name] = true
		if out.Name == "" || s.find(out.Name) == nil {
			return fmt.Errorf("output %q is made by no node", out.Name)
		}
		if err := out.check(); err != nil {
			return fmt.Errorf("output %q: %w", out.Name, err)
		}
	}
	return nil
}

func checkName(what, name string) error {
	if name == "" || !utf8.ValidString(name) {
		return fmt.Errorf("%s: name %q is empty or not UTF-8", what, name)
	}
	return nil
}
