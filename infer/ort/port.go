package ort

import (
	"fmt"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/flowerctl/flowerctl/onnx"
)

// Port is an input or output of a model.
type Port struct {
	Name  string
	Type  string // "float32", "uint8" ...
	Shape []int  // -1 where a length is free; nil where nothing is known
}

// ports reads a model's inputs and outputs, whose names the bindings want before
// they open a session.
func ports(model []byte) (inputs, outputs []Port, err error) {
	if m, err := onnx.Decode(model); err == nil {
		inputs, outputs = decodedPorts(m)
	} else if inputs, outputs, err = askedPorts(model); err != nil {
		return nil, nil, modelError(err)
	}
	if len(inputs) == 0 || len(outputs) == 0 {
		return nil, nil, fmt.Errorf("got %d inputs and %d outputs, want one of each at least", len(inputs), len(outputs))
	}
	return inputs, outputs, nil
}

// decodedPorts reads them off the file. Inputs that have a value in the file are
// constants to onnxruntime.
func decodedPorts(m *onnx.Model) (inputs, outputs []Port) {
	constant := map[string]bool{}
	for i := range m.Graph.Initializers {
		constant[m.Graph.Initializers[i].Name] = true
	}
	for _, v := range m.Graph.Inputs {
		if !constant[v.Name] {
			inputs = append(inputs, decodedPort(v))
		}
	}
	for _, v := range m.Graph.Outputs {
		outputs = append(outputs, decodedPort(v))
	}
	return inputs, outputs
}

func decodedPort(v onnx.ValueInfo) Port {
	p := Port{Name: v.Name, Type: v.Elem.String()}
	if v.Kind != onnx.TensorKind {
		p.Type = "not a tensor"
	}
	for _, d := range v.Dims {
		p.Shape = append(p.Shape, int(d.Value))
	}
	return p
}

// askedPorts opens the model in onnxruntime a first time to ask it: for
// files that are beyond package onnx.
func askedPorts(model []byte) (inputs, outputs []Port, err error) {
	in, out, err := ort.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range in {
		inputs = append(inputs, askedPort(p))
	}
	for _, p := range out {
		outputs = append(outputs, askedPort(p))
	}
	return inputs, outputs, nil
}

func askedPort(p ort.InputOutputInfo) Port {
	if p.OrtValueType != ort.ONNXTypeTensor {
		return Port{Name: p.Name, Type: "not a tensor"}
	}
	result := Port{Name: p.Name, Type: typeName(p.DataType)}
	for _, d := range p.Dimensions {
		result.Shape = append(result.Shape, int(d))
	}
	return result
}
