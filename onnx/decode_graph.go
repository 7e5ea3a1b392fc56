package onnx

import (
	"errors"
	"fmt"
	"math"
)

func (d *decoder) graph(b []byte) (g Graph, err error) {
	if d.depth++; d.depth > maxDepth {
		return g, fmt.Errorf("graphs inside graphs %d deep, want at most %d", d.depth, maxDepth)
	}
	defer func() { d.depth-- }()
	c, err := scan(b, &graphFields)
	if err != nil {
		return g, err
	}
	if c[graphSparse] > 0 {
		return g, errors.New("sparse initializers are not supported")
	}
	if g.Nodes, err = d.nodeRoom(c[graphNode]); err != nil {
		return g, err
	}
	if g.Initializers, err = room[Initializer](d, c[graphInitializer]); err != nil {
		return g, err
	}
	if g.Inputs, err = room[ValueInfo](d, c[graphInput]); err != nil {
		return g, err
	}
	if g.Outputs, err = room[ValueInfo](d, c[graphOutput]); err != nil {
		return g, err
	}
	if g.Values, err = room[ValueInfo](d, c[graphValue]); err != nil {
		return g, err
	}
	err = d.each(b, &graphFields, func(f field) error { return d.graphField(&g, f) })
	return g, err
}

func (d *decoder) graphField(g *Graph, f field) (err error) {
	switch f.id {
	case graphNode:
		n, err := d.node(f.data)
		if err != nil {
			return fmt.Errorf("node %d %q: %w", len(g.Nodes), n.Name, err)
		}
		g.Nodes = append(g.Nodes, n)
	case graphName:
		g.Name, err = name(f.data)
	case graphInitializer:
		t, err := d.tensor(f.data)
		if err != nil {
			return fmt.Errorf("initializer %d %q: %w", len(g.Initializers), t.Name, err)
		}
		g.Initializers = append(g.Initializers, t)
	case graphDoc:
		g.Doc = string(f.data)
	case graphInput:
		err = d.appendValue(&g.Inputs, f.data)
	case graphOutput:
		err = d.appendValue(&g.Outputs, f.data)
	case graphValue:
		err = d.appendValue(&g.Values, f.data)
	}
	return err
}

func (d *decoder) appendValue(to *[]ValueInfo, b []byte) error {
	v, err := d.value(b)
	if err != nil {
		return fmt.Errorf("value %q: %w", v.Name, err)
	}
	*to = append(*to, v)
	return nil
}

// nodeRoom counts nodes against the limit before they are made.
func (d *decoder) nodeRoom(n int) ([]Node, error) {
	if d.nodes += n; d.nodes > maxNodes {
		return nil, fmt.Errorf("%d nodes, want at most %d", d.nodes, maxNodes)
	}
	return room[Node](d, n)
}

func (d *decoder) node(b []byte) (n Node, err error) {
	c, err := scan(b, &nodeFields)
	if err != nil {
		return n, err
	}
	if n.Inputs, err = room[string](d, c[nodeInput]); err != nil {
		return n, err
	}
	if n.Outputs, err = room[string](d, c[nodeOutput]); err != nil {
		return n, err
	}
	if n.Attributes, err = room[Attribute](d, c[nodeAttribute]); err != nil {
		return n, err
	}
	err = d.each(b, &nodeFields, func(f field) (err error) {
		switch f.id {
		case nodeInput, nodeOutput:
			var s string
			s, err = name(f.data)
			if f.id == nodeInput {
				n.Inputs = append(n.Inputs, s)
				return err
			}
			n.Outputs = append(n.Outputs, s)
		case nodeName:
			n.Name, err = name(f.data)
		case nodeOp:
			n.Op, err = name(f.data)
		case nodeAttribute:
			var a Attribute
			if a, err = d.attribute(f.data); err != nil {
				return fmt.Errorf("attribute %q: %w", a.Name, err)
			}
			n.Attributes = append(n.Attributes, a)
		case nodeDoc:
			n.Doc = string(f.data)
		case nodeDomain:
			n.Domain, err = name(f.data)
		}
		return err
	})
	return n, err
}

// attributeOrder lists the fields that hold a value, with the types that they imply
// in a file without types (before IR version 2).
var attributeOrder = []struct {
	field int
	typ   AttributeType
}{
	{attributeFloat, FloatAttr},
	{attributeInt, IntAttr},
	{attributeString, StringAttr},
	{attributeTensor, TensorAttr},
	{attributeGraph, GraphAttr},
	{attributeFloats, FloatsAttr},
	{attributeInts, IntsAttr},
	{attributeStrings, StringsAttr},
	{attributeTensors, TensorsAttr},
	{attributeGraphs, GraphsAttr},
}

func (d *decoder) attribute(b []byte) (a Attribute, err error) {
	c, err := scan(b, &attributeFields)
	if err != nil {
		return a, err
	}
	if c[attributeSparseTensor]+c[attributeSparseTensors] > 0 {
		return a, errors.New("sparse tensors are not supported")
	}
	if c[attributeTensor] > 1 || c[attributeGraph] > 1 {
		return a, errors.New("several values in one attribute")
	}
	if a.Tensors, err = room[Initializer](d, c[attributeTensors]); err != nil {
		return a, err
	}
	if a.Graphs, err = room[Graph](d, c[attributeGraphs]); err != nil {
		return a, err
	}
	if a.Ints, err = room[int64](d, c[attributeInts]); err != nil {
		return a, err
	}
	err = d.each(b, &attributeFields, func(f field) error { return d.attributeField(&a, f) })
	if err != nil {
		return a, err
	}
	for _, o := range attributeOrder {
		if a.Type == 0 && a.Ref == "" && c[o.field] > 0 {
			a.Type = o.typ
		}
	}
	missing := a.Type == TensorAttr && a.Tensor == nil || a.Type == GraphAttr && a.Graph == nil
	if a.Ref == "" && missing {
		return a, fmt.Errorf("type %s without a value", a.Type)
	}
	if a.Type == 0 && a.Ref == "" || a.Type < 0 || a.Type > TypeProtoAttr+1 {
		return a, fmt.Errorf("unknown type %d", a.Type)
	}
	return a, nil
}

func (d *decoder) attributeField(a *Attribute, f field) (err error) {
	switch f.id {
	case attributeName:
		a.Name, err = name(f.data)
	case attributeFloat:
		a.Float = math.Float32frombits(uint32(f.num))
	case attributeInt:
		a.Int = int64(f.num)
	case attributeString:
		a.String = string(f.data)
	case attributeTensor:
		var t Initializer
		t, err = d.tensor(f.data)
		a.Tensor = &t
	case attributeGraph:
		var g Graph
		g, err = d.graph(f.data)
		a.Graph = &g
	case attributeFloats:
		a.Floats, err = d.floatList(a.Floats, f)
	case attributeInts:
		a.Ints, err = d.varintList(a.Ints, f)
	case attributeStrings:
		a.Strings = append(a.Strings, string(f.data))
		err = d.charge(1, 2*listBytes)
	case attributeTensors:
		var t Initializer
		t, err = d.tensor(f.data)
		a.Tensors = append(a.Tensors, t)
	case attributeGraphs:
		var g Graph
		g, err = d.graph(f.data)
		a.Graphs = append(a.Graphs, g)
	case attributeType:
		if f.num > 1<<20 {
			return fmt.Errorf("unknown type %d", f.num)
		}
		a.Type = AttributeType(f.num)
	case attributeRef:
		a.Ref, err = name(f.data)
	}
	return err
}
