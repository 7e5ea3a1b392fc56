package reference

import (
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/npz"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/data"
)

// file is a classifier of colours with another factor on its logits.
func file(t *testing.T, in colours.Input, factor float32) []byte {
	t.Helper()
	m, err := colours.Model(in)
	if err != nil {
		t.Fatal(err)
	}
	m.Graph.Initializers[1] = onnx.NewScalar("scale", factor)
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t *testing.T, in colours.Input, factor float32) *infer.Classifier {
	t.Helper()
	c, err := Open(&infer.File{Name: "m.onnx", Data: file(t, in, factor)}, infer.Options{Uncached: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestFilesThatComputeTheSameAreTheSame(t *testing.T) {
	onnxruntime.Need(t)
	pictures, err := data.DrawnFiles(11, 40, 1)
	if err != nil {
		t.Fatal(err)
	}
	a := open(t, colours.PlainNCHW, 7)
	r, err := Files(t.Context(), a, open(t, colours.PlainNHWC, 7), pictures, DefaultTolerance)
	if err != nil || !r.OK || r.Images != 11 || r.Same != 11 || r.Err() != nil {
		t.Errorf("got %+v, %v", r, err)
	}
	r, err = Files(t.Context(), a, open(t, colours.PlainNHWC, 7.5), pictures, DefaultTolerance)
	if err != nil || r.OK || r.Err() == nil || !(r.MaxRel > 1e-3) {
		t.Errorf("another factor: got %+v, %v", r, err)
	}
}

func TestRecordedOutputs(t *testing.T) {
	onnxruntime.Need(t)
	s, err := ort.NewSession(file(t, colours.PlainNCHW, 2), ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	x := onnx.NewTensor(2, 3, colours.Size, colours.Size)
	for i := range x.Data[:colours.Size*colours.Size] {
		x.Data[i] = 1 // red
	}
	arrays := func(x0, y0 string, red float32) []npz.Array {
		return []npz.Array{{Name: y0, Tensor: onnx.Tensor{Shape: []int{2, 3}, Data: []float32{red, 0, 0, 0, 0, 0}}},
			{Name: x0, Tensor: x}}
	}
	for _, names := range [][2]string{{"pixels", "logits"}, {"arr_0", "arr_1"}} {
		r, err := Recorded(t.Context(), s, arrays(names[0], names[1], 2), DefaultTolerance)
		if err != nil || !r.OK || r.Images != 2 || r.Values != "logits" {
			t.Errorf("%v: got %+v, %v", names, r, err)
		}
	}
	r, err := Recorded(t.Context(), s, arrays("pixels", "logits", 2.01), DefaultTolerance)
	if err != nil || r.OK || !(r.MaxRel > 0.004 && r.MaxRel < 0.006) {
		t.Errorf("got %+v, %v", r, err)
	}
	for want, a := range map[string][]npz.Array{
		"input pixels is not recorded": arrays("x", "logits", 2),
		"no output is recorded":        arrays("pixels", "y", 2),
	} {
		if _, err := Recorded(t.Context(), s, a, DefaultTolerance); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
