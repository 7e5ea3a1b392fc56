package ort

import (
	"errors"
	"fmt"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/flowerctl/flowerctl/onnx"
)

// typeName is the name of an element type, as numpy has it.
func typeName(t ort.TensorElementDataType) string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return t.String()
}

var typeNames = map[ort.TensorElementDataType]string{
	ort.TensorElementDataTypeFloat:   "float32",
	ort.TensorElementDataTypeFloat16: "float16",
	ort.TensorElementDataTypeDouble:  "float64",
	ort.TensorElementDataTypeUint8:   "uint8",
	ort.TensorElementDataTypeInt8:    "int8",
	ort.TensorElementDataTypeInt32:   "int32",
	ort.TensorElementDataTypeInt64:   "int64",
	ort.TensorElementDataTypeBool:    "bool",
	ort.TensorElementDataTypeString:  "string",
}

// tensorOf is a value as plain float32 data, which stays when the value is
// destroyed.
func tensorOf(v ort.Value) (onnx.Tensor, error) {
	switch t := v.(type) {
	case *ort.Tensor[float32]:
		return plain(t), nil // the bindings copied it out of onnxruntime already
	case *ort.Tensor[float64]:
		return convert(t), nil
	case *ort.Tensor[uint8]:
		return convert(t), nil
	case *ort.Tensor[int8]:
		return convert(t), nil
	case *ort.Tensor[int32]:
		return convert(t), nil
	case *ort.Tensor[int64]:
		return convert(t), nil
	case *ort.CustomDataTensor:
		if t.DataType() == ort.TensorElementDataTypeFloat16 {
			half := onnx.Initializer{Elem: onnx.Float16, Raw: t.GetData()}
			for _, d := range t.GetShape() {
				half.Dims = append(half.Dims, d)
			}
			return half.Tensor()
		}
		return onnx.Tensor{}, fmt.Errorf("%s is not read",
			typeName(ort.TensorElementDataType(t.DataType())))
	default:
		return onnx.Tensor{}, errors.New("neither a tensor of numbers")
	}
}

func plain(t *ort.Tensor[float32]) onnx.Tensor {
	return onnx.Tensor{Shape: ints(t.GetShape()), Data: t.GetData()}
}

func convert[T float64 | uint8 | int8 | int32 | int64](t *ort.Tensor[T]) onnx.Tensor {
	result := onnx.NewTensor(ints(t.GetShape())...)
	for i, x := range t.GetData() {
		result.Data[i] = float32(x)
	}
	return result
}

func ints(shape ort.Shape) []int {
	result := make([]int, len(shape))
	for i, d := range shape {
		result[i] = int(d)
	}
	return result
}

// readMetadata copies a model's metadata_props.
func readMetadata(m *ort.ModelMetadata) (map[string]string, error) {
	keys, err := m.GetCustomMetadataMapKeys()
	if err != nil {
		return nil, err
	}
	result := make(map[string]string, len(keys))
	for _, key := range keys {
		value, _, err := m.LookupCustomMetadataMap(key)
		if err != nil {
			return nil, err
		}
		result[key] = value
	}
	return result, nil
}

// newHalf is a value of float16 with the numbers of t rounded.
func newHalf(p Port, t onnx.Tensor) (ort.Value, error) {
	if n := onnx.Elements(t.Shape); n != len(t.Data) || n == 0 {
		return nil, fmt.Errorf("input %s: got %d values for shape %v", p.Name, len(t.Data), t.Shape)
	}
	dims := make(ort.Shape, len(t.Shape))
	for i, d := range t.Shape {
		dims[i] = int64(d)
	}
	v, err := ort.NewCustomDataTensor(dims, onnx.NewHalf("", t).Raw, ort.TensorElementDataTypeFloat16)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", p.Name, err)
	}
	return v, nil
}
