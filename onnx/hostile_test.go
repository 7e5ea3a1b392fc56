package onnx

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostile is a file that must be refused, and a part of the error.
type hostile struct {
	name, want string
	file       []byte
}

// wrong returns the file of tiny after a change.
func wrong(t testing.TB, change func(*Model)) []byte {
	t.Helper()
	m := withSlice(tiny())
	change(m)
	msg := (&encoder{}).model(m) // without the checks of Encode
	return bytes.Join(msg.parts, nil)
}

// around wraps a graph, written by hand, in a model.
func around(graph *message) []byte {
	m := &message{}
	m.varint(1, 8)
	m.message(7, graph)
	m.message(8, (&encoder{}).opset(Opset{"", 18}))
	return bytes.Join(m.parts, nil)
}

// tensorFile is a model with one initializer, written by hand.
func tensorFile(write func(t *message)) []byte {
	t, g := &message{}, &message{}
	t.text(8, "w")
	write(t)
	g.message(5, t)
	return around(g)
}

// attributeFile is a model with one node with one attribute, written by hand.
func attributeFile(write func(a *message)) []byte {
	a, n, g := &message{}, &message{}, &message{}
	a.text(1, "a")
	write(a)
	n.text(4, "Relu")
	n.message(5, a)
	g.message(1, n)
	return around(g)
}

// layer is a model of one node on an image [N 3 9 11], with an opset of choice.
func layer(opset int64, op string, attrs []Attribute, more ...Initializer) *Model {
	m := tiny()
	m.Opsets[0].Version = opset
	n := Node{Name: "x", Op: op, Inputs: []string{"input"}, Outputs: []string{"y"}, Attributes: attrs}
	m.Graph.Initializers = nil
	for _, t := range more {
		m.Graph.Initializers = append(m.Graph.Initializers, t)
		n.Inputs = append(n.Inputs, t.Name)
	}
	m.Graph.Nodes = []Node{n}
	m.Graph.Outputs = []ValueInfo{{Name: "y", Kind: NoKind}}
	return m
}

func layerFile(t testing.TB, m *Model) []byte {
	t.Helper()
	return bytes.Join((&encoder{}).model(m).parts, nil)
}

func shaped(name string, shape ...int) Initializer {
	return NewInitializer(name, NewTensor(shape...))
}

// negativeDimension is an input of length -7, which Encode would not write.
func negativeDimension() []byte {
	dim, shape, tensor := &message{}, &message{}, &message{}
	typ, value, g := &message{}, &message{}, &message{}
	dim.varint(1, -7)
	shape.message(1, dim)
	tensor.message(2, shape)
	typ.message(1, tensor)
	value.message(2, typ)
	g.message(11, value)
	return around(g)
}

