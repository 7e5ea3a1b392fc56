package onnx

import (
	"encoding/binary"
	"math"
)

// NewHalf returns an initializer with the values of t rounded to float16 (IEEE 754
// binary16, to nearest, ties to even). Values beyond 65504 become infinite.
func NewHalf(name string, t Tensor) Initializer {
	raw := make([]byte, 2*len(t.Data))
	for i, v := range t.Data {
		binary.LittleEndian.PutUint16(raw[2*i:], floatToHalf(v))
	}
	return Initializer{Name: name, Elem: Float16, Dims: dims64(t.Shape), Raw: raw}
}

func floatToHalf(v float32) uint16 {
	b := math.Float32bits(v)
	sign := uint16(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN
		return sign | 0x7e00
	case b >= 0x47800000: // 65536 and over
		return sign | 0x7c00
	case b < 0x38800000: // under 2^-14: a subnormal is a multiple of 2^-24
		m := math.RoundToEven(math.Abs(float64(v)) * (1 << 24))
		return sign | uint16(m)
	}
	// Round the mantissa to 10 bits; a carry moves on into the exponent, up to
	// infinity.
	b += 0xfff + b>>13&1
	return sign | uint16((b-0x38000000)>>13)
}

func halfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp, mant := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0:
		f := float32(mant) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | mant<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | mant<<13)
}

// HalfToFloat is the value of a float16 (IEEE 754 binary16), exactly.
func HalfToFloat(h uint16) float32 { return halfToFloat(h) }
