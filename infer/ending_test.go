package infer

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
)

// made is the plain model with more nodes, the last of whose values is its only output:
// OP IN... -> OUT, where a number is a constant.
func made(t *testing.T, text string) *onnx.Model {
	t.Helper()
	m := model(t, colours.PlainNCHW)
	m.Opsets[0].Version = 17 // axes of ReduceSum are inputs, of ReduceMean attributes
	m.Graph.Initializers = m.Graph.Initializers[1:]
	m.Graph.Nodes[0].Inputs = m.Graph.Nodes[0].Inputs[:1]
	m.Graph.Nodes[0].Attributes = append(m.Graph.Nodes[0].Attributes, onnx.Ints("axes", 2, 3))
	var out string
	for _, line := range strings.Split(text, "; ") {
		f := strings.Fields(line)
		out = f[len(f)-1]
		n := onnx.Node{Name: "make " + out, Op: f[0], Inputs: f[1 : len(f)-2], Outputs: []string{out}}
		switch n.Op {
		case "Concat", "Softmax":
			n.Attributes = []onnx.Attribute{onnx.Int("axis", 1)}
		case "Slice":
			n.Inputs = append(n.Inputs[:1:1], "from"+f[2], "to"+f[2], "from1") // one class
		case "ReduceSum":
			n.Inputs = append(n.Inputs, "from1")
		case "Squeeze":
			n.Inputs = append(n.Inputs, "from2")
		case "Unsqueeze":
			n.Inputs = append(n.Inputs, "from2")
		}
		m.Graph.Nodes = append(m.Graph.Nodes, n)
	}
	for i := range int64(3) {
		m.Graph.Initializers = append(m.Graph.Initializers,
			onnx.NewInt64("from"+string(rune('0'+i)), i), onnx.NewInt64("to"+string(rune('0'+i)), i+1))
	}
	for _, c := range []struct {
		name  string
		value float32
	}{{"one", 1}, {"two", 2}, {"three", 3}, {"six", 6}, {"half", 0.5}, {"hundred", 100}, {"tiny", 0.001}} {
		m.Graph.Initializers = append(m.Graph.Initializers, onnx.NewScalar(c.name, c.value))
	}
	m.Graph.Initializers = append(m.Graph.Initializers,
		onnx.NewInitializer("mask", onnx.Tensor{Shape: []int{1, 3}, Data: []float32{1, 1, 0}}))
	m.Graph.Outputs = []onnx.ValueInfo{onnx.TensorInfo(out, onnx.Float32, onnx.Symbol("N"), onnx.Known(3))}
	return m
}

