// Package npz reads arrays of numbers that numpy has saved: np.savez, np.savez_compressed
// and np.save. Arrays of Python objects, which numpy would unpickle, are refused. It
// never imports gorgonia or onnxruntime. Start at [Read].
//
// Source of the format: numpy/lib/format.py, versions 1.0 to 3.0.
package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/flowerctl/flowerctl/infer/labels"
	"github.com/flowerctl/flowerctl/onnx"
)

// Array is an array and its name: that of the argument of np.savez, or arr_0, arr_1.
type Array struct {
	Name string
	Type string // numpy's: "f4", "u1"
	onnx.Tensor
}

// Bounds of what is read.
const (
	maxFile   = 1 << 30 // bytes of the file, and of each array
	maxArrays = 1024
	maxHeader = 1 << 16
)

// Read reads the arrays of an .npz file, in its order, or the one of an .npy file.
func Read(path string) ([]Array, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		return nil, fmt.Errorf("%s: want a file of at most %d MiB", path, maxFile>>20)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	arrays, err := Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return arrays, nil
}

// Parse is Read of bytes.
func Parse(file []byte) ([]Array, error) {
	if bytes.HasPrefix(file, []byte(magic)) {
		a, err := array("arr_0", bytes.NewReader(file))
		return []Array{a}, err
	}
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, errors.New("neither a .npz nor a .npy file of numpy")
	}
	if len(z.File) > maxArrays {
		return nil, fmt.Errorf("%d arrays, want at most %d", len(z.File), maxArrays)
	}
	var arrays []Array
	left := int64(maxFile) // of all arrays: a zip may be small and hold much
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("array %s: %w", name, err)
		}
		a, err := array(name, io.LimitReader(r, left))
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, fmt.Errorf("array %s: %w", name, err)
		}
		left -= int64(4 * len(a.Data))
		arrays = append(arrays, a)
	}
	if len(arrays) == 0 {
		return nil, errors.New("no arrays in it")
	}
	return arrays, nil
}

const magic = "\x93NUMPY"

// array reads one .npy file.
func array(name string, r io.Reader) (Array, error) {
	a := Array{Name: name}
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[:6]) != magic {
		return a, errors.New("not an array of numpy")
	}
	size := 0
	if head[6] == 1 {
		var n uint16
		if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
			return a, err
		}
		size = int(n)
	} else {
		var n uint32
		if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
			return a, err
		}
		size = int(min(n, maxHeader+1))
	}
	if size > maxHeader {
		return a, errors.New("a header of more than 64 KiB")
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return a, err
	}
	order, err := a.header(string(text))
	if err != nil {
		return a, err
	}
	return a, a.read(r, order)
}

// header reads {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }.
func (a *Array) header(text string) (binary.ByteOrder, error) {
	v, err := labels.ParseValue(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	descr, _ := v.Of("descr")
	fortran, _ := v.Of("fortran_order")
	shape, ok := v.Of("shape")
	if !ok || shape.Kind != '[' || len(descr.Text) < 2 {
		return nil, fmt.Errorf("an array of %.20q: want numbers", descr.Text)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if descr.Text[0] == '>' {
		order = binary.BigEndian
	}
	a.Type = descr.Text[1:]
	if widths[a.Type] == 0 {
		return nil, fmt.Errorf("an array of %.20q: want float16, 32 or 64, or whole numbers", descr.Text)
	}
	if fortran.Text == "True" && len(shape.List) > 1 {
		return nil, errors.New("in Fortran's order: save np.ascontiguousarray of it")
	}
	n := 1
	for _, length := range shape.List {
		k, ok := length.Int()
		if !ok || k < 0 || k > 0 && n > maxFile/4/k {
			return nil, fmt.Errorf("shape: got %.40q, too large or no shape", length.Text)
		}
		n *= k
		a.Shape = append(a.Shape, k)
	}
	a.Data = make([]float32, 0, min(n, 1<<16))
	return order, nil
}

// widths are the bytes of the types that are read.
var widths = map[string]int{"f2": 2, "f4": 4, "f8": 8, "u1": 1, "i1": 1, "b1": 1, "u2": 2, "i2": 2,
	"i4": 4, "i8": 8}

// read reads the numbers, piece by piece: a header may promise more than there is.
func (a *Array) read(r io.Reader, order binary.ByteOrder) error {
	width := widths[a.Type]
	left := 1
	for _, k := range a.Shape {
		left *= k
	}
	piece := make([]byte, width*(1<<14))
	for left > 0 {
		n := min(left, 1<<14)
		if _, err := io.ReadFull(r, piece[:n*width]); err != nil {
			return fmt.Errorf("truncated: %d numbers are missing", left)
		}
		for i := range n {
			a.Data = append(a.Data, a.number(piece[i*width:], order))
		}
		left -= n
	}
	return nil
}

func (a *Array) number(b []byte, order binary.ByteOrder) float32 {
	switch a.Type {
	case "f2":
		return onnx.HalfToFloat(order.Uint16(b))
	case "f4":
		return math.Float32frombits(order.Uint32(b))
	case "f8":
		return float32(math.Float64frombits(order.Uint64(b)))
	case "i1":
		return float32(int8(b[0]))
	case "u2":
		return float32(order.Uint16(b))
	case "i2":
		return float32(int16(order.Uint16(b)))
	case "i4":
		return float32(int32(order.Uint32(b)))
	case "i8":
		return float32(int64(order.Uint64(b)))
	}
	return float32(b[0])
}
