package onnx

import (
	"fmt"
	"slices"
)

// Upgrade rewrites a model for a newer operator set, up to 18, so that its nodes can be
// in one file with those of others. A model of that set or a newer one stays as it is.
// Of the operators whose form or meaning changed those are rewritten that networks for
// images have; all others are the same in both sets. Run the result beside the original.
// Source: the changelog of ONNX' operators, docs/Changelog.md.
func (m *Model) Upgrade(opset int64) error {
	from := m.Opset("")
	if opset > upgraded {
		return fmt.Errorf("operator set %d, want at most %d", opset, upgraded)
	}
	if from >= opset {
		return nil
	}
	if len(m.Functions) > 0 {
		return fmt.Errorf("its own operators (%s) are of operator set %d, want %d or newer: "+
			"export it again with that", m.Functions[0].Name, from, opset)
	}
	types, err := m.Types()
	if err != nil {
		return err
	}
	u := &upgrade{from: from, to: opset, types: types, used: map[string]bool{}}
	u.names(&m.Graph)
	if err := u.graph(&m.Graph); err != nil {
		return err
	}
	m.Opsets = slices.Clone(m.Opsets)
	for i := range m.Opsets {
		if plainDomain(m.Opsets[i].Domain) == "" {
			m.Opsets[i].Version = opset
		}
	}
	m.IRVersion = max(m.IRVersion, 8)
	return nil
}

// upgraded is the newest operator set that Upgrade makes.
const upgraded = 18

// upgrade is one Upgrade under way.
type upgrade struct {
	from, to int64
	types    map[string]ValueInfo // of the main graph
	used     map[string]bool      // names
	nodes    []Node               // of the graph under way
	consts   []Initializer
}

// names notes those that are taken.
func (u *upgrade) names(g *Graph) {
	for i := range g.Initializers {
		u.used[g.Initializers[i].Name] = true
	}
	for _, in := range g.Inputs {
		u.used[in.Name] = true
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		for _, out := range n.Outputs {
			u.used[out] = true
		}
		for k := range n.Attributes {
			if a := &n.Attributes[k]; a.Graph != nil {
				u.names(a.Graph)
			}
		}
	}
}

// graph rewrites the nodes of a graph, which may be one in a node.
func (u *upgrade) graph(g *Graph) error {
	nodes, consts := u.nodes, u.consts
	u.nodes, u.consts = nil, nil
	for i := range g.Nodes {
		n := g.Nodes[i]
		n.Inputs, n.Attributes = slices.Clone(n.Inputs), slices.Clone(n.Attributes)
		for k := range n.Attributes {
			if a := &n.Attributes[k]; a.Graph != nil {
				inner := *a.Graph
				if err := u.graph(&inner); err != nil {
					return err
				}
				a.Graph = &inner
			}
		}
		if plainDomain(n.Domain) == "" {
			if err := u.node(&n); err != nil {
				return fmt.Errorf("node %s (%s): %w", n.Name, n.Op, err)
			}
		}
		u.nodes = append(u.nodes, n)
	}
	g.Nodes, g.Initializers = u.nodes, append(slices.Clone(g.Initializers), u.consts...)
	u.nodes, u.consts = nodes, consts
	return nil
}

// crosses says whether an operator set is among those that lie between.
func (u *upgrade) crosses(set int64) bool { return u.from < set && set <= u.to }

// fresh is a name that nothing has.
func (u *upgrade) fresh(base string) string {
	name := base
	for i := 2; u.used[name]; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	u.used[name] = true
	return name
}

// constant adds an initializer and returns its name.
func (u *upgrade) constant(t Initializer, base string) string {
	t.Name = u.fresh(base)
	u.consts = append(u.consts, t)
	return t.Name
}

// remove takes an attribute out of a node.
func (n *Node) remove(name string) {
	n.Attributes = slices.DeleteFunc(n.Attributes, func(a Attribute) bool { return a.Name == name })
}

// setInput makes a value input i of a node; what is between is left out.
func (n *Node) setInput(i int, value string) {
	for len(n.Inputs) <= i {
		n.Inputs = append(n.Inputs, "")
	}
	n.Inputs[i] = value
}

// intsToInput makes an attribute of integers an input, if it is there.
func (u *upgrade) intsToInput(n *Node, attribute string, i int) error {
	if n.Attribute(attribute) == nil {
		return nil
	}
	list, err := n.Ints(attribute)
	if err != nil {
		return err
	}
	n.remove(attribute)
	n.setInput(i, u.constant(NewInt64("", list...), n.Outputs[0]+"_"+attribute))
	return nil
}

// floatToInput makes an attribute of one number an input, if it is there.
func (u *upgrade) floatToInput(n *Node, attribute string, i int) error {
	if n.Attribute(attribute) == nil {
		return nil
	}
	v, err := n.Float(attribute, 0)
	if err != nil {
		return err
	}
	if t := u.types[n.Inputs[0]]; t.Elem != Float32 && t.Elem != NoElem {
		return fmt.Errorf("attribute %s is of %s, want float32", attribute, t.Elem)
	}
	n.remove(attribute)
	n.setInput(i, u.constant(NewScalar("", v), n.Outputs[0]+"_"+attribute))
	return nil
}
