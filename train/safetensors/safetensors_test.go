package safetensors

import (
	"bytes"
	"encoding/binary"
	"io"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/onnx"
)

func sample() (map[string]string, []Tensor) {
	return map[string]string{"made by": "a <test>"}, []Tensor{
		{"b", onnx.Tensor{Shape: []int{2, 3}, Data: []float32{1, -2, 3.5, 0, 1e-30, 6}}},
		{"a/é", onnx.Tensor{Shape: []int{1}, Data: []float32{7}}},
		{"none", onnx.Tensor{Shape: []int{0, 4}, Data: []float32{}}},
		{"scalar", onnx.Tensor{Shape: []int{}, Data: []float32{-1}}},
	}
}

func encode(t testing.TB, metadata map[string]string, tensors []Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, metadata, tensors); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(data []byte) (map[string]string, []Tensor, error) {
	r, err := NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	var tensors []Tensor
	for t, err := range r.Tensors() {
		if err != nil {
			return nil, nil, err
		}
		tensors = append(tensors, t)
	}
	return r.Metadata, tensors, nil
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	metadata, tensors := sample()
	data := encode(t, metadata, tensors)
	if !bytes.Equal(data, encode(t, metadata, tensors)) {
		t.Error("two files of the same tensors differ")
	}
	gotMetadata, got, err := decode(data)
	if err != nil || !maps.Equal(gotMetadata, metadata) || !reflect.DeepEqual(got, tensors) {
		t.Errorf("got %v, %v, %v, want %v, %v", gotMetadata, got, err, metadata, tensors)
	}
	if _, got, err := decode(encode(t, nil, nil)); err != nil || len(got) != 0 {
		t.Errorf("a file without tensors: got %v, %v", got, err)
	}
	large := make([]float32, 3*chunk+5)
	for i := range large {
		large[i] = float32(i)
	}
	want := []Tensor{{"large", onnx.Tensor{Shape: []int{len(large)}, Data: large}}}
	if _, got, err := decode(encode(t, nil, want)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("a tensor of several chunks reads back otherwise: %v", err)
	}
}

// TestBytesAreThoseOfTheFormat: what the format's own library writes, byte for byte.
func TestBytesAreThoseOfTheFormat(t *testing.T) {
	data := encode(t, map[string]string{"k": "v"}, []Tensor{{"x", onnx.Tensor{Shape: []int{2}, Data: []float32{1, -2}}}})
	head := `{"__metadata__":{"k":"v"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	for len(head)%8 != 0 {
		head += " "
	}
	want := append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...)
	want = append(want, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0)
	if !bytes.Equal(data, want) {
		t.Errorf("got %q, want %q", data, want)
	}
}

func TestTensorsThatCannotBeWritten(t *testing.T) {
	one := onnx.NewTensor(1)
	for want, tensors := range map[string][]Tensor{
		`the name "x" is taken`:            {{"x", one}, {"x", one}},
		`the name "__metadata__" is taken`: {{"__metadata__", one}},
		"got 1 values, want 2":             {{"x", onnx.Tensor{Shape: []int{2}, Data: one.Data}}},
		"header has":                       {{strings.Repeat("x", MaxHeader), one}},
	} {
		var b bytes.Buffer
		err := Write(&b, nil, tensors)
		if err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("got error %v after %d bytes, want one with %q", err, b.Len(), want)
		}
	}
}

// file is a file of this header and as many zero bytes.
func file(head string, data int) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	return append(append(out, head...), make([]byte, data)...)
}

func TestHostileFilesAreRefused(t *testing.T) {
	tensor := func(rest string) string { return `{"x":{"dtype":"F32",` + rest + `}}` }
	for _, c := range []struct {
		want string
		data []byte
	}{
		{"too short for a header", []byte("GIF89a")},
		{"header of 18446744073709551615 bytes", bytes.Repeat([]byte{255}, 8)},
		{"header of 9 bytes in a file of 16", append([]byte{9, 0, 0, 0, 0, 0, 0, 0}, "{       "...)},
		{"header of 67108865 bytes", file(strings.Repeat(" ", MaxHeader+1), 0)},
		{"header: invalid character", file("x", 0)},
		{"header: x: json", file(`{"x":3}`, 0)},
		{"header: __metadata__: json", file(`{"__metadata__":{"a":1}}`, 0)},
		{`dtype is "F16"`, file(`{"x":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 4)},
		{"shape [-1] does not fit", file(tensor(`"shape":[-1],"data_offsets":[0,4]`), 4)},
		{"does not fit in 4 bytes", file(tensor(`"shape":[4294967296,4294967296],"data_offsets":[0,4]`), 4)},
		{"want it at [0 4]", file(tensor(`"shape":[1],"data_offsets":[4,8]`), 8)},
		{"want it at [0 4]", file(tensor(`"shape":[1],"data_offsets":[0,8]`), 8)},
		{"want it at [4 8]", file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},`+
			`"y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4)},
		{"tensors have 4 bytes, the file has 8", file(tensor(`"shape":[1],"data_offsets":[0,4]`), 8)},
	} {
		if _, _, err := decode(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %v, want one with %q", err, c.want)
		}
	}
}

// TestAFileThatEndsEarly: its size was told before it was cut.
func TestAFileThatEndsEarly(t *testing.T) {
	metadata, tensors := sample()
	data := encode(t, metadata, tensors)
	r, err := NewReader(bytes.NewReader(data[:len(data)-1]), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var last error
	n := 0
	for _, last = range r.Tensors() {
		n++
	}
	if n != len(tensors) || last == nil || !strings.Contains(last.Error(), "scalar: "+io.ErrUnexpectedEOF.Error()) {
		t.Errorf("got %d tensors and then %v", n, last)
	}
}

func FuzzReader(f *testing.F) {
	metadata, tensors := sample()
	good := encode(f, metadata, tensors)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(file("{}", 0))
	f.Add(file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		metadata, tensors, err := decode(data)
		if err != nil {
			return
		}
		// What was accepted can be written, and reads back the same.
		again := encode(t, metadata, tensors)
		metadata2, tensors2, err := decode(again)
		if err != nil || !maps.Equal(metadata2, metadata) || !bytes.Equal(encode(t, metadata2, tensors2), again) {
			t.Fatalf("changed by writing and reading: %v", err)
		}
	})
}
