package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// tensor reads a TensorProto. Its values are in one of seven fields, which depends on
// the element type and on the writer; all become Raw, strings apart.
func (d *decoder) tensor(b []byte) (t Initializer, err error) {
	c, err := scan(b, &tensorFields)
	if err != nil {
		return t, err
	}
	err = d.each(b, &tensorFields, func(f field) (err error) {
		switch f.id {
		case tensorDims:
			if t.Dims, err = d.varintList(t.Dims, f); err == nil && len(t.Dims) > MaxRank {
				err = fmt.Errorf("rank over %d", MaxRank)
			}
		case tensorElem:
			if f.num > 1<<20 {
				return fmt.Errorf("element type %d", f.num)
			}
			t.Elem = ElemType(f.num)
		case tensorName:
			t.Name, err = name(f.data)
		case tensorLocation:
			if f.num != 0 {
				err = errExternal
			}
		}
		return err
	})
	if err != nil {
		return t, err
	}
	if c[tensorExternal] > 0 {
		return t, errExternal
	}
	if c[tensorSegment] > 0 {
		return t, errors.New("a tensor in segments is not supported")
	}
	if !t.Elem.Valid() {
		return t, fmt.Errorf("unknown %s", t.Elem)
	}
	return t, d.tensorData(&t, b, &c)
}

var errExternal = errors.New("its values are in another file: " +
	"external data is refused, save the model as a single file")

// tensorData sets Raw or Strings. It checks that there are as many values as the
// dimensions say before it allocates them.
func (d *decoder) tensorData(t *Initializer, b []byte, c *counts) error {
	n := t.Elements()
	if n < 0 || n > maxElements {
		return fmt.Errorf("dimensions %v, want none negative and at most %d values", t.Dims, maxElements)
	}
	if t.Elem == StringElem {
		if int64(c[tensorStrings]) != n {
			return fmt.Errorf("dimensions %v want %d strings, got %d", t.Dims, n, c[tensorStrings])
		}
		var err error
		if t.Strings, err = room[string](d, c[tensorStrings]); err != nil {
			return err
		}
		return d.each(b, &tensorFields, func(f field) error {
			if f.id == tensorStrings {
				t.Strings = append(t.Strings, string(f.data))
			}
			return nil
		})
	}
	if c[tensorRaw] > 0 {
		if err := d.each(b, &tensorFields, func(f field) error {
			if f.id == tensorRaw {
				t.Raw = f.data
			}
			return nil
		}); err != nil {
			return err
		}
		return t.wantRaw(n)
	}
	if err := d.typedData(t, b, n, c); err != nil {
		return err
	}
	return t.wantRaw(n)
}

func (t *Initializer) wantRaw(n int64) error {
	if want := t.Elem.rawBytes(n); int64(len(t.Raw)) != want {
		return fmt.Errorf("%s%v wants %d bytes of values, got %d", t.Elem, t.Dims, want, len(t.Raw))
	}
	return nil
}

// typedField returns the field for values of a type when they are not raw, and the
// bytes of one value in it when it is packed (0 for varints).
func typedField(e ElemType) (id protowire.Number, size int) {
	switch e {
	case Float32, Complex64:
		return tensorFloats, 4
	case Float64, Complex128:
		return tensorDoubles, 8
	case Int64:
		return tensorInt64s, 0
	case Uint32, Uint64:
		return tensorUint64s, 0
	}
	return tensorInt32s, 0
}

func (d *decoder) typedData(t *Initializer, b []byte, n int64, c *counts) error {
	id, size := typedField(t.Elem)
	if c[id] == 1 && size > 0 {
		var packed []byte
		if err := d.each(b, &tensorFields, func(f field) error {
			if f.id == id && f.typ == protowire.BytesType {
				packed = f.data // the same bytes as raw data
			}
			return nil
		}); err != nil || packed != nil {
			t.Raw = packed
			return err
		}
	}
	// Two 4-bit values, or one of any other type, take a byte or more. So a short
	// message cannot make the decoder allocate much.
	if n > 2*int64(len(b)) {
		return fmt.Errorf("%s%v wants %d values, its field has %d bytes", t.Elem, t.Dims, n, len(b))
	}
	want := t.Elem.rawBytes(n)
	if err := d.charge(int(want), 1); err != nil {
		return err
	}
	raw := make([]byte, 0, want)
	err := d.numbers(b, id, size, func(v uint64) error {
		if raw = appendValue(raw, t.Elem, size, v); int64(len(raw)) > want {
			return fmt.Errorf("%s%v has more values than its dimensions", t.Elem, t.Dims)
		}
		return nil
	})
	t.Raw = raw
	return err
}