// hostiles returns all files that must be refused.
func hostiles(t testing.TB) []hostile {
	good := wrong(t, func(*Model) {})
	list := []hostile{
		{"empty", "the file is empty", nil},
		{"text", "not an ONNX file", []byte("this is not a model, but a letter\n")},
		{"png", "not an ONNX file", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")},
		{"zeros", "not an ONNX file", make([]byte, 4096)},
		{"truncated", "truncated", good[:len(good)/2]},
		{"cut by one byte", "truncated", good[:len(good)-1]},
		{"a length beyond the end", "truncated", []byte{0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f}},
		{"an endless varint", "truncated", bytes.Repeat([]byte{0xff}, 64)},
		{"no graph", "0 graphs", []byte{0x08, 0x08}},
		{"two graphs", "2 graphs", append(slices.Clone(good), good...)},
		{"groups of protobuf 1", "wire type 3", []byte{0x0b, 0x0c}},
		{"a graph that is a number", "wire type", []byte{0x38, 0x01}},
		{"IR version 0", "IR version 0", wrong(t, func(m *Model) { m.IRVersion = 0 })},
		{"IR version 99", "IR version 99", wrong(t, func(m *Model) { m.IRVersion = 99 })},
		{"no operator set", "operator set version 0", wrong(t, func(m *Model) { m.Opsets = nil })},
		{"operator set 6", "operator set version 6",
			wrong(t, func(m *Model) { m.Opsets[0].Version = 6 })},
		{"operator set 1000", "operator set version 1000",
			wrong(t, func(m *Model) { m.Opsets[0].Version = 1000 })},
		{"operator set twice", "imported twice",
			wrong(t, func(m *Model) { m.Opsets = append(m.Opsets, Opset{"ai.onnx", 9}) })},
		{"unknown operator", `unknown operator "Solve"`,
			wrong(t, func(m *Model) { m.Graph.Nodes[1].Op = "Solve" })},
		{"no operator", `unknown operator ""`, wrong(t, func(m *Model) { m.Graph.Nodes[1].Op = "" })},
		{"domain not imported", "not imported",
			wrong(t, func(m *Model) { m.Graph.Nodes[1].Domain = "evil" })},
		{"unknown domain", `unknown operator set "evil"`, wrong(t, func(m *Model) {
			m.Opsets = append(m.Opsets, Opset{"evil", 1})
			m.Graph.Nodes[1].Domain = "evil"
		})},
		{"operator from the future", "came with operator set 20",
			wrong(t, func(m *Model) { m.Graph.Nodes[1].Op = "Gelu" })},
		{"operator of the past", "removed in operator set 10",
			wrong(t, func(m *Model) { m.Graph.Nodes[1].Op = "Upsample" })},
		{"cycle", "cycle or not in order",
			wrong(t, func(m *Model) { m.Graph.Nodes[0].Inputs[0] = "logits" })},
		{"reads itself", "cycle or not in order",
			wrong(t, func(m *Model) { m.Graph.Nodes[1].Inputs[0] = "flat" })},
		{"out of order", "cycle or not in order",
			wrong(t, func(m *Model) { slices.Reverse(m.Graph.Nodes) })},
		{"dangling input", `reads "nowhere", which nothing makes`,
			wrong(t, func(m *Model) { m.Graph.Nodes[1].Inputs[0] = "nowhere" })},
		{"dangling output", `output "nothing" is made by no node`,
			wrong(t, func(m *Model) { m.Graph.Outputs[0].Name = "nothing" })},
		{"no outputs", "no outputs", wrong(t, func(m *Model) { m.Graph.Outputs = nil })},
		{"a value made twice", "both make",
			wrong(t, func(m *Model) { m.Graph.Nodes[1].Outputs[0] = "conv" })},
		{"an input made again", "is an input or initializer",
			wrong(t, func(m *Model) { m.Graph.Nodes[1].Outputs[0] = "input" })},
		{"two inputs of a name", "two inputs",
			wrong(t, func(m *Model) { m.Graph.Inputs = append(m.Graph.Inputs, m.Graph.Inputs[0]) })},
		{"two initializers of a name", "two initializers", wrong(t, func(m *Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, m.Graph.Initializers[0])
		})},
		{"two outputs of a name", "two outputs",
			wrong(t, func(m *Model) { m.Graph.Outputs = append(m.Graph.Outputs, m.Graph.Outputs[0]) })},
		{"a name that is no text", "not UTF-8",
			wrong(t, func(m *Model) { m.Graph.Inputs[0].Name = "\xff\xfe" })},
		{"metadata twice", "two entries",
			wrong(t, func(m *Model) { m.Metadata = append(m.Metadata, m.Metadata[0]) })},
		{"wrong type", "want float", wrong(t, func(m *Model) { m.Graph.Inputs[0].Elem = Int32 })},
		{"types that differ", "want one type",
			wrong(t, func(m *Model) { m.Graph.Inputs[0].Elem = Float16 })},
		{"declared otherwise", "declared as",
			wrong(t, func(m *Model) { m.Graph.Outputs[0].Dims[1] = Known(3) })},
		{"declared of another type", "declared as",
			wrong(t, func(m *Model) { m.Graph.Outputs[0].Elem = Int64 })},
		{"channels that do not fit", "do not fit",
			wrong(t, func(m *Model) { m.Graph.Inputs[0].Dims[1] = Known(4) })},
		{"a kernel of another size", "kernel_shape",
			wrong(t, func(m *Model) { m.Graph.Nodes[0].Attributes[0].Ints[0] = 5 })},
		{"a matrix that does not fit", "lengths",
			wrong(t, func(m *Model) { *m.Graph.Initializer("end") = NewInt64("end", 179) })},
		{"stride 0", "strides", wrong(t, func(m *Model) { m.Graph.Nodes[0].Attributes[1].Ints[0] = 0 })},
		{"negative pads", "pads",
			wrong(t, func(m *Model) { m.Graph.Nodes[0].Attributes[2].Ints[0] = -5 })},
		{"overflowing pads", "pads",
			wrong(t, func(m *Model) { m.Graph.Nodes[0].Attributes[2].Ints[0] = math.MaxInt64 })},
		{"an attribute of the wrong type", "is of type string", wrong(t, func(m *Model) {
			m.Graph.Nodes[0].Attributes[1] = String("strides", "2")
		})},
		{"an attribute twice", "is there twice", wrong(t, func(m *Model) {
			m.Graph.Nodes[0].Attributes = append(m.Graph.Nodes[0].Attributes, Ints("pads", 0, 0, 0, 0))
		})},
		{"negative dimension", "dimension -7", negativeDimension()},
		{"overflowing dimension", "dimension",
			wrong(t, func(m *Model) { m.Graph.Inputs[0].Dims[2] = Dim{Value: math.MaxInt64} })},
		{"dimensions whose product is too large", "values", wrong(t, func(m *Model) {
			m.Graph.Inputs[0].Dims = []Dim{Known(1 << 15), Known(3), Known(1 << 15), Known(1 << 15)}
		})},
	}
	return append(list, hostileTensors(t)...)
}

