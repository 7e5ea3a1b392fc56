package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Initializer is a constant tensor in the form that files have: a weight of a
// network, or the value of an attribute.
type Initializer struct {
	Name string
	Elem ElemType
	Dims []int64
	// Raw has the values in row-major order, little-endian; nil for strings. After
	// Decode it refers to the file's bytes.
	Raw     []byte
	Strings []string // the values of a StringElem tensor
}

// NewInitializer returns a float32 initializer with the values of t. It shares no
// memory with t.
func NewInitializer(name string, t Tensor) Initializer {
	raw := make([]byte, 4*len(t.Data))
	for i, v := range t.Data {
		binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
	}
	return Initializer{Name: name, Elem: Float32, Dims: dims64(t.Shape), Raw: raw}
}

// NewInt64 returns a vector of integers.
func NewInt64(name string, v ...int64) Initializer {
	raw := make([]byte, 8*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint64(raw[8*i:], uint64(x))
	}
	return Initializer{Name: name, Elem: Int64, Dims: []int64{int64(len(v))}, Raw: raw}
}

// NewScalar returns one float32 of rank 0.
func NewScalar(name string, v float32) Initializer {
	return NewInitializer(name, Tensor{Data: []float32{v}})
}

func dims64(shape []int) []int64 {
	var dims []int64 // nil for a scalar, as Decode has it
	for _, d := range shape {
		dims = append(dims, int64(d))
	}
	return dims
}

// Elements returns the number of values, or -1 if a dimension is negative or the
// product overflows an int64.
func (t *Initializer) Elements() int64 { return elements(t.Dims) }

func elements(dims []int64) int64 {
	n := int64(1)
	for _, d := range dims {
		if d < 0 || d != 0 && n > math.MaxInt64/d {
			return -1
		}
		n *= d
	}
	return n
}

// Validate checks that the type, the dimensions and the values agree.
func (t *Initializer) Validate() error {
	if !t.Elem.Valid() {
		return fmt.Errorf("initializer %q: %s", t.Name, t.Elem)
	}
	if len(t.Dims) > MaxRank {
		return fmt.Errorf("initializer %q: rank %d, want at most %d", t.Name, len(t.Dims), MaxRank)
	}
	n := t.Elements()
	if n < 0 || n > maxElements {
		return fmt.Errorf("initializer %q: dimensions %v, want none negative and at most %d values",
			t.Name, t.Dims, maxElements)
	}
	if t.Elem == StringElem {
		if int64(len(t.Strings)) != n {
			return fmt.Errorf("initializer %q: %v wants %d strings, got %d",
				t.Name, t.Dims, n, len(t.Strings))
		}
		return nil
	}
	if want := t.Elem.rawBytes(n); int64(len(t.Raw)) != want {
		return fmt.Errorf("initializer %q: %s%v wants %d bytes, got %d",
			t.Name, t.Elem, t.Dims, want, len(t.Raw))
	}
	return nil
}

// Tensor returns the values of a float32 or float16 initializer.
func (t *Initializer) Tensor() (Tensor, error) {
	if err := t.Validate(); err != nil {
		return Tensor{}, err
	}
	if t.Elem != Float32 && t.Elem != Float16 {
		return Tensor{}, fmt.Errorf("initializer %q is %s, want float32 or float16", t.Name, t.Elem)
	}
	out := Tensor{Shape: make([]int, len(t.Dims)), Data: make([]float32, t.Elements())}
	for i, d := range t.Dims {
		out.Shape[i] = int(d)
	}
	for i := range out.Data {
		if t.Elem == Float16 {
			out.Data[i] = halfToFloat(binary.LittleEndian.Uint16(t.Raw[2*i:]))
			continue
		}
		out.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Raw[4*i:]))
	}
	return out, nil
}

// Int64s are the values of an int64 or int32 initializer.
func (t *Initializer) Int64s() ([]int64, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	out := make([]int64, t.Elements())
	for i := range out {
		switch t.Elem {
		case Int64:
			out[i] = int64(binary.LittleEndian.Uint64(t.Raw[8*i:]))
		case Int32:
			out[i] = int64(int32(binary.LittleEndian.Uint32(t.Raw[4*i:])))
		default:
			return nil, fmt.Errorf("initializer %q is %s, want int64 or int32", t.Name, t.Elem)
		}
	}
	return out, nil
}