// numbers calls take with each value of a repeated field, packed or not. size is
// the one that typedField returns.
func (d *decoder) numbers(b []byte, id protowire.Number, size int, take func(uint64) error) error {
	return d.each(b, &tensorFields, func(f field) error {
		if f.id != id {
			return nil
		}
		if f.typ != protowire.BytesType {
			return take(f.num)
		}
		for b := f.data; len(b) > 0; {
			v, k := uint64(0), 0
			switch size {
			case 4:
				var v32 uint32
				v32, k = protowire.ConsumeFixed32(b)
				v = uint64(v32)
			case 8:
				v, k = protowire.ConsumeFixed64(b)
			default:
				v, k = protowire.ConsumeVarint(b)
			}
			if k < 0 {
				return fmt.Errorf("field %d: %w", id, wireError(k))
			}
			if err := take(v); err != nil {
				return err
			}
			b = b[k:]
		}
		return nil
	})
}

// appendValue appends one number in the width of the element type. One number holds
// two 4-bit values.
func appendValue(raw []byte, e ElemType, size int, v uint64) []byte {
	width := int64(size)
	if size == 0 {
		width = max(elems[e].bits/8, 1)
	}
	switch width {
	case 1:
		return append(raw, byte(v))
	case 2:
		return binary.LittleEndian.AppendUint16(raw, uint16(v))
	case 4:
		return binary.LittleEndian.AppendUint32(raw, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(raw, v)
}

// value reads a ValueInfoProto.
func (d *decoder) value(b []byte) (v ValueInfo, err error) {
	v.Kind = NoKind
	err = d.each(b, &valueFields, func(f field) (err error) {
		switch f.id {
		case valueName:
			v.Name, err = name(f.data)
		case valueType:
			err = d.valueType(&v, f.data)
		}
		return err
	})
	return v, err
}

// valueType reads a TypeProto.
func (d *decoder) valueType(v *ValueInfo, b []byte) error {
	return d.each(b, &typeFields, func(f field) error {
		switch f.id {
		case typeTensor:
			v.Kind = TensorKind
			return d.tensorType(v, f.data)
		case typeSequence:
			v.Kind = SequenceKind
		case typeMap:
			v.Kind = MapKind
		case typeSparse:
			v.Kind = SparseKind
		case typeOptional:
			v.Kind = OptionalKind
		}
		return nil
	})
}

// tensorType reads a TypeProto.Tensor.
func (d *decoder) tensorType(v *ValueInfo, b []byte) error {
	return d.each(b, &tensorTypeFields, func(f field) error {
		switch f.id {
		case tensorTypeElem:
			if f.num > 1<<20 || !ElemType(f.num).Valid() && f.num != 0 {
				return fmt.Errorf("unknown element type %d", f.num)
			}
			v.Elem = ElemType(f.num)
		case tensorTypeShape:
			v.Ranked, v.Dims = true, nil
			return d.shape(v, f.data)
		}
		return nil
	})
}

// shape reads a TensorShapeProto.
func (d *decoder) shape(v *ValueInfo, b []byte) error {
	return d.each(b, &shapeFields, func(f field) error {
		if f.id != shapeDim {
			return nil
		}
		if len(v.Dims) == MaxRank {
			return fmt.Errorf("rank over %d", MaxRank)
		}
		dim, err := d.dim(f.data)
		v.Dims = append(v.Dims, dim)
		return errors.Join(err, d.charge(1, 3*listBytes))
	})
}

// dim reads a dimension. For a batch of any size PyTorch and others write -1, and some
// write 0. The result has the same number; -1 means unknown.
func (d *decoder) dim(b []byte) (Dim, error) {
	dim := Dim{Value: -1}
	err := d.each(b, &dimFields, func(f field) (err error) {
		switch f.id {
		case dimValue:
			dim = Dim{Value: int64(f.num)}
			if dim.Value < -1 || dim.Value > maxDim {
				err = fmt.Errorf("dimension %d, want 0 to %d", dim.Value, maxDim)
			}
		case dimParam:
			dim = Dim{Value: -1}
			dim.Param, err = name(f.data)
		}
		return err
	})
	return dim, err
}
