package onnx

import "google.golang.org/protobuf/encoding/protowire"

// Field numbers stand beside the calls, in the order of the file.

func (e *encoder) model(m *Model) *message {
	out := &message{}
	out.varint(1, m.IRVersion)
	out.text(2, m.ProducerName)
	out.text(3, m.ProducerVersion)
	out.text(4, m.Domain)
	out.optional(5, m.ModelVersion)
	out.text(6, m.Doc)
	out.message(7, e.graph(&m.Graph))
	for _, o := range m.Opsets {
		out.message(8, e.opset(o))
	}
	for _, p := range m.Metadata {
		entry := &message{}
		entry.text(1, p.Key)
		entry.text(2, p.Value)
		out.message(14, entry)
	}
	for i := range m.Functions {
		out.message(25, e.function(&m.Functions[i]))
	}
	return out
}

func (e *encoder) opset(o Opset) *message {
	out := &message{}
	out.text(1, o.Domain)
	out.varint(2, o.Version)
	return out
}

func (e *encoder) function(f *Function) *message {
	out := &message{}
	out.text(1, f.Name)
	list(out, 4, f.Inputs)
	list(out, 5, f.Outputs)
	list(out, 6, f.Attributes)
	for i := range f.Nodes {
		out.message(7, e.node(&f.Nodes[i]))
	}
	for _, o := range f.Opsets {
		out.message(9, e.opset(o))
	}
	out.text(10, f.Domain)
	for i := range f.Defaults {
		out.message(11, e.attribute(&f.Defaults[i]))
	}
	return out
}

func list(out *message, num protowire.Number, v []string) {
	for _, s := range v {
		out.must(num, s)
	}
}

func (e *encoder) graph(g *Graph) *message {
	out := &message{}
	for i := range g.Nodes {
		out.message(1, e.node(&g.Nodes[i]))
	}
	out.text(2, g.Name)
	for i := range g.Initializers {
		out.message(5, e.tensor(&g.Initializers[i]))
	}
	out.text(10, g.Doc)
	for _, v := range g.Inputs {
		out.message(11, e.value(v))
	}
	for _, v := range g.Outputs {
		out.message(12, e.value(v))
	}
	for _, v := range g.Values {
		out.message(13, e.value(v))
	}
	return out
}

func (e *encoder) node(n *Node) *message {
	out := &message{}
	list(out, 1, n.Inputs)
	list(out, 2, n.Outputs)
	out.text(3, n.Name)
	out.text(4, n.Op)
	for i := range n.Attributes {
		out.message(5, e.attribute(&n.Attributes[i]))
	}
	out.text(6, n.Doc)
	out.text(7, n.Domain)
	return out
}

func (e *encoder) attribute(a *Attribute) *message {
	out := &message{}
	out.text(1, a.Name)
	switch {
	case a.Ref != "":
	case a.Type == FloatAttr:
		out.float(2, a.Float)
	case a.Type == IntAttr:
		out.varint(3, a.Int)
	case a.Type == StringAttr:
		out.must(4, a.String)
	case a.Type == TensorAttr && a.Tensor != nil:
		out.message(5, e.tensor(a.Tensor))
	case a.Type == GraphAttr && a.Graph != nil:
		out.message(6, e.graph(a.Graph))
	case a.Type == FloatsAttr:
		for _, v := range a.Floats {
			out.float(7, v)
		}
	case a.Type == IntsAttr:
		for _, v := range a.Ints {
			out.varint(8, v)
		}
	case a.Type == StringsAttr:
		list(out, 9, a.Strings)
	case a.Type == TensorsAttr:
		for i := range a.Tensors {
			out.message(10, e.tensor(&a.Tensors[i]))
		}
	case a.Type == GraphsAttr:
		for i := range a.Graphs {
			out.message(11, e.graph(&a.Graphs[i]))
		}
	default:
		e.fail("attribute %q: a value of type %s cannot be written", a.Name, a.Type)
	}
	out.varint(20, int64(a.Type))
	out.text(21, a.Ref)
	return out
}

func (e *encoder) tensor(t *Initializer) *message {
	out := &message{}
	if err := t.Validate(); err != nil {
		e.fail("%w", err)
	}
	out.packed(1, t.Dims)
	out.varint(2, int64(t.Elem))
	if t.Elem == StringElem {
		list(out, 6, t.Strings)
	}
	out.text(8, t.Name)
	if t.Elem != StringElem {
		out.bytes(9, t.Raw)
	}
	return out
}

func (e *encoder) value(v ValueInfo) *message {
	out := &message{}
	out.text(1, v.Name)
	switch v.Kind {
	case NoKind:
		return out
	case TensorKind:
	default:
		e.fail("value %q: only tensors can be written", v.Name)
		return out
	}
	tensor := &message{}
	tensor.varint(1, int64(v.Elem))
	if v.Ranked {
		shape := &message{}
		for _, d := range v.Dims {
			dim := &message{}
			if d.Value >= 0 {
				dim.varint(1, d.Value)
			} else {
				dim.text(2, d.Param)
			}
			shape.message(1, dim)
		}
		tensor.message(2, shape)
	}
	typ := &message{}
	typ.message(1, tensor)
	out.message(2, typ)
	return out
}
