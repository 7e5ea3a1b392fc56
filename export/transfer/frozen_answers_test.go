package transfer

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/export/publish"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/run"
)

// compareAnswers wants the probabilities of an exported file to be those of the run's
// own network.
func compareAnswers(t *testing.T, c *infer.Classifier, a *run.Answerer, img imageprep.Image) {
	t.Helper()
	got, err := c.Classify(t.Context(), []imageprep.Image{img})
	if err != nil {
		t.Fatal(err)
	}
	want, err := a.Probabilities(t.Context(), []imageprep.Image{img})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range got[0].Probabilities {
		if d := math.Abs(float64(p - want[i])); !(d < 1e-4) {
			t.Errorf("%s: %g in the file, %g in the run", a.Labels[i], p, want[i])
		}
	}
}

// TestUpgradedOperatorsComputeTheSame: what Upgrade rewrites of each operator, in
// onnxruntime before and after.
func TestUpgradedOperatorsComputeTheSame(t *testing.T) {
	onnxruntime.Need(t)
	ints := func(name string, v ...int64) onnx.Attribute { return onnx.Ints(name, v...) }
	for _, one := range []struct {
		opset int64
		op    string
		attrs []onnx.Attribute
		extra []onnx.Initializer
	}{
		{11, "Squeeze", []onnx.Attribute{ints("axes", 1)}, nil},
		{11, "Unsqueeze", []onnx.Attribute{ints("axes", 0, 2)}, nil},
		{11, "ReduceSum", []onnx.Attribute{ints("axes", 2), onnx.Int("keepdims", 0)}, nil},
		{13, "ReduceMean", []onnx.Attribute{ints("axes", 2, 3), onnx.Int("keepdims", 0)}, nil},
		{17, "ReduceMax", []onnx.Attribute{ints("axes", -1)}, nil},
		{17, "ReduceL2", nil, nil},
		{11, "Softmax", nil, nil}, // over the three axes from the second on
		{11, "Softmax", []onnx.Attribute{onnx.Int("axis", 2)}, nil},
		{11, "LogSoftmax", []onnx.Attribute{onnx.Int("axis", 3)}, nil},
		{11, "Split", []onnx.Attribute{ints("split", 2, 3), onnx.Int("axis", 2)}, nil},
		{10, "Pad", []onnx.Attribute{ints("pads", 0, 0, 1, 0, 0, 0, 0, 2), onnx.Float("value", 1.5)}, nil},
		{10, "Clip", []onnx.Attribute{onnx.Float("min", -0.25), onnx.Float("max", 0.5)}, nil},
		{10, "Clip", []onnx.Attribute{onnx.Float("max", 0.5)}, nil},
		{9, "Slice", []onnx.Attribute{ints("starts", 1), ints("ends", 4), ints("axes", 2)}, nil},
		{9, "Dropout", []onnx.Attribute{onnx.Float("ratio", 0.4)}, nil},
		{9, "TopK", []onnx.Attribute{onnx.Int("k", 2), onnx.Int("axis", 2)}, nil},
		{9, "Upsample", []onnx.Attribute{onnx.String("mode", "nearest")},
			[]onnx.Initializer{onnx.NewInitializer("s", onnx.Tensor{Shape: []int{4}, Data: []float32{1, 1, 2, 3}})}},
		{10, "Resize", []onnx.Attribute{onnx.String("mode", "linear")},
			[]onnx.Initializer{onnx.NewInitializer("s", onnx.Tensor{Shape: []int{4}, Data: []float32{1, 1, 2, 1.5}})}},
	} {
		n := onnx.Node{Name: "n", Op: one.op, Inputs: []string{"x"}, Outputs: []string{"y"}, Attributes: one.attrs}
		if one.op == "Split" || one.op == "TopK" {
			n.Outputs = append(n.Outputs, "z")
		}
		for _, t := range one.extra {
			n.Inputs = append(n.Inputs, t.Name)
		}
		shape := onnx.ValueInfo{Name: "y", Elem: onnx.Float32}
		m := &onnx.Model{IRVersion: 6, Opsets: []onnx.Opset{{Version: one.opset}}, Graph: onnx.Graph{Name: "one",
			Nodes: []onnx.Node{n}, Initializers: one.extra, Outputs: []onnx.ValueInfo{shape},
			Inputs: []onnx.ValueInfo{onnx.TensorInfo("x", onnx.Float32, onnx.Known(2), onnx.Known(1), onnx.Known(5), onnx.Known(4))}}}
		want, err := valueOf(t, m)
		if err != nil {
			t.Errorf("%s of set %d: before: %v", one.op, one.opset, err)
			continue
		}
		if err := m.Upgrade(18); err != nil {
			t.Errorf("%s of set %d: %v", one.op, one.opset, err)
			continue
		}
		if m.Opset("") != 18 {
			t.Errorf("%s: the set is %d", one.op, m.Opset(""))
		}
		got, err := valueOf(t, m)
		if err != nil || !slices.Equal(got.Shape, want.Shape) {
			t.Errorf("%s of set %d: %v, %v, want %v", one.op, one.opset, got, err, want)
			continue
		}
		for i, v := range want.Data {
			if d := math.Abs(float64(got.Data[i] - v)); !(d < 1e-5) {
				t.Errorf("%s of set %d: value %d is %g, want %g", one.op, one.opset, i, got.Data[i], v)
			}
		}
	}
}

// valueOf is the output y of a model.
func valueOf(t *testing.T, m *onnx.Model) (onnx.Tensor, error) {
	t.Helper()
	x := onnx.NewTensor(2, 1, 5, 4)
	for i := range x.Data {
		x.Data[i] = float32((i*7)%11)/4 - 1
	}
	file, err := m.Encode()
	if err != nil {
		return x, err
	}
	s, err := ort.NewSession(file, ort.Options{})
	if err != nil {
		return x, err
	}
	defer s.Close()
	out, err := s.Run(t.Context(), map[string]onnx.Tensor{"x": x})
	if err != nil {
		return x, err
	}
	return out["y"], nil
}

// TestOperatorsOfOtherSetsAreKept: those of com.microsoft, whose shapes package onnx does
// not know.
func TestOperatorsOfOtherSetsAreKept(t *testing.T) {
	onnxruntime.Need(t)
	m := networks.ViT{Opset: 13}.Model()
	n := m.Graph.Node("bent")
	n.Op, n.Domain = "Gelu", "com.microsoft"
	m.Opsets = append(m.Opsets, onnx.Opset{Domain: "com.microsoft", Version: 1})
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Frozen(t.Context(), Source{Name: "fused.onnx", File: file, Mean: half, Std: half}, "", ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(t.Context(), made(3, 32), 3); err != nil || b.Extractor.Node.Units != 8 {
		t.Errorf("%d features, %v", b.Extractor.Node.Units, err)
	}
	s := run.FrozenDefaults("fused.onnx", 0)
	s.Drawn, s.Threads = 60, 1
	f := run.Folder{Dir: filepath.Join(t.TempDir(), "run")}
	session, err := run.Open(t.Context(), s, run.Options{Dir: f.Dir, Base: b, Frozen: opened()})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if _, err := session.Train(t.Context()); err != nil {
		t.Fatal(err)
	}
	trained, err := f.Trained(run.Best)
	if err != nil {
		t.Fatal(err)
	}
	r, err := publish.Run(t.Context(), trained, filepath.Join(t.TempDir(), "m.onnx"), publish.Options{})
	if err != nil || !r.Verified.OK {
		t.Errorf("%+v, %v", r, err)
	}
}
