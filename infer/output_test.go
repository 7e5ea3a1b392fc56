package infer

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
)

// then is the plain model with more nodes, OP IN OUT each, and the last of their
// values as its only output, of a type.
func then(t *testing.T, elem onnx.ElemType, nodes ...string) *onnx.Model {
	t.Helper()
	m := model(t, colours.PlainNCHW)
	last := ""
	for _, text := range nodes {
		f := strings.Fields(text)
		n := onnx.Node{Name: f[2], Op: f[0], Inputs: f[1:2], Outputs: f[2:]}
		if last = f[2]; n.Op == "Cast" {
			n.Attributes = []onnx.Attribute{onnx.Int("to", int64(elem))}
		}
		m.Graph.Nodes = append(m.Graph.Nodes, n)
	}
	m.Graph.Outputs = []onnx.ValueInfo{onnx.TensorInfo(last, elem, onnx.Symbol("N"), onnx.Known(3))}
	return m
}

// redness is what the model answers for red.
func redness(t *testing.T, m *onnx.Model) []float32 {
	t.Helper()
	c, err := open(m, elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := c.Classify(t.Context(), []imageprep.Image{plain(0, 8, 8)})
	if err != nil {
		t.Fatal(err)
	}
	return got[0].Probabilities
}

func close3(a, b []float32, within float64) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x-y)) < within })
}

func TestAnswersMayHaveAnyFloatType(t *testing.T) {
	onnxruntime.Need(t)
	want := redness(t, model(t, colours.PlainNCHW))
	for _, elem := range []onnx.ElemType{onnx.Float16, onnx.Float64} {
		if got := redness(t, then(t, elem, "Cast logits scores")); !close3(got, want, 1e-3) {
			t.Errorf("%v: got %v, want %v", elem, got, want)
		}
		if got := redness(t, then(t, elem, "Softmax logits p", "Cast p probabilities")); !close3(got, want, 1e-3) {
			t.Errorf("%v probabilities: got %v, want %v", elem, got, want)
		}
	}
	_, err := open(then(t, onnx.Int64, "Cast logits scores"), elsewhere)
	if err == nil || !strings.Contains(err.Error(), "output scores: got int64, want float32, float64 or float16") {
		t.Errorf("got %v", err)
	}
}

func TestOtherOutputsAreNoHindrance(t *testing.T) {
	onnxruntime.Need(t)
	want := redness(t, model(t, colours.PlainNCHW))
	for name, test := range map[string]struct {
		node onnx.Node
		port onnx.ValueInfo
	}{
		"float16": {onnx.Node{Op: "Cast", Attributes: []onnx.Attribute{onnx.Int("to", int64(onnx.Float16))}},
			onnx.TensorInfo("more", onnx.Float16, onnx.Symbol("N"), onnx.Known(3))},
		"bool":   {onnx.Node{Op: "IsNaN"}, onnx.TensorInfo("more", onnx.Bool, onnx.Symbol("N"), onnx.Known(3))},
		"scalar": {onnx.Node{Op: "ReduceMean", Attributes: []onnx.Attribute{onnx.Int("keepdims", 0)}}, onnx.TensorInfo("more", onnx.Float32)},
	} {
		m := model(t, colours.PlainNCHW)
		test.node.Name, test.node.Inputs, test.node.Outputs = "more", []string{"logits"}, []string{"more"}
		m.Graph.Nodes = append(m.Graph.Nodes, test.node)
		test.port.Ranked = true
		m.Graph.Outputs = append([]onnx.ValueInfo{test.port}, m.Graph.Outputs...)
		if got := redness(t, m); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestTheGraphSaysWhatTheAnswerIs(t *testing.T) {
	onnxruntime.Need(t)
	raw := []float32{255 * colours.Sharpness, 0, 0}
	sigmoid := []float32{float32(1 / (1 + math.Exp(-float64(raw[0])))), 0.5, 0.5}
	soft := slices.Clone(raw)
	softmax(soft)
	for ops, want := range map[string][]float32{
		"Identity logits scores":                        soft, // Mul makes it: it is tried
		"Sigmoid logits scores":                         sigmoid,
		"Sigmoid logits a/Identity a scores":            sigmoid,
		"Softmax logits scores":                         soft,
		"LogSoftmax logits scores":                      soft,
		"Softmax logits a/Relu a scores":                soft, // tried: probabilities
		"Softmax logits a/Flatten a b/Squeeze b scores": soft,
	} {
		if got := redness(t, then(t, onnx.Float32, strings.Split(ops, "/")...)); !close3(got, want, 1e-6) {
			t.Errorf("%s: got %v, want %v", ops, got, want)
		}
	}
}

// A sum of 1 by accident must not make an exception of a picture.
func TestEveryPictureIsReadTheSameWay(t *testing.T) {
	onnxruntime.Need(t)
	m := model(t, colours.PlainNCHW)
	m.Graph.Initializers[1] = onnx.NewScalar("scale", 1) // the logits of red are 1, 0, 0
	want := []float32{1, 0, 0}
	softmax(want)
	if got := redness(t, m); !close3(got, want, 1e-6) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAnAnswerThatIsNoNumberIsThePicturesError(t *testing.T) {
	onnxruntime.Need(t)
	// The logarithm of -logits is NaN where a channel shows, and infinite elsewhere.
	c, err := open(then(t, onnx.Float32, "Neg logits n", "Log n l", "Neg l scores"), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	pictures := func(yield func(Picture) bool) {
		_ = yield(Picture{Name: "a", Data: []byte("no image")}) && yield(Picture{Name: "b", Data: gray(t, 200)})
	}
	var got []string
	for r, err := range c.Stream(t.Context(), pictures, 4) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Err == nil {
			t.Fatalf("%s: got %v, want an error", r.Name, r.Answer.Probabilities)
		}
		got = append(got, r.Err.Error())
	}
	if len(got) != 2 || got[1] != "b: no answer: the network gives NaN for red" {
		t.Errorf("got %q", got)
	}
}

func TestMeanAndStdAreNumbers(t *testing.T) {
	onnxruntime.Need(t)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, o := range []Options{{Mean: []float32{nan}}, {Mean: []float32{0, inf, 0}}, {Std: []float32{nan}}, {Std: []float32{inf}},
		{Std: []float32{0}}, {Std: []float32{1e-45}}} {
		o.Labels = colours.Labels
		c, err := open(model(t, colours.PlainNCHW), o)
		if err == nil {
			c.Close()
			t.Errorf("mean %v, std %v: got no error", o.Mean, o.Std)
		} else if !strings.Contains(err.Error(), "want numbers") {
			t.Errorf("mean %v, std %v: got %v", o.Mean, o.Std, err)
		}
	}
}
