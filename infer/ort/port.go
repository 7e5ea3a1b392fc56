package ort

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/flowerctl/flowerctl/onnx"
)

// Port is an input or output of a model.
type Port struct {
	Name  string
	Type  string // "float32", "uint8" ...
	Shape []int  // -1 where a length is free; empty for a scalar; nil where nothing is known
}

// String is the port as people write it: "logits float32 [N, 5]".
func (p Port) String() string {
	if p.Shape == nil {
		return strings.TrimSpace(p.Name + " " + p.Type)
	}
	lengths := make([]string, len(p.Shape))
	for i, n := range p.Shape {
		switch {
		case n >= 0:
			lengths[i] = strconv.Itoa(n)
		case i == 0:
			lengths[i] = "N"
		default:
			lengths[i] = "?"
		}
	}
	return fmt.Sprintf("%s %s [%s]", p.Name, p.Type, strings.Join(lengths, ", "))
}

// Model is what an ONNX file says of itself before a session is opened of it.
type Model struct {
	Inputs, Outputs []Port
	Metadata        map[string]string // the file's metadata_props
	Decoded         *onnx.Model       // nil where package onnx cannot read the file

	file   []byte
	edited bool // Decoded is the model, no longer file
}

// Read reads an ONNX file, which must not be changed while the Model is used. The
// library must be loaded: see Load.
func Read(file []byte) (*Model, error) {
	if !ort.IsInitialized() {
		return nil, errors.New("onnxruntime is not loaded")
	}
	if len(file) == 0 {
		return nil, errors.New("not an ONNX file: it is empty")
	}
	m := &Model{file: file, Metadata: map[string]string{}}
	decoded, err := onnx.Decode(file)
	if err == nil {
		m.Decoded = decoded
		m.Inputs, m.Outputs = decodedPorts(decoded)
		for _, p := range decoded.Metadata {
			m.Metadata[p.Key] = p.Value
		}
	} else if other := onnx.Recognize(file); other != nil {
		return nil, other
	} else if cut := onnx.CutOff(file); cut != nil {
		return nil, cut
	} else if err := m.ask(); err != nil {
		return nil, err
	}
	if len(m.Inputs) == 0 || len(m.Outputs) == 0 {
		return nil, fmt.Errorf("got %d inputs and %d outputs, want one of each at least", len(m.Inputs),
			len(m.Outputs))
	}
	return m, nil
}

// Edited is the model as Decoded has become: who changes it calls this, and opens
// the result. Names and types of its inputs must have stayed.
func (m *Model) Edited() *Model {
	e := *m
	_, e.Outputs = decodedPorts(m.Decoded)
	e.edited = true
	return &e
}

// bytes is the file, or what the model has become.
func (m *Model) bytes() ([]byte, error) {
	if m.edited {
		return m.Decoded.Encode()
	}
	return m.file, nil
}

// ErrExternal means that the bytes of a file are not all of it: values are in other
// files, which onnxruntime would look for in the current folder. onnx.Inline reads them.
var ErrExternal = errors.New("its weights are in another file, and its folder is not known")

// ask opens the file in onnxruntime to ask it: for files that are beyond package
// onnx.
func (m *Model) ask() (err error) {
	external, err := onnx.HasExternal(m.file)
	switch {
	case external:
		return ErrExternal
	case err != nil && !isORTFormat(m.file):
		return errors.New("not an ONNX file")
	}
	if m.Inputs, m.Outputs, err = askedPorts(m.file); err != nil {
		return modelError(err)
	}
	metadata, err := ort.GetModelMetadataWithONNXData(m.file)
	if err != nil {
		return modelError(err)
	}
	defer func() { err = errors.Join(err, metadata.Destroy()) }()
	m.Metadata, err = readMetadata(metadata)
	return err
}

// isORTFormat reports whether a file has onnxruntime's own format, of flatbuffers.
func isORTFormat(file []byte) bool { return len(file) >= 8 && string(file[4:8]) == "ORTM" }

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
	if v.Ranked {
		p.Shape = []int{}
	}
	for _, d := range v.Dims {
		p.Shape = append(p.Shape, int(d.Value))
	}
	return p
}

// askedPorts are the ports as onnxruntime has them.
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
