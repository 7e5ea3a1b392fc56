package onnx

import (
	"errors"
	"fmt"
	"math"
)

var graphFields = fieldTypes{1: bytesField, 2: bytesField, 5: bytesField, 10: bytesField,
	11: bytesField, 12: bytesField, 13: bytesField, 15: bytesField}

func (d *decoder) graph(b []byte) (g Graph, err error) {
	if d.depth++; d.depth > maxDepth {
		return g, fmt.Errorf("graphs inside graphs %d deep, want at most %d", d.depth, maxDepth)
	}
	defer func() { d.depth-- }()
	c, err := scan(b, &graphFields)
	if err != nil {
		return g, err
	}
	if c[15] > 0 {
		return g, errors.New("sparse initializers are not supported")
	}
	if g.Nodes, err = d.nodeRoom(c[1]); err != nil {
		return g, err
	}
	if g.Initializers, err = room[Initializer](d, c[5]); err != nil {
		return g, err
	}
	for i, to := range [...]*[]ValueInfo{&g.Inputs, &g.Outputs, &g.Values} {
		if *to, err = room[ValueInfo](d, c[11+i]); err != nil {
			return g, err
		}
	}
	err = d.each(b, &graphFields, func(f field) error { return d.graphField(&g, f) })
	return g, err
}

func (d *decoder) graphField(g *Graph, f field) (err error) {
	switch f.id {
	case 1:
		n, err := d.node(f.data)
		if err != nil {
			return fmt.Errorf("node %d %q: %w", len(g.Nodes), n.Name, err)
		}
		g.Nodes = append(g.Nodes, n)
	case 2:
		g.Name, err = name(f.data)
	case 5:
		t, err := d.tensor(f.data)
		if err != nil {
			return fmt.Errorf("initializer %d %q: %w", len(g.Initializers), t.Name, err)
		}
		g.Initializers = append(g.Initializers, t)
	case 10:
		g.Doc = string(f.data)
	case 11:
		err = d.appendValue(&g.Inputs, f.data)
	case 12:
		err = d.appendValue(&g.Outputs, f.data)
	case 13:
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
	if d.nodes += n; d.nodes > MaxNodes {
		return nil, fmt.Errorf("%d nodes, want at most %d", d.nodes, MaxNodes)
	}
	return room[Node](d, n)
}

var nodeFields = fieldTypes{1: bytesField, 2: bytesField, 3: bytesField, 4: bytesField,
	5: bytesField, 6: bytesField, 7: bytesField}

func (d *decoder) node(b []byte) (n Node, err error) {
	c, err := scan(b, &nodeFields)
	if err != nil {
		return n, err
	}
	if n.Inputs, err = room[string](d, c[1]); err != nil {
		return n, err
	}
	if n.Outputs, err = room[string](d, c[2]); err != nil {
		return n, err
	}
	if n.Attributes, err = room[Attribute](d, c[5]); err != nil {
		return n, err
	}
	err = d.each(b, &nodeFields, func(f field) (err error) {
		switch f.id {
		case 1, 2:
			var s string
			s, err = name(f.data)
			if f.id == 1 {
				n.Inputs = append(n.Inputs, s)
				return err
			}
			n.Outputs = append(n.Outputs, s)
		case 3:
			n.Name, err = name(f.data)
		case 4:
			n.Op, err = name(f.data)
		case 5:
			var a Attribute
			if a, err = d.attribute(f.data); err != nil {
				return fmt.Errorf("attribute %q: %w", a.Name, err)
			}
			n.Attributes = append(n.Attributes, a)
		case 6:
			n.Doc = string(f.data)
		case 7:
			n.Domain, err = name(f.data)
		}
		return err
	})
	return n, err
}

var attributeFields = fieldTypes{1: bytesField, 2: fixed32, 3: varint, 4: bytesField,
	5: bytesField, 6: bytesField, 7: fixed32s, 8: varints, 9: bytesField, 10: bytesField,
	11: bytesField, 20: varint, 21: bytesField, 22: bytesField, 23: bytesField}

// attributeOrder lists the fields that hold a value, with the type that a file
// without one (before IR version 2) means.
var attributeOrder = []struct {
	field int
	typ   AttributeType
}{{2, FloatAttr}, {3, IntAttr}, {4, StringAttr}, {5, TensorAttr}, {6, GraphAttr},
	{7, FloatsAttr}, {8, IntsAttr}, {9, StringsAttr}, {10, TensorsAttr}, {11, GraphsAttr}}

func (d *decoder) attribute(b []byte) (a Attribute, err error) {
	c, err := scan(b, &attributeFields)
	if err != nil {
		return a, err
	}
	if c[22]+c[23] > 0 {
		return a, errors.New("sparse tensors are not supported")
	}
	if c[5] > 1 || c[6] > 1 {
		return a, errors.New("several values in one attribute")
	}
	if a.Tensors, err = room[Initializer](d, c[10]); err != nil {
		return a, err
	}
	if a.Graphs, err = room[Graph](d, c[11]); err != nil {
		return a, err
	}
	if a.Ints, err = room[int64](d, c[8]); err != nil {
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
	if a.Ref == "" && (a.Type == TensorAttr && a.Tensor == nil || a.Type == GraphAttr && a.Graph == nil) {
		return a, fmt.Errorf("type %s without a value", a.Type)
	}
	if a.Type == 0 && a.Ref == "" || a.Type < 0 || a.Type > TypeProtoAttr+1 {
		return a, fmt.Errorf("unknown type %d", a.Type)
	}
	return a, nil
}

func (d *decoder) attributeField(a *Attribute, f field) (err error) {
	switch f.id {
	case 1:
		a.Name, err = name(f.data)
	case 2:
		a.Float = math.Float32frombits(uint32(f.num))
	case 3:
		a.Int = int64(f.num)
	case 4:
		a.String = string(f.data)
	case 5:
		var t Initializer
		t, err = d.tensor(f.data)
		a.Tensor = &t
	case 6:
		var g Graph
		g, err = d.graph(f.data)
		a.Graph = &g
	case 7:
		a.Floats, err = d.floatList(a.Floats, f)
	case 8:
		a.Ints, err = d.varintList(a.Ints, f)
	case 9:
		a.Strings = append(a.Strings, string(f.data))
		err = d.charge(1, 2*listBytes)
	case 10:
		var t Initializer
		t, err = d.tensor(f.data)
		a.Tensors = append(a.Tensors, t)
	case 11:
		var g Graph
		g, err = d.graph(f.data)
		a.Graphs = append(a.Graphs, g)
	case 20:
		if f.num > 1<<20 {
			return fmt.Errorf("unknown type %d", f.num)
		}
		a.Type = AttributeType(f.num)
	case 21:
		a.Ref, err = name(f.data)
	}
	return err
}
