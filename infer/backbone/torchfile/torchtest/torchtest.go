// Package torchtest writes small PyTorch files, for tests alone: what torch.save
// writes for a state dict, opcode by opcode.
package torchtest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/flowerctl/flowerctl/onnx"
)

// Pickle writes opcodes.
type Pickle struct{ bytes.Buffer }

// NewPickle is a pickle of protocol 2 without a value yet.
func NewPickle() *Pickle {
	p := &Pickle{}
	p.WriteString("\x80\x02")
	return p
}

// Text pushes a string.
func (p *Pickle) Text(s string) *Pickle {
	p.WriteByte('X')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	p.WriteString(s)
	return p
}

// Int pushes an integer of 32 bits.
func (p *Pickle) Int(n int64) *Pickle {
	p.WriteByte('J')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
	return p
}

// Ints pushes a tuple of integers.
func (p *Pickle) Ints(v ...int64) *Pickle {
	p.WriteByte('(')
	for _, n := range v {
		p.Int(n)
	}
	return p.Op("t")
}

// Op writes opcodes as they are.
func (p *Pickle) Op(code string) *Pickle {
	p.WriteString(code)
	return p
}

// Tensor pushes a tensor: a view of the storage named key, of count values.
func (p *Pickle) Tensor(key, storage string, count, offset int64, size, stride []int64,
	legacy bool) *Pickle {
	p.Op("ctorch._utils\n_rebuild_tensor_v2\n((").Text("storage").Op("ctorch\n" + storage + "\n")
	p.Text(key).Text("cpu").Int(count)
	if legacy {
		p.Op("N")
	}
	p.Op("tQ").Int(offset).Ints(size...).Ints(stride...)
	return p.Op("\x89ccollections\nOrderedDict\n)Rt" + "R")
}

// dict is the pickle of a state dict, as state_dict() gives it: with attributes.
func dict(tensors []onnx.Initializer, legacy bool) []byte {
	p := NewPickle().Op("ccollections\nOrderedDict\n)R(")
	for i, t := range tensors {
		storage := "FloatStorage"
		if t.Elem == onnx.Int64 {
			storage = "LongStorage"
		}
		stride := make([]int64, len(t.Dims))
		n := int64(1)
		for a := len(t.Dims) - 1; a >= 0; a-- {
			stride[a] = n
			n *= t.Dims[a]
		}
		p.Text(t.Name).Tensor(fmt.Sprint(i), storage, n, 0, t.Dims, stride, legacy)
	}
	p.Op("u}").Text("_metadata").Op("ccollections\nOrderedDict\n)Rsb.")
	return p.Bytes()
}

// Legacy is a file of the format before PyTorch 1.6. Tensors are float32 or int64.
func Legacy(tensors ...onnx.Initializer) []byte {
	out := LegacyHead(dict(tensors, true))
	keys := NewPickle().Op("](")
	for i := range tensors {
		keys.Text(fmt.Sprint(i))
	}
	out = append(out, keys.Op("e.").Bytes()...)
	for _, t := range tensors {
		out = binary.LittleEndian.AppendUint64(out, uint64(t.Elements()))
		out = append(out, t.Raw...)
	}
	return out
}

// LegacyHead is the start of such a file, up to the pickle of its object.
func LegacyHead(object []byte) []byte {
	out := []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.")
	machine := NewPickle().Op("}(").Text("protocol_version").Int(1001).
		Text("little_endian").Op("\x88u.")
	return append(append(out, machine.Bytes()...), object...)
}

// Zip is a file of today's format.
func Zip(tensors ...onnx.Initializer) []byte {
	files := map[string][]byte{"byteorder": []byte("little"), "version": []byte("3\n")}
	names := []string{"data.pkl", "byteorder"}
	files["data.pkl"] = dict(tensors, false)
	for i, t := range tensors {
		name := fmt.Sprintf("data/%d", i)
		files[name] = t.Raw
		names = append(names, name)
	}
	return ZipOf("net/", zip.Store, append(names, "version"), files)
}

// ZipOf is a zip with those files, in order.
func ZipOf(folder string, method uint16, names []string, files map[string][]byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: folder + name, Method: method})
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err != nil { // a buffer takes everything
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