// TestHostileFilesAreRefused allows each file a tenth of a second of computing and 64
// MiB of allocations in total.
func TestHostileFilesAreRefused(t *testing.T) {
	list := hostiles(t)
	if len(list) < 40 {
		t.Errorf("%d files, want at least 40", len(list))
	}
	for _, h := range list {
		t.Run(h.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var err error
			took := cpuTime(t, func() { err = refuse(h.file) })
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatal("not refused")
			}
			text := err.Error()
			if !strings.Contains(text, h.want) {
				t.Errorf("got %q, want %q in it", text, h.want)
			}
			if strings.ContainsAny(text, "\n\r") || len(text) > 500 {
				t.Errorf("an error of %d bytes, want one short line: %.300q", len(text), text)
			}
			for range 10 { // the caches may have been others'
				if took > 100*time.Millisecond {
					took = cpuTime(t, func() { refuse(h.file) })
				}
			}
			if took > 100*time.Millisecond && !raceEnabled {
				t.Errorf("it took %v", took)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("it took %d MiB", used>>20)
			}
		})
	}
}

func refuse(file []byte) error {
	m, err := Decode(file)
	if err != nil {
		return err
	}
	return m.Check()
}

// TestReadFileLooksBeforeItReads: a file that is not a model is not read into memory.
func TestReadFileLooksBeforeItReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.onnx")
	for _, test := range []struct {
		name, want string
		write      func(f *os.File) error
	}{
		{"two gigabytes of nothing", "at most", func(f *os.File) error { return f.Truncate(1 << 31) }},
		{"a gigabyte of nothing", "not an ONNX file",
			func(f *os.File) error { return f.Truncate(1 << 30) }},
		{"a graph that the file does not hold", "truncated", func(f *os.File) error {
			head := binary.AppendUvarint([]byte{0x08, 0x08, 0x3a}, 1<<30)
			if _, err := f.Write(head); err != nil {
				return err
			}
			return f.Truncate(1 << 29)
		}},
		{"empty", "the file is empty", func(*os.File) error { return nil }},
	} {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := test.write(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = ReadFile(path)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), test.want) ||
			!strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: it took %d KiB", test.name, used>>10)
		}
	}
	if _, err := ReadFile(t.TempDir()); err == nil || !strings.Contains(err.Error(), "a folder, want a file") {
		t.Errorf("a folder: got %v", err)
	}
}
