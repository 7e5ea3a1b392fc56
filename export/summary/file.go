package summary

import (
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/foreign"
	"github.com/flowerctl/flowerctl/onnx"
)

// OfFile describes an ONNX file of any program, as far as it can be: what package onnx
// does not know of it is a note and no error. beside reads files in its folder; nil means
// that there are none. The model's nodes may be put in order.
func OfFile(m *onnx.Model, beside foreign.Beside) (*Summary, error) {
	m.Tidy()
	var notes []string
	types, err := m.Types()
	checked := err == nil
	if !checked {
		notes = append(notes, fmt.Sprintf("shapes and operations are not known: %v", err))
		types = declared(m)
	}
	d, err := export.ReadMetadata(m)
	if err != nil {
		d = export.Metadata{} // not what this program writes; foreign.Read has a note on it
	}
	s, err := describe(m, types, d, checked)
	if err != nil {
		return nil, err
	}
	s.Notes = notes
	s.prepare(m, beside)
	return s, nil
}

// prepare adds what foreign finds out.
func (s *Summary) prepare(m *onnx.Model, beside foreign.Beside) {
	properties := map[string]string{}
	for _, p := range m.Metadata {
		properties[p.Key] = p.Value
	}
	facts, err := foreign.Read(properties, beside)
	if err != nil {
		s.Notes = append(s.Notes, err.Error())
		return
	}
	s.Notes = append(s.Notes, facts.Notes...)
	if facts.Own {
		return
	}
	s.Preprocess, s.Training = nil, nil
	s.Labels, s.LabelsFrom = facts.Labels, facts.LabelsFrom
	in, err := inputOf(m, s.Inputs)
	var r *foreign.Result
	if err == nil {
		r, err = facts.Resolve(foreign.Wish{}, in.Size, in.Bytes())
	}
	if err != nil {
		s.Notes = append(s.Notes, err.Error())
		return
	}
	s.Preparation, s.Assumed = r.String(), r.Assumed
	if in.Assumed != "" {
		s.Assumed = append(s.Assumed, in.Assumed)
	}
}

// inputOf is the one input, for images.
func inputOf(m *onnx.Model, ports []Port) (foreign.Input, error) {
	if len(ports) != 1 {
		return foreign.Input{}, fmt.Errorf("got %d inputs, predict wants one, for images", len(ports))
	}
	i := slices.IndexFunc(m.Graph.Inputs, func(v onnx.ValueInfo) bool { return v.Name == ports[0].Name })
	v := m.Graph.Inputs[i]
	var shape []int
	if v.Ranked {
		shape = []int{}
		for _, d := range v.Dims {
			shape = append(shape, int(d.Value))
		}
	}
	return foreign.ReadInput(v.Name, v.Elem.String(), shape, m)
}

// declared are the types that a file itself states.
func declared(m *onnx.Model) map[string]onnx.ValueInfo {
	types := map[string]onnx.ValueInfo{}
	for i := range m.Graph.Nodes {
		for _, out := range m.Graph.Nodes[i].Outputs {
			types[out] = onnx.ValueInfo{Name: out, Kind: onnx.NoKind}
		}
	}
	for _, list := range [][]onnx.ValueInfo{m.Graph.Inputs, m.Graph.Values, m.Graph.Outputs} {
		for _, v := range list {
			types[v.Name] = v
		}
	}
	return types
}
