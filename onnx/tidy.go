package onnx

import "slices"

// Tidy brings a model of another program into the form that [Model.Check] asks for,
// without a change of what it computes: the nodes come in an order in which each reads
// only what is there, and each operator set is imported once. Of two imports of a set
// the last one counts, as in onnxruntime. Nodes in a cycle stay where they are, and
// Check says so.
func (m *Model) Tidy() {
	for i := len(m.Opsets) - 1; i >= 0; i-- {
		domain := plainDomain(m.Opsets[i].Domain)
		if slices.ContainsFunc(m.Opsets[i+1:], func(o Opset) bool {
			return plainDomain(o.Domain) == domain
		}) {
			m.Opsets = slices.Delete(m.Opsets, i, i+1)
		}
	}
	m.Graph.sort()
	for i := range m.Functions {
		if order, ok := orderOf(m.Functions[i].Nodes); ok {
			m.Functions[i].Nodes = order
		}
	}
}

// sort orders the nodes of a graph and of the graphs in its nodes' attributes.
func (g *Graph) sort() {
	for i := range g.Nodes {
		for k := range g.Nodes[i].Attributes {
			a := &g.Nodes[i].Attributes[k]
			if a.Graph != nil {
				a.Graph.sort()
			}
			for j := range a.Graphs {
				a.Graphs[j].sort()
			}
		}
	}
	if order, ok := orderOf(g.Nodes); ok {
		g.Nodes = order
	}
}

// orderOf is the nodes in an order in which each comes after those that it reads, as
// near to the given one as can be. It is false where that order is the given one, or
// there is none.
func orderOf(nodes []Node) ([]Node, bool) {
	maker := make(map[string]int, len(nodes))
	for i := range nodes {
		for _, out := range nodes[i].Outputs {
			if out != "" {
				maker[out] = i
			}
		}
	}
	s := &sorter{nodes: nodes, maker: maker, state: make([]uint8, len(nodes)), sorted: true}
	for i := range nodes {
		if !s.visit(i) {
			return nil, false
		}
	}
	return s.order, !s.sorted
}

// sorter visits nodes depth first, those that a node reads before it. The stack is a
// list of its own: a file may have a chain of 50,000 nodes in reverse.
type sorter struct {
	nodes  []Node
	maker  map[string]int // the node that makes a value
	state  []uint8
	order  []Node
	sorted bool // the order is the given one so far
}

const (
	unseen uint8 = iota
	under        // its nodes are being visited
	done
)

// visit adds a node and all that it needs; false means a cycle.
func (s *sorter) visit(i int) bool {
	type frame struct {
		node  int
		needs []int
	}
	if s.state[i] == done {
		return true
	}
	s.state[i] = under
	stack := []frame{{i, s.needs(i)}}
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		if len(f.needs) == 0 {
			s.sorted = s.sorted && f.node == len(s.order)
			s.state[f.node] = done
			s.order = append(s.order, s.nodes[f.node])
			stack = stack[:len(stack)-1]
			continue
		}
		next := f.needs[0]
		f.needs = f.needs[1:]
		switch s.state[next] {
		case under:
			return false
		case unseen:
			s.state[next] = under
			stack = append(stack, frame{next, s.needs(next)})
		}
	}
	return true
}

// needs are the nodes that node i reads, also from within the graphs it holds.
func (s *sorter) needs(i int) []int {
	var list []int
	n := &s.nodes[i]
	for _, name := range n.Inputs {
		if k, ok := s.maker[name]; ok && name != "" {
			list = append(list, k)
		}
	}
	for k := range n.Attributes {
		a := &n.Attributes[k]
		if a.Graph != nil {
			list = s.captured(list, i, a.Graph)
		}
		for j := range a.Graphs {
			list = s.captured(list, i, &a.Graphs[j])
		}
	}
	return list
}

// captured adds the nodes that make what a graph inside node i reads from around it. A
// name that the graph gives to a value of its own may stand for another value outside.
func (s *sorter) captured(list []int, i int, g *Graph) []int {
	own := map[string]bool{}
	for _, in := range g.Inputs {
		own[in.Name] = true
	}
	for k := range g.Initializers {
		own[g.Initializers[k].Name] = true
	}
	for k := range g.Nodes {
		for _, out := range g.Nodes[k].Outputs {
			own[out] = true
		}
	}
	read := func(name string) {
		if k, ok := s.maker[name]; ok && !own[name] && name != "" && k != i {
			list = append(list, k)
		}
	}
	for k := range g.Nodes {
		n := &g.Nodes[k]
		for _, name := range n.Inputs {
			read(name)
		}
		for j := range n.Attributes {
			if inner := n.Attributes[j].Graph; inner != nil {
				list = s.captured(list, i, inner)
			}
			for l := range n.Attributes[j].Graphs {
				list = s.captured(list, i, &n.Attributes[j].Graphs[l])
			}
		}
	}
	for _, out := range g.Outputs {
		read(out.Name)
	}
	return list
}