// TestWhatTheValuesAreIsSeenAndSaid: the logits of red are 7.65, 0 and 0.
func TestWhatTheValuesAreIsSeenAndSaid(t *testing.T) {
	onnxruntime.Need(t)
	const x = 255 * colours.Sharpness
	sigmoid := func(x float64) float32 { return float32(1 / (1 + math.Exp(-x))) }
	soft := func(values ...float32) []float32 { softmax(values); return values }
	heads := "Sigmoid logits -> s; Slice s 0 -> a; Slice s 1 -> b; Slice s 2 -> c; "
	for text, test := range map[string]struct {
		want []float32
		said string
	}{
		heads + "Concat a b c -> y": {[]float32{sigmoid(x), 0.5, 0.5}, "within 0 and 1"},
		heads + "Unsqueeze a -> a1; Unsqueeze b -> b1; Unsqueeze c -> c1; Concat a1 b1 c1 -> abc; Squeeze abc -> y": {
			[]float32{sigmoid(x), 0.5, 0.5}, "within 0 and 1"},
		"Sigmoid logits -> s; Mul s mask -> y":                        {[]float32{sigmoid(x), 0.5, 0}, "within 0 and 1"},
		"Neg logits -> n; Exp n -> e; Add e one -> d; Div one d -> y": {[]float32{sigmoid(x), 0.5, 0.5}, "within 0 and 1"},
		"Add logits three -> a; Min a six -> b; Div b six -> y":       {[]float32{1, 0.5, 0.5}, "within 0 and 1"},
		"Mul logits half -> h; Tanh h -> t; Add t one -> u; Mul u half -> y": {
			[]float32{sigmoid(x), 0.5, 0.5}, "within 0 and 1"},
		"Exp logits -> e; ReduceSum e -> s; Div e s -> y": {soft(x, 0, 0), "sum to 1"},
		"Softmax logits -> s; Mul s mask -> y":            {[]float32{soft(x, 0, 0)[0], soft(x, 0, 0)[1], 0}, "within 0 and 1"},
		"Softmax logits -> s; Mul s hundred -> y":         {soft(x, 0, 0), "percent"},
		"Softmax logits -> s; Log s -> y":                 {soft(x, 0, 0), "logarithms"},
		"Tanh logits -> t; Mul t hundred -> y":            {soft(100, 0, 0), "logits"},
		"Mul logits tiny -> y":                            {soft(x/1000, 0, 0), ""}, // linear, though small
		"Mul logits tiny -> t; Relu t -> y":               {soft(x/1000, 0, 0), ""},
		"Softmax logits -> y":                             {soft(x, 0, 0), ""},
		"Identity logits -> probabilities":                {soft(x, 0, 0), "logits"}, // for all its name
		"Sigmoid logits -> s; Mul s one -> probabilities": {[]float32{sigmoid(x), 0.5, 0.5}, "within 0 and 1"},
	} {
		c, err := open(made(t, text), elsewhere)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := c.Classify(t.Context(), []imageprep.Image{plain(0, 8, 8)})
		if err = errors.Join(err, c.Close()); err != nil {
			t.Fatal(err)
		}
		if !close3(got[0].Probabilities, test.want, 1e-6) {
			t.Errorf("%s: got %v, want %v", text, got[0].Probabilities, test.want)
		}
		said := strings.Join(c.Notes(), "; ")
		if !strings.Contains(said, test.said) || test.said == "" && said != "" {
			t.Errorf("%s: said %q, want %q", text, said, test.said)
		}
	}
}

// outputs is the plain model with outputs of those names. What is called by a colour is
// 7.65 for it; others are the logits.
func outputs(t *testing.T, names ...string) *onnx.Model {
	m := model(t, colours.PlainNCHW)
	m.Graph.Outputs = nil
	m.Graph.Nodes[1].Outputs[0] = "scaled"
	for i, name := range names {
		op := "Identity"
		if i%2 == 0 {
			op = "Neg"
		}
		m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Name: name, Op: op, Inputs: []string{"scaled"}, Outputs: []string{name}})
		m.Graph.Outputs = append(m.Graph.Outputs, onnx.TensorInfo(name, onnx.Float32, onnx.Symbol("N"), onnx.Known(3)))
	}
	return m
}

func TestWhichOutputAnswersIsSaidAndChosen(t *testing.T) {
	onnxruntime.Need(t)
	for _, test := range []struct {
		names       []string // of even index are wrong about red
		asked, want string
		others      []string
		red         bool
	}{
		{[]string{"aux_logits", "logits"}, "", "logits", []string{"aux_logits"}, true},
		{[]string{"logits", "AuxLogits"}, "", "logits", []string{"AuxLogits"}, false},
		{[]string{"a", "b", "c"}, "", "a", []string{"b", "c"}, false},
		{[]string{"a", "b", "c"}, "b", "b", nil, true},
		{[]string{"aux_logits", "logits"}, "aux_logits", "aux_logits", nil, false},
		{[]string{"only"}, "", "only", nil, false},
		{[]string{"x", "probabilities"}, "", "probabilities", nil, true},
		{[]string{"x", "probabilities"}, "x", "x", nil, false},
	} {
		o := elsewhere
		o.Output = test.asked
		c, err := open(outputs(t, test.names...), o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Classify(t.Context(), []imageprep.Image{plain(0, 8, 8)})
		if err = errors.Join(err, c.Close()); err != nil {
			t.Fatal(err)
		}
		name, others := c.Output()
		if name != test.want || !slices.Equal(others, test.others) || (got[0].Probabilities[0] > 0.9) != test.red {
			t.Errorf("%v, %q: got %s and %v, %v", test.names, test.asked, name, others, got[0].Probabilities)
		}
	}
	o := elsewhere
	o.Output = "none"
	var wrong *OutputError
	if _, err := open(outputs(t, "a", "b"), o); !errors.As(err, &wrong) || err.Error() != `no output "none", there are: a, b` {
		t.Errorf("got %v", err)
	}
}
