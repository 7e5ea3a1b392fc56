package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
)

// String returns the type, such as "float32[N 3 150 150]". An unknown length is ?.
func (v ValueInfo) String() string {
	switch v.Kind {
	case TensorKind:
		if !v.Ranked {
			return v.Elem.String()
		}
		return v.Elem.String() + shapeString(v.Dims)
	case SequenceKind:
		return "sequence"
	case MapKind:
		return "map"
	case OptionalKind:
		return "optional"
	case SparseKind:
		return "sparse tensor"
	}
	return "unknown"
}

// String returns the length, the name, or ?.
func (d Dim) String() string {
	switch {
	case d.Value >= 0:
		return fmt.Sprint(d.Value)
	case d.Param != "":
		return d.Param
	}
	return "?"
}

func shapeString(dims []Dim) string {
	s := make([]string, len(dims))
	for i, d := range dims {
		s[i] = d.String()
	}
	return "[" + strings.Join(s, " ") + "]"
}

// unknown is a length about which nothing is known.
var unknown = Dim{Value: -1}

// check checks a type against the limits. An unknown length counts as 1.
func (v *ValueInfo) check() error {
	if v.Kind != TensorKind {
		return nil
	}
	if v.Elem != NoElem && !v.Elem.Valid() {
		return fmt.Errorf("unknown %s", v.Elem)
	}
	if len(v.Dims) > MaxRank {
		return fmt.Errorf("rank %d, want at most %d", len(v.Dims), MaxRank)
	}
	n := int64(1)
	for _, d := range v.Dims {
		if d.Value < -1 || d.Value > maxDim {
			return fmt.Errorf("shape %s: a dimension of %d, want 0 to %d",
				shapeString(v.Dims), d.Value, maxDim)
		}
		if d.Value > 0 {
			if n > maxElements/d.Value {
				return fmt.Errorf("shape %s has more than %d values", shapeString(v.Dims), maxElements)
			}
			n *= d.Value
		}
	}
	return nil
}

// agree returns an error if v, which was inferred, contradicts a declared type.
func (v *value) agree(d *ValueInfo) error {
	if v.Kind == NoKind || d.Kind == NoKind {
		return nil
	}
	if v.Kind != d.Kind || v.Elem != d.Elem && v.Elem != NoElem && d.Elem != NoElem {
		return fmt.Errorf("is %s, declared as %s", v, d)
	}
	if !v.Ranked || !d.Ranked {
		return nil
	}
	if len(v.Dims) != len(d.Dims) {
		return fmt.Errorf("is %s, declared as %s", v, d)
	}
	for i, a := range v.Dims {
		// Some writers declare 0 for a length that they do not know.
		if b := d.Dims[i]; a.Value > 0 && b.Value > 0 && a.Value != b.Value {
			return fmt.Errorf("is %s, declared as %s", v, d)
		}
	}
	return nil
}

// refine completes what was inferred with a declared type.
func (v *value) refine(d *ValueInfo) {
	switch {
	case d.Kind != TensorKind:
	case v.Kind == NoKind:
		name := v.Name
		v.ValueInfo = *d
		v.Name = name
	case d.Ranked && !v.Ranked:
		v.Ranked, v.Dims = true, d.Dims
	case d.Ranked:
		v.Dims = slices.Clone(v.Dims)
		for i, dim := range v.Dims {
			if dim.Value < 0 && (d.Dims[i].Value > 0 || dim.Param == "") {
				v.Dims[i] = d.Dims[i]
			}
		}
	}
}

// maxInts is the length of the longest vector of integers that is followed: longer
// than a shape of the highest rank.
const maxInts = 64

// constant returns the type of an initializer, and its integers if it is short.
func constant(t *Initializer) *value {
	v := &value{ValueInfo: ValueInfo{Name: t.Name, Elem: t.Elem, Ranked: true}}
	for _, d := range t.Dims {
		v.Dims = append(v.Dims, Dim{Value: d})
	}
	if len(t.Dims) <= 1 && t.Elements() <= maxInts {
		v.ints = t.integers()
	}
	return v
}

// integers returns the values as integers, or nil if one is not an integer. It takes
// floats too: PyTorch writes an axis as a double before a Cast.
func (t *Initializer) integers() []integer {
	if t.Validate() != nil {
		return nil
	}
	out := make([]integer, t.Elements())
	for i := range out {
		var x int64
		var f float64
		switch t.Elem {
		case Int64:
			x = int64(binary.LittleEndian.Uint64(t.Raw[8*i:]))
			f = float64(x)
		case Int32:
			x = int64(int32(binary.LittleEndian.Uint32(t.Raw[4*i:])))
			f = float64(x)
		case Float64:
			f = math.Float64frombits(binary.LittleEndian.Uint64(t.Raw[8*i:]))
			x = int64(f)
		case Float32:
			f = float64(math.Float32frombits(binary.LittleEndian.Uint32(t.Raw[4*i:])))
			x = int64(f)
		default:
			return nil
		}
		if float64(x) != f {
			return nil
		}
		out[i] = integer{Dim{Value: x}, true}
	}
	return out
}

// known returns the integers that v holds, and whether all are known.
func (v *value) known() ([]int64, bool) {
	if v == nil || v.ints == nil {
		return nil, false
	}
	out := make([]int64, len(v.ints))
	for i, x := range v.ints {
		if !x.known {
			return nil, false
		}
		out[i] = x.Value
	}
	return out, true
}

// mul multiplies lengths. A product over maxDim is an error.
func mul(a, b Dim) (Dim, error) {
	switch {
	case a.Value == 1:
		return b, nil
	case b.Value == 1:
		return a, nil
	case a.Value < 0 || b.Value < 0:
		return unknown, nil
	case a.Value != 0 && b.Value > math.MaxInt64/a.Value || a.Value*b.Value > maxDim:
		return unknown, fmt.Errorf("%d times %d is over %d", a.Value, b.Value, maxDim)
	}
	return Dim{Value: a.Value * b.Value}, nil
}

// broadcast returns the length of an axis where a and b are broadcast: they are
// equal, or one of them is 1.
func broadcast(a, b Dim) (Dim, error) {
	switch {
	case a == b || b.Value == 1:
		return a, nil
	case a.Value == 1:
		return b, nil
	case a.Value < 0:
		return b, nil // 1 or the same
	case b.Value < 0:
		return a, nil
	}
	return unknown, fmt.Errorf("lengths %s and %s differ", a, b)
}

// same returns the length of an axis that two values share.
func same(a, b Dim) (Dim, error) {
	switch {
	case a == b || b.Value < 0:
		return a, nil
	case a.Value < 0:
		return b, nil
	}
	return unknown, fmt.Errorf("lengths %s and %s differ", a, b)
}
