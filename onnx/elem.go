package onnx

import "fmt"

// ElemType is the type of a tensor's values, numbered as in the file.
type ElemType int32

// The element types.
const (
	NoElem         ElemType = 0
	Float32        ElemType = 1
	Uint8          ElemType = 2
	Int8           ElemType = 3
	Uint16         ElemType = 4
	Int16          ElemType = 5
	Int32          ElemType = 6
	Int64          ElemType = 7
	StringElem     ElemType = 8
	Bool           ElemType = 9
	Float16        ElemType = 10
	Float64        ElemType = 11
	Uint32         ElemType = 12
	Uint64         ElemType = 13
	Complex64      ElemType = 14
	Complex128     ElemType = 15
	BFloat16       ElemType = 16
	Float8E4M3FN   ElemType = 17
	Float8E4M3FNUZ ElemType = 18
	Float8E5M2     ElemType = 19
	Float8E5M2FNUZ ElemType = 20
	Uint4          ElemType = 21
	Int4           ElemType = 22
	Float4E2M1     ElemType = 23
)

// elems has the name of each type, the one of ONNX in lower case, and its bits;
// 0 for strings.
var elems = [...]struct {
	name string
	bits int64
}{
	NoElem: {"undefined", 0}, Float32: {"float32", 32}, Uint8: {"uint8", 8}, Int8: {"int8", 8},
	Uint16: {"uint16", 16}, Int16: {"int16", 16}, Int32: {"int32", 32}, Int64: {"int64", 64},
	StringElem: {"string", 0}, Bool: {"bool", 8}, Float16: {"float16", 16}, Float64: {"float64", 64},
	Uint32: {"uint32", 32}, Uint64: {"uint64", 64}, Complex64: {"complex64", 64},
	Complex128: {"complex128", 128}, BFloat16: {"bfloat16", 16}, Float8E4M3FN: {"float8e4m3fn", 8},
	Float8E4M3FNUZ: {"float8e4m3fnuz", 8}, Float8E5M2: {"float8e5m2", 8},
	Float8E5M2FNUZ: {"float8e5m2fnuz", 8}, Uint4: {"uint4", 4}, Int4: {"int4", 4},
	Float4E2M1: {"float4e2m1", 4},
}

// Valid reports whether t is a type that a tensor can have.
func (t ElemType) Valid() bool { return t > NoElem && int(t) < len(elems) }

// String returns the name of the type, such as "float32".
func (t ElemType) String() string {
	if t == NoElem || t.Valid() {
		return elems[t].name
	}
	return fmt.Sprintf("element type %d", int32(t))
}

// isFloat reports whether t is a floating-point type of 16 bits or more.
func (t ElemType) isFloat() bool {
	return t == Float32 || t == Float16 || t == Float64 || t == BFloat16
}

// rawBytes returns the length of n values as raw data. Values of less than a byte
// are packed.
func (t ElemType) rawBytes(n int64) int64 { return (n*elems[t].bits + 7) / 8 }
