// Package torchfile reads the weights of a PyTorch file (.pth, .pt), in the zip
// format and in the older one, without Python. Such a file is a pickle, a program
// that may do anything when Python runs it; here it can make ordered dicts and
// tensors, and everything else is refused by name. Sizes are bounded, and the file
// may come from anyone. The package imports onnx alone. Start at [Decode].
package torchfile

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/onnx"
)

// MaxBytes is the size of the largest file that is read.
const MaxBytes = 1 << 30

// RefusedError is a file that asks for more than tensors: another function or class
// of Python's, or another opcode.
type RefusedError struct {
	Name   string // "os.system"
	Opcode byte   // where Name is ""
}

func (e *RefusedError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("torch file: opcode %#x is not allowed in a file of weights", e.Opcode)
	}
	return fmt.Sprintf("torch file: %q is not allowed in a file of weights", e.Name)
}

// ErrMalformed is a file that is damaged, or is none of PyTorch's.
var ErrMalformed = errors.New("torch file")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// Decode reads the state dict that data holds: its tensors, in the order of the
// file, in row-major order. Tensors that lie so in the file share its memory.
func Decode(data []byte) ([]onnx.Initializer, error) {
	if len(data) > MaxBytes {
		return nil, malformed("%d bytes, want at most %d", len(data), MaxBytes)
	}
	var root value
	var memory map[string]part
	var err error
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		root, memory, err = readZip(data)
	} else {
		root, memory, err = readLegacy(data)
	}
	if err != nil {
		return nil, err
	}
	d, ok := root.(*dict)
	if !ok {
		return nil, malformed("%s, want a dict of tensors", kindOf(root))
	}
	copies := int64(len(data)) // bytes that copies may take
	out := make([]onnx.Initializer, 0, len(d.keys))
	for _, name := range d.keys {
		t, ok := d.values[name].(*tensor)
		if !ok {
			return nil, malformed("%q is %s, want a tensor", name, kindOf(d.values[name]))
		}
		raw, err := t.bytes(memory, &copies)
		if err != nil {
			return nil, fmt.Errorf("%w (%q)", err, name)
		}
		out = append(out, onnx.Initializer{Name: name, Elem: t.of.elem, Dims: t.size, Raw: raw})
	}
	return out, nil
}

// part is the memory of one storage.
type part struct {
	elem elem
	data []byte
}

// widths are the bytes of a value.
var widths = map[elem]int64{
	onnx.Float32: 4, onnx.Float64: 8, onnx.Float16: 2, onnx.BFloat16: 2, onnx.Int64: 8,
	onnx.Int32: 4, onnx.Int16: 2, onnx.Int8: 1, onnx.Uint8: 1, onnx.Bool: 1,
}

// bytes are the values of t in row-major order. What has to be copied for it is
// taken off copies.
func (t *tensor) bytes(memory map[string]part, copies *int64) ([]byte, error) {
	p, ok := memory[t.of.key]
	width := widths[t.of.elem]
	if !ok || p.elem != t.of.elem || int64(len(p.data)) != t.of.count*width {
		return nil, malformed("storage %s is not there, or is another", t.of.key)
	}
	count, last := int64(1), t.offset // the number of values, and where the last one lies
	contiguous := true
	for i := len(t.size) - 1; i >= 0; i-- {
		n, stride := t.size[i], t.stride[i]
		if n < 0 || n > MaxBytes || stride < 0 || stride > MaxBytes || count*n > MaxBytes {
			return nil, malformed("shape %v with strides %v", t.size, t.stride)
		}
		if n != 1 && stride != count {
			contiguous = false
		}
		count *= n
		last += (n - 1) * stride
	}
	if count == 0 {
		return []byte{}, nil
	}
	if t.offset < 0 || t.offset > t.of.count || last >= t.of.count || count > t.of.count {
		return nil, malformed("shape %v with strides %v at %d, beyond the %d values of storage %s",
			t.size, t.stride, t.offset, t.of.count, t.of.key)
	}
	if contiguous {
		return p.data[t.offset*width : (t.offset+count)*width], nil
	}
	if *copies -= count * width; *copies < 0 {
		return nil, malformed("more values than the file has bytes")
	}
	out := make([]byte, 0, count*width)
	return t.gather(out, p.data, 0, t.offset, width), nil
}

// gather appends the values from axis on, the first of which lies at.
func (t *tensor) gather(out, data []byte, axis int, at, width int64) []byte {
	if axis == len(t.size) {
		return append(out, data[at*width:(at+1)*width]...)
	}
	for i := range t.size[axis] {
		out = t.gather(out, data, axis+1, at+i*t.stride[axis], width)
	}
	return out
}
