package onnx

import "fmt"

func (c *checker) node(s *scope, g *Graph, n *Node) error {
	if err := c.operator(n); err != nil {
		return err
	}
	seen := make(map[string]bool, len(n.Attributes))
	for i := range n.Attributes {
		a := &n.Attributes[i]
		if a.Name == "" || seen[a.Name] {
			return fmt.Errorf("attribute %q: the name is empty or is there twice", a.Name)
		}
		seen[a.Name] = true
		if err := c.attribute(s, a); err != nil {
			return fmt.Errorf("attribute %q: %w", a.Name, err)
		}
	}
	in := make([]*value, len(n.Inputs))
	for i, name := range n.Inputs {
		if name == "" {
			continue
		}
		if in[i] = s.find(name); in[i] != nil {
			continue
		}
		if j, ok := s.makers[name]; ok {
			return fmt.Errorf("reads %q, which the later node %d %q makes: "+
				"the nodes are in a cycle or not in order", name, j, g.Nodes[j].Name)
		}
		return fmt.Errorf("reads %q, which nothing makes", name)
	}
	return c.infer(s, n, in)
}

// operator checks that the node's operator exists.
func (c *checker) operator(n *Node) error {
	if c.functions[[2]string{n.Domain, n.Op}] {
		return nil
	}
	domain := plainDomain(n.Domain)
	if domain != "" && c.model.Opset(domain) == 0 {
		return fmt.Errorf("its operator set %q is not imported", n.Domain)
	}
	switch domain {
	case "":
	case "ai.onnx.ml", "com.microsoft":
		return nil // checked by the runtime
	default:
		return fmt.Errorf("unknown operator set %q", n.Domain)
	}
	op, ok := operators[n.Op]
	if !ok {
		return fmt.Errorf("unknown operator %q", n.Op)
	}
	if c.opset < op.since {
		return fmt.Errorf("%s came with operator set %d, the file uses %d", n.Op, op.since, c.opset)
	}
	if op.removed > 0 && c.opset >= op.removed {
		return fmt.Errorf("%s was removed in operator set %d, the file uses %d",
			n.Op, op.removed, c.opset)
	}
	return nil
}

// attribute checks tensors and graphs inside an attribute.
func (c *checker) attribute(s *scope, a *Attribute) error {
	if a.Tensor != nil {
		if err := a.Tensor.Validate(); err != nil {
			return err
		}
	}
	for i := range a.Tensors {
		if err := a.Tensors[i].Validate(); err != nil {
			return err
		}
	}
	if a.Graph != nil {
		if _, err := c.graph(a.Graph, s); err != nil {
			return err
		}
	}
	for i := range a.Graphs {
		if _, err := c.graph(&a.Graphs[i], s); err != nil {
			return err
		}
	}
	return nil
}
