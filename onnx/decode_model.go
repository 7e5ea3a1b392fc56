package onnx

import (
	"errors"
	"fmt"
)

func (d *decoder) model(b []byte) (*Model, error) {
	c, err := scan(b, &modelFields)
	if err != nil {
		return nil, err
	}
	if c[modelGraph] != 1 {
		return nil, fmt.Errorf("%d graphs, want 1: not an ONNX file", c[modelGraph])
	}
	if c[modelTraining] > 0 {
		return nil, errors.New("the file holds a training graph: export the network for inference")
	}
	m := &Model{}
	if m.Opsets, err = room[Opset](d, c[modelOpset]); err != nil {
		return nil, err
	}
	if m.Metadata, err = room[Property](d, c[modelMetadata]); err != nil {
		return nil, err
	}
	if m.Functions, err = room[Function](d, c[modelFunction]); err != nil {
		return nil, err
	}
	for len(b) > 0 {
		var f field
		f, b, _ = next(b)
		if err := d.modelField(m, f); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (d *decoder) modelField(m *Model, f field) error {
	switch f.id {
	case modelIRVersion:
		m.IRVersion = int64(f.num)
	case modelProducerName:
		m.ProducerName = string(f.data)
	case modelProducerVersion:
		m.ProducerVersion = string(f.data)
	case modelDomain:
		m.Domain = string(f.data)
	case modelVersion:
		m.ModelVersion = int64(f.num)
	case modelDoc:
		m.Doc = string(f.data)
	case modelGraph:
		g, err := d.graph(f.data)
		if err != nil {
			return fmt.Errorf("graph: %w", err)
		}
		m.Graph = g
	case modelOpset:
		o, err := d.opset(f.data)
		m.Opsets = append(m.Opsets, o)
		return err
	case modelMetadata:
		p, err := d.property(f.data)
		m.Metadata = append(m.Metadata, p)
		return err
	case modelFunction:
		fn, err := d.function(f.data)
		if err != nil {
			return fmt.Errorf("function %d: %w", len(m.Functions), err)
		}
		m.Functions = append(m.Functions, fn)
	}
	return nil
}

func (d *decoder) opset(b []byte) (o Opset, err error) {
	err = d.each(b, &opsetFields, func(f field) (err error) {
		switch f.id {
		case opsetDomain:
			o.Domain, err = name(f.data)
		case opsetVersion:
			o.Version = int64(f.num)
		}
		return err
	})
	return o, err
}

func (d *decoder) property(b []byte) (p Property, err error) {
	err = d.each(b, &entryFields, func(f field) error {
		switch f.id {
		case entryKey:
			p.Key = string(f.data)
		case entryValue:
			p.Value = string(f.data)
		}
		return nil
	})
	return p, err
}

// each calls take with every field of b.
func (d *decoder) each(b []byte, types *fieldTypes, take func(field) error) error {
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil {
			return err
		}
		b = rest
		if int(f.id) >= len(types) {
			continue
		}
		if !types[f.id].takes(f.typ) {
			return fmt.Errorf("field %d has wire type %d: not an ONNX file", f.id, f.typ)
		}
		if err := take(f); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) function(b []byte) (fn Function, err error) {
	c, err := scan(b, &functionFields)
	if err != nil {
		return fn, err
	}
	if fn.Nodes, err = d.nodeRoom(c[functionNode]); err != nil {
		return fn, err
	}
	if fn.Defaults, err = room[Attribute](d, c[functionDefault]); err != nil {
		return fn, err
	}
	err = d.each(b, &functionFields, func(f field) (err error) {
		switch f.id {
		case functionName:
			fn.Name, err = name(f.data)
		case functionInput:
			fn.Inputs, err = d.names(fn.Inputs, f)
		case functionOutput:
			fn.Outputs, err = d.names(fn.Outputs, f)
		case functionAttribute:
			fn.Attributes, err = d.names(fn.Attributes, f)
		case functionNode:
			var n Node
			n, err = d.node(f.data)
			if err != nil {
				return fmt.Errorf("node %d %q: %w", len(fn.Nodes), n.Name, err)
			}
			fn.Nodes = append(fn.Nodes, n)
		case functionOpset:
			var o Opset
			o, err = d.opset(f.data)
			fn.Opsets = append(fn.Opsets, o)
			return errors.Join(err, d.charge(1, 64))
		case functionDomain:
			fn.Domain, err = name(f.data)
		case functionDefault:
			var a Attribute
			a, err = d.attribute(f.data)
			fn.Defaults = append(fn.Defaults, a)
		}
		return err
	})
	return fn, err
}

// names appends a name to a list and charges for it.
func (d *decoder) names(to []string, f field) ([]string, error) {
	s, err := name(f.data)
	if err != nil {
		return nil, err
	}
	return append(to, s), d.charge(1, 2*listBytes)
}
