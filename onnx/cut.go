package onnx

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// NoValueError says that a graph has no value and no node of a name.
type NoValueError struct {
	Name string
	Near []string // up to three names that are like it
}

func (e *NoValueError) Error() string {
	if len(e.Near) == 0 {
		return fmt.Sprintf("there is no value and no node %q", e.Name)
	}
	return fmt.Sprintf("there is no value and no node %q: near are %s",
		e.Name, strings.Join(e.Near, ", "))
}

// Value is the value of a name: one that a node makes, an input, or what the node of
// that name makes first. There being none is a [*NoValueError].
func (g *Graph) Value(name string) (string, error) {
	for i := range g.Nodes {
		if name != "" && slices.Contains(g.Nodes[i].Outputs, name) {
			return name, nil
		}
	}
	for _, in := range g.Inputs {
		if in.Name == name {
			return name, nil
		}
	}
	if n := g.Node(name); n != nil && name != "" && len(n.Outputs) > 0 {
		return n.Outputs[0], nil
	}
	return "", &NoValueError{name, g.near(name)}
}

// near are up to three names of values that nodes make which are like a name.
func (g *Graph) near(name string) (names []string) {
	type candidate struct {
		name     string
		distance int
	}
	var all []candidate
	add := func(s string) {
		if s != "" && len(s) <= maxNear {
			all = append(all, candidate{s, distance(strings.ToLower(name), strings.ToLower(s))})
		}
	}
	if len(name) > maxNear {
		return nil
	}
	for i := range g.Nodes {
		add(g.Nodes[i].Name)
		for _, out := range g.Nodes[i].Outputs {
			add(out)
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	for _, c := range all {
		if len(names) < 3 && !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	return names
}

// maxNear is the length of names that are compared: each pair takes its square.
const maxNear = 200

// distance is how many letters have to be changed, added or left out to make b of a.
// Source: Wagner and Fischer, The string-to-string correction problem, 1974.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0] // of the row above, one to the left
		row[0] = i + 1
		for j := range len(b) {
			d := before
			if a[i] != b[j] {
				d++
			}
			before = row[j+1]
			row[j+1] = min(d, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// Cut is the part of a model that computes one value, its only output, from the values
// of from, which are inputs of the result with these types, and of the inputs that it
// needs besides. It has neither metadata nor the types of values between, and shares
// nodes and weights with m.
func (m *Model) Cut(to string, from ...ValueInfo) (*Model, error) {
	to, err := m.Graph.Value(to)
	if err != nil {
		return nil, err
	}
	out := &Model{IRVersion: m.IRVersion, Opsets: m.Opsets, ProducerName: m.ProducerName,
		ProducerVersion: m.ProducerVersion, Functions: m.Functions}
	g := &out.Graph
	g.Name = m.Graph.Name
	given := map[string]bool{}
	for _, v := range from {
		given[v.Name] = true
	}
	needed := map[string]bool{to: true}
	for _, n := range slices.Backward(m.Graph.Nodes) {
		makes := func(s string) bool { return needed[s] && !given[s] }
		if !slices.ContainsFunc(n.Outputs, makes) {
			continue
		}
		g.Nodes = append(g.Nodes, n)
		n.read(func(name string) { needed[name] = true })
	}
	slices.Reverse(g.Nodes)
	delete(needed, "")
	for _, v := range from {
		if needed[v.Name] {
			g.Inputs = append(g.Inputs, v)
		}
	}
	for _, in := range m.Graph.Inputs {
		if needed[in.Name] && !given[in.Name] {
			g.Inputs = append(g.Inputs, in)
		}
	}
	for _, t := range m.Graph.Initializers {
		if needed[t.Name] && !given[t.Name] {
			g.Initializers = append(g.Initializers, t)
		}
	}
	g.Outputs = []ValueInfo{{Name: to, Kind: NoKind}}
	types, err := out.Types()
	if err != nil {
		return nil, err
	}
	if g.Outputs[0] = types[to]; g.Outputs[0].Kind == NoKind {
		for _, v := range append(slices.Clone(m.Graph.Values), m.Graph.Outputs...) {
			if v.Name == to {
				g.Outputs[0] = v
			}
		}
	}
	if v := &g.Outputs[0]; v.Kind == TensorKind && v.Elem == NoElem { // some files say so
		*v = ValueInfo{Name: to, Kind: NoKind}
	}
	return out, nil
}

// read tells the names of all that a node reads, also from within the graphs it holds.
func (n *Node) read(tell func(name string)) {
	for _, name := range n.Inputs {
		tell(name)
	}
	for i := range n.Attributes {
		a := &n.Attributes[i]
		graphs := a.Graphs
		if a.Graph != nil {
			graphs = append(slices.Clone(graphs), *a.Graph)
		}
		for j := range graphs {
			for k := range graphs[j].Nodes {
				graphs[j].Nodes[k].read(tell)
			}
			for _, out := range graphs[j].Outputs {
				tell(out.Name)
			}
		}
	}
}
