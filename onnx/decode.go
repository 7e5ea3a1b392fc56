package onnx

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// Decode reads the bytes of a file. The model's weights refer to data, which must
// not change while the model is in use. Decode accepts what is well formed and within
// the limits; [Model.Check] says whether it makes sense.
func Decode(data []byte) (*Model, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("onnx: the file is empty")
	}
	if len(data) > MaxFileBytes {
		return nil, fmt.Errorf("onnx: %d bytes, want at most %d", len(data), MaxFileBytes)
	}
	d := &decoder{budget: structureBytes + len(data)}
	m, err := d.model(data)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return m, nil
}

// decoder counts what it allocates. It walks each message twice. The first walk counts
// the elements of each list, so that a list is allocated once and charged before.
type decoder struct {
	budget int // bytes of Go values that may still be allocated
	nodes  int
	depth  int
}

// field is one protobuf field. A varint or fixed value is in num, anything else
// in data.
type field struct {
	id   protowire.Number
	typ  protowire.Type
	num  uint64
	data []byte
}

// next returns the first field of b, which is not empty, and the rest. Nearly all
// tags have one byte. So have the lengths and numbers of a hostile file with
// millions of fields; there is a fast path for these.
func next(b []byte) (f field, rest []byte, err error) {
	if len(b) > 1 && b[0] < 0x80 && b[0] >= 1<<3 && b[1] < 0x80 {
		f.id, f.typ = protowire.Number(b[0]>>3), protowire.Type(b[0]&7)
		switch n := int(b[1]); {
		case f.typ == protowire.VarintType:
			f.num = uint64(n)
			return f, b[2:], nil
		case f.typ == protowire.BytesType && n <= len(b)-2:
			f.data = b[2 : 2+n]
			return f, b[2+n:], nil
		}
	}
	return nextSlow(b)
}

func nextSlow(b []byte) (f field, rest []byte, err error) {
	id, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return f, nil, wireError(n)
	}
	f, b = field{id: id, typ: typ}, b[n:]
	switch typ {
	case protowire.VarintType:
		f.num, n = protowire.ConsumeVarint(b)
	case protowire.Fixed32Type:
		var v uint32
		v, n = protowire.ConsumeFixed32(b)
		f.num = uint64(v)
	case protowire.Fixed64Type:
		f.num, n = protowire.ConsumeFixed64(b)
	case protowire.BytesType:
		f.data, n = protowire.ConsumeBytes(b)
	default:
		return f, nil, fmt.Errorf("field %d has wire type %d: not an ONNX file", id, typ)
	}
	if n < 0 {
		return f, nil, fmt.Errorf("field %d: %w", id, wireError(n))
	}
	return f, b[n:], nil
}

func wireError(n int) error {
	return fmt.Errorf("truncated or not an ONNX file (%w)", protowire.ParseError(n))
}

// counts has the number of times that each field occurs in a message.
type counts [32]int

// scan checks that b is a sequence of fields of the wire types that types accepts,
// and counts them. Fields that are not in types may have any type and are ignored.
func scan(b []byte, types *fieldTypes) (c counts, err error) {
	for len(b) > 0 {
		// The fast path of next: it counts a million fields in milliseconds.
		if len(b) > 1 && b[0] < 0x80 && b[1] < 0x80 {
			id, typ, n := b[0]>>3, protowire.Type(b[0]&7), int(b[1])
			if typ == protowire.BytesType && types[id] == bytesField && n <= len(b)-2 {
				c[id]++
				b = b[2+n:]
				continue
			}
			if typ == protowire.VarintType && types[id] == varints {
				c[id]++
				b = b[2:]
				continue
			}
		}
		f, rest, err := next(b)
		if err != nil {
			return c, err
		}
		b = rest
		if int(f.id) >= len(c) {
			continue
		}
		if !types[f.id].takes(f.typ) {
			return c, fmt.Errorf("field %d has wire type %d: not an ONNX file", f.id, f.typ)
		}
		c[f.id]++
	}
	return c, nil
}

// wire says which wire types a field accepts. Numbers in lists may be packed.
type wire uint8

const (
	skipped wire = iota // any type; the field is ignored
	varint
	fixed32
	bytesField
	varints  // repeated varint, packed or not
	fixed32s // repeated float, packed or not
	fixed64s // repeated double, packed or not
)

func (w wire) takes(t protowire.Type) bool {
	switch w {
	case skipped:
		return true
	case varint:
		return t == protowire.VarintType
	case fixed32:
		return t == protowire.Fixed32Type
	case varints:
		return t == protowire.VarintType || t == protowire.BytesType
	case fixed32s:
		return t == protowire.Fixed32Type || t == protowire.BytesType
	case fixed64s:
		return t == protowire.Fixed64Type || t == protowire.BytesType
	}
	return t == protowire.BytesType
}

// fieldTypes has the fields of a message that are read, by number.
type fieldTypes [32]wire

// charge takes n values of the given size from the budget.
func (d *decoder) charge(n int, size uintptr) error {
	if n > 0 && n > d.budget/int(size) {
		return fmt.Errorf("too many parts: the model would need more than %d MiB beside its weights",
			structureBytes>>20)
	}
	d.budget -= n * int(size)
	return nil
}

// room allocates an empty list with room for n elements.
func room[T any](d *decoder, n int) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	var zero T
	if err := d.charge(n, unsafe.Sizeof(zero)); err != nil {
		return nil, err
	}
	return make([]T, 0, n), nil
}

func name(b []byte) (string, error) {
	if len(b) > maxName {
		return "", fmt.Errorf("a name of %d bytes, want at most %d", len(b), maxName)
	}
	return string(b), nil
}

// listBytes is the most that one number in a growing list costs, including the
// garbage that growing leaves.
const listBytes = 24

// varintList appends a repeated varint field, packed or not.
func (d *decoder) varintList(to []int64, f field) ([]int64, error) {
	if f.typ == protowire.VarintType {
		return append(to, int64(f.num)), d.charge(1, listBytes)
	}
	n := 0
	for _, c := range f.data { // each varint ends in one byte under 0x80
		if c < 0x80 {
			n++
		}
	}
	if err := d.charge(n, listBytes); err != nil {
		return nil, err
	}
	to = slices.Grow(to, n)
	for b := f.data; len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return nil, fmt.Errorf("field %d: %w", f.id, wireError(n))
		}
		to, b = append(to, int64(v)), b[n:]
	}
	return to, nil
}

// floatList appends a repeated float field, packed or not.
func (d *decoder) floatList(to []float32, f field) ([]float32, error) {
	if f.typ == protowire.Fixed32Type {
		return append(to, math.Float32frombits(uint32(f.num))), d.charge(1, listBytes)
	}
	if len(f.data)%4 != 0 {
		return nil, fmt.Errorf("field %d: %d bytes of floats", f.id, len(f.data))
	}
	if err := d.charge(len(f.data)/4, listBytes); err != nil {
		return nil, err
	}
	for b := f.data; len(b) > 0; b = b[4:] {
		v, _ := protowire.ConsumeFixed32(b)
		to = append(to, math.Float32frombits(v))
	}
	return to, nil
}
