package onnx

import "slices"

// Prefixed is a copy of the graph in which the names of all values and nodes begin with
// a prefix, also in graphs within it, but for those of keep. It shares weights with g.
func (g *Graph) Prefixed(prefix string, keep ...string) Graph {
	name := func(s string) string {
		if s == "" || slices.Contains(keep, s) {
			return s
		}
		return prefix + s
	}
	list := func(names []string) []string {
		out := make([]string, len(names))
		for i, s := range names {
			out[i] = name(s)
		}
		return out
	}
	out := Graph{Name: g.Name, Doc: g.Doc, Initializers: slices.Clone(g.Initializers),
		Inputs: slices.Clone(g.Inputs), Outputs: slices.Clone(g.Outputs),
		Values: slices.Clone(g.Values), Nodes: slices.Clone(g.Nodes)}
	for i := range out.Initializers {
		out.Initializers[i].Name = name(out.Initializers[i].Name)
	}
	for _, values := range [][]ValueInfo{out.Inputs, out.Outputs, out.Values} {
		for i := range values {
			values[i].Name = name(values[i].Name)
		}
	}
	for i := range out.Nodes {
		n := &out.Nodes[i]
		n.Name, n.Inputs, n.Outputs = name(n.Name), list(n.Inputs), list(n.Outputs)
		n.Attributes = slices.Clone(n.Attributes)
		for k := range n.Attributes {
			a := &n.Attributes[k]
			if a.Graph != nil {
				inner := a.Graph.Prefixed(prefix, keep...)
				a.Graph = &inner
			}
			a.Graphs = slices.Clone(a.Graphs)
			for j := range a.Graphs {
				a.Graphs[j] = a.Graphs[j].Prefixed(prefix, keep...)
			}
		}
	}
	return out
}
