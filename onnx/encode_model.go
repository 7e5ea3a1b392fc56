package onnx

import "google.golang.org/protobuf/encoding/protowire"

// Fields are written in the order of their numbers.

func (e *encoder) model(m *Model) *message {
	out := &message{}
	out.varint(modelIRVersion, m.IRVersion)
	out.text(modelProducerName, m.ProducerName)
	out.text(modelProducerVersion, m.ProducerVersion)
	out.text(modelDomain, m.Domain)
	out.optional(modelVersion, m.ModelVersion)
	out.text(modelDoc, m.Doc)
	out.message(modelGraph, e.graph(&m.Graph))
	for _, o := range m.Opsets {
		out.message(modelOpset, e.opset(o))
	}
	for _, p := range m.Metadata {
		entry := &message{}
		entry.text(entryKey, p.Key)
		entry.text(entryValue, p.Value)
		out.message(modelMetadata, entry)
	}
	for i := range m.Functions {
		out.message(modelFunction, e.function(&m.Functions[i]))
	}
	return out
}

func (e *encoder) opset(o Opset) *message {
	out := &message{}
	out.text(opsetDomain, o.Domain)
	out.varint(opsetVersion, o.Version)
	return out
}

func (e *encoder) function(f *Function) *message {
	out := &message{}
	out.text(functionName, f.Name)
	list(out, functionInput, f.Inputs)
	list(out, functionOutput, f.Outputs)
	list(out, functionAttribute, f.Attributes)
	for i := range f.Nodes {
		out.message(functionNode, e.node(&f.Nodes[i]))
	}
	for _, o := range f.Opsets {
		out.message(functionOpset, e.opset(o))
	}
	out.text(functionDomain, f.Domain)
	for i := range f.Defaults {
		out.message(functionDefault, e.attribute(&f.Defaults[i]))
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
		out.message(graphNode, e.node(&g.Nodes[i]))
	}
	out.text(graphName, g.Name)
	for i := range g.Initializers {
		out.message(graphInitializer, e.tensor(&g.Initializers[i]))
	}
	out.text(graphDoc, g.Doc)
	for _, v := range g.Inputs {
		out.message(graphInput, e.value(v))
	}
	for _, v := range g.Outputs {
		out.message(graphOutput, e.value(v))
	}
	for _, v := range g.Values {
		out.message(graphValue, e.value(v))
	}
	return out
}

func (e *encoder) node(n *Node) *message {
	out := &message{}
	list(out, nodeInput, n.Inputs)
	list(out, nodeOutput, n.Outputs)
	out.text(nodeName, n.Name)
	out.text(nodeOp, n.Op)
	for i := range n.Attributes {
		out.message(nodeAttribute, e.attribute(&n.Attributes[i]))
	}
	out.text(nodeDoc, n.Doc)
	out.text(nodeDomain, n.Domain)
	return out
}

func (e *encoder) attribute(a *Attribute) *message {
	out := &message{}
	out.text(attributeName, a.Name)
	switch {
	case a.Ref != "":
	case a.Type == FloatAttr:
		out.float(attributeFloat, a.Float)
	case a.Type == IntAttr:
		out.varint(attributeInt, a.Int)
	case a.Type == StringAttr:
		out.must(attributeString, a.String)
	case a.Type == TensorAttr && a.Tensor != nil:
		out.message(attributeTensor, e.tensor(a.Tensor))
	case a.Type == GraphAttr && a.Graph != nil:
		out.message(attributeGraph, e.graph(a.Graph))
	case a.Type == FloatsAttr:
		for _, v := range a.Floats {
			out.float(attributeFloats, v)
		}
	case a.Type == IntsAttr:
		for _, v := range a.Ints {
			out.varint(attributeInts, v)
		}
	case a.Type == StringsAttr:
		list(out, attributeStrings, a.Strings)
	case a.Type == TensorsAttr:
		for i := range a.Tensors {
			out.message(attributeTensors, e.tensor(&a.Tensors[i]))
		}
	case a.Type == GraphsAttr:
		for i := range a.Graphs {
			out.message(attributeGraphs, e.graph(&a.Graphs[i]))
		}
	default:
		e.fail("attribute %q: a value of type %s cannot be written", a.Name, a.Type)
	}
	out.varint(attributeType, int64(a.Type))
	out.text(attributeRef, a.Ref)
	return out
}

func (e *encoder) tensor(t *Initializer) *message {
	out := &message{}
	if err := t.Validate(); err != nil {
		e.fail("%w", err)
	}
	out.packed(tensorDims, t.Dims)
	out.varint(tensorElem, int64(t.Elem))
	if t.Elem == StringElem {
		list(out, tensorStrings, t.Strings)
	}
	out.text(tensorName, t.Name)
	if t.Elem != StringElem {
		out.bytes(tensorRaw, t.Raw)
	}
	return out
}

func (e *encoder) value(v ValueInfo) *message {
	out := &message{}
	out.text(valueName, v.Name)
	switch v.Kind {
	case NoKind:
		return out
	case TensorKind:
	default:
		e.fail("value %q: only tensors can be written", v.Name)
		return out
	}
	tensor := &message{}
	tensor.varint(tensorTypeElem, int64(v.Elem))
	if v.Ranked {
		shape := &message{}
		for _, d := range v.Dims {
			dim := &message{}
			if d.Value >= 0 {
				dim.varint(dimValue, d.Value)
			} else {
				dim.text(dimParam, d.Param)
			}
			shape.message(shapeDim, dim)
		}
		tensor.message(tensorTypeShape, shape)
	}
	typ := &message{}
	typ.message(typeTensor, tensor)
	out.message(valueType, typ)
	return out
}
