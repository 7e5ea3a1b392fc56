package infer

import (
	"math"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
)

// TestOutputsWithoutAValueForEachClassAreRefused: sorted values, a class's number, and a
// softmax over the pictures of a run would all be taken for scores.
func TestOutputsWithoutAValueForEachClassAreRefused(t *testing.T) {
	onnxruntime.Need(t)
	three := onnx.TensorInfo("y", onnx.Float32, onnx.Symbol("N"), onnx.Known(3))
	sorting := then(t, onnx.Float32, "TopK logits y")
	n := &sorting.Graph.Nodes[len(sorting.Graph.Nodes)-1]
	n.Inputs, n.Outputs = []string{"logits", "k"}, []string{"y", "order"}
	sorting.Graph.Initializers = append(sorting.Graph.Initializers, onnx.NewInt64("k", 3))
	over := func(op string, axis int64) *onnx.Model {
		m := then(t, onnx.Float32, op+" logits y")
		last := &m.Graph.Nodes[len(m.Graph.Nodes)-1]
		last.Attributes = []onnx.Attribute{onnx.Int("axis", axis)}
		m.Graph.Outputs = []onnx.ValueInfo{three}
		return m
	}
	for want, m := range map[string]*onnx.Model{
		"output y: TopK makes it, whose values are in their own order":  sorting,
		"output y: Softmax runs over axis 0, the pictures of a run":     over("Softmax", 0),
		"output y: LogSoftmax runs over axis 0, the pictures of a run,": over("LogSoftmax", -2),
	} {
		c, err := open(m, elsewhere)
		if err == nil {
			c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if c, err := open(over("Softmax", -1), elsewhere); err != nil {
		t.Error(err)
	} else {
		c.Close()
	}
}

// TestAnOldSoftmaxOverAllOfOnePictureIsRight: before operator set 13 axis 0 meant all axes.
func TestAnOldSoftmaxOverAllOfOnePictureIsRight(t *testing.T) {
	onnxruntime.Need(t)
	m := made(t, "Softmax logits -> y")
	m.Opsets[0].Version = 12
	m.Graph.Node("make y").Attributes = []onnx.Attribute{onnx.Int("axis", 0)}
	m.Graph.Inputs[0].Dims[0], m.Graph.Outputs[0].Dims[0] = onnx.Known(1), onnx.Known(1)
	if got, want := redness(t, m), redness(t, model(t, colours.PlainNCHW)); !close3(got, want, 1e-5) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// squeezed is the plain model with the logit of its class 0 as its only value, of a
// shape.
func squeezed(t *testing.T, ending string, dims ...onnx.Dim) *onnx.Model {
	t.Helper()
	m := made(t, ending)
	last := m.Graph.Nodes[len(m.Graph.Nodes)-1].Outputs[0]
	m.Graph.Outputs = []onnx.ValueInfo{onnx.TensorInfo(last, onnx.Float32, dims...)}
	return m
}

// TestOneValueMayHaveNoAxisOfItsOwn: torch.squeeze leaves [N]. The logit of red is 7.65.
func TestOneValueMayHaveNoAxisOfItsOwn(t *testing.T) {
	onnxruntime.Need(t)
	two := elsewhere
	two.Labels = []string{"no", "red"}
	const one = "Slice logits 0 -> part; ReduceSum part -> y"
	for _, end := range []string{one, one + "; Sigmoid y -> p"} {
		m := squeezed(t, end, onnx.Symbol("N"))
		m.Graph.Node("make y").Attributes = []onnx.Attribute{onnx.Int("keepdims", 0)}
		c, err := open(m, two)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Classify(t.Context(), []imageprep.Image{plain(0, 8, 8), plain(1, 8, 8)})
		if err != nil {
			t.Fatal(err)
		}
		want := 1 / (1 + math.Exp(-7.65))
		if p := got[0].Probabilities; len(p) != 2 || math.Abs(float64(p[1])-want) > 1e-4 ||
			math.Abs(float64(got[1].Probabilities[1])-0.5) > 1e-3 || c.MultiLabel() {
			t.Errorf("%s: got %v and %v, want %.4f and 0.5 for red", end, p, got[1].Probabilities, want)
		}
		c.Close()
	}
	same := squeezed(t, "Slice logits 0 -> part; Softmax part -> y", onnx.Symbol("N"), onnx.Known(1))
	if _, err := open(same, two); err == nil || !strings.Contains(err.Error(), "gives the same for every picture") {
		t.Errorf("a softmax of one value: got %v", err)
	}
	largest := squeezed(t, "Identity logits -> l; ReduceMax l -> y", onnx.Symbol("N"))
	largest.Graph.Node("make y").Attributes = []onnx.Attribute{onnx.Ints("axes", 1), onnx.Int("keepdims", 0)}
	if _, err := open(largest, two); err == nil || !strings.Contains(err.Error(), "got the largest value") {
		t.Errorf("the largest value: got %v", err)
	}
}

// TestNamesForAnotherNumberOfValues are noticed where the shape does not tell it.
func TestNamesForAnotherNumberOfValues(t *testing.T) {
	onnxruntime.Need(t)
	one := squeezed(t, "Slice logits 0 -> part; ReduceSum part -> y", onnx.Symbol("N"))
	one.Graph.Node("make y").Attributes = []onnx.Attribute{onnx.Int("keepdims", 0)}
	for _, c := range []struct {
		model  *onnx.Model
		labels []string
		want   string
	}{
		{one, []string{"red", "green", "blue"}, "want 3 classes each"},
		{squeezed(t, "Identity logits -> y", onnx.Symbol("N"), onnx.Symbol("M")), []string{"no", "red"},
			"want 2 classes each"},
	} {
		o := elsewhere
		o.Labels = c.labels
		opened, err := open(c.model, o)
		if err == nil {
			_, err = opened.Classify(t.Context(), []imageprep.Image{plain(0, 8, 8)})
			opened.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestTheLargestOfAllPlacesIsAScore: GlobalMaxPooling2D and a sigmoid, for two classes.
func TestTheLargestOfAllPlacesIsAScore(t *testing.T) {
	for name, c := range map[string]struct {
		inputs     []string
		attributes []onnx.Attribute
		right      bool
	}{
		"two axes":               {[]string{"x"}, []onnx.Attribute{onnx.Ints("axes", 1, 2), onnx.Int("keepdims", 0)}, true},
		"two axes, as an input":  {[]string{"x", "places"}, []onnx.Attribute{onnx.Int("keepdims", 0)}, true},
		"one of three axes":      {[]string{"x"}, []onnx.Attribute{onnx.Ints("axes", 1), onnx.Int("keepdims", 0)}, true},
		"two axes, kept":         {[]string{"x"}, []onnx.Attribute{onnx.Ints("axes", 1, 2)}, true},
		"an input, kept":         {[]string{"x", "places"}, nil, true},
		"the classes":            {[]string{"x"}, []onnx.Attribute{onnx.Ints("axes", 1)}, false},
		"the classes, the last":  {[]string{"x", "last"}, nil, false},
		"everything, it appears": {[]string{"x"}, nil, false},
	} {
		m := &onnx.Model{Opsets: []onnx.Opset{{Version: 18}}, Graph: onnx.Graph{
			Nodes: []onnx.Node{{Op: "ReduceMax", Inputs: c.inputs, Outputs: []string{"z"}, Attributes: c.attributes},
				{Op: "Sigmoid", Inputs: []string{"z"}, Outputs: []string{"y"}}},
			Initializers: []onnx.Initializer{onnx.NewInt64("places", 1, 2), onnx.NewInt64("last", -1)}}}
		if err := checkScores(m, "y", []int{-1, 1}, 1); (err == nil) != c.right {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestNodesThatChangeScores: what is in front of them counts, as far as it is known.
func TestNodesThatChangeScores(t *testing.T) {
	node := func(op, domain string, attributes ...onnx.Attribute) onnx.Node {
		return onnx.Node{Op: op, Domain: domain, Inputs: []string{"x"}, Attributes: attributes}
	}
	first := onnx.Int("axis", 0)
	for name, c := range map[string]struct {
		nodes []onnx.Node
		opset int64
		shape []int
		right bool
	}{
		"TopK":                          {[]onnx.Node{node("TopK", "ai.onnx")}, 18, []int{-1, 3}, false},
		"another's TopK":                {[]onnx.Node{node("TopK", "com.example")}, 18, []int{-1, 3}, true},
		"TopK, reshaped":                {[]onnx.Node{node("TopK", ""), node("Squeeze", "")}, 18, []int{-1, 3}, false},
		"TopK, scaled":                  {[]onnx.Node{node("TopK", ""), node("Mul", "")}, 18, []int{-1, 3}, false},
		"ArgMax":                        {[]onnx.Node{node("ArgMax", "")}, 18, []int{-1, 3}, false},
		"the largest of each":           {[]onnx.Node{node("ReduceMax", "")}, 18, []int{-1, 3}, true},
		"nothing":                       {[]onnx.Node{{Op: "Identity"}}, 18, []int{-1, 3}, true},
		"over the pictures":             {[]onnx.Node{node("Softmax", "", first)}, 13, []int{1, 3}, false},
		"over all, once":                {[]onnx.Node{node("Softmax", "", first)}, 12, []int{1, 3}, true},
		"over all, of several pictures": {[]onnx.Node{node("Softmax", "", first)}, 12, []int{-1, 3}, false},
		"no axis of pictures":           {[]onnx.Node{node("Softmax", "", first)}, 18, []int{3}, true},
		"over rows, made flat": {[]onnx.Node{node("Softmax", "", onnx.Int("axis", -2)), node("Flatten", "")},
			18, []int{-1, 3}, true},
		"as usual": {[]onnx.Node{node("Softmax", "")}, 12, []int{-1, 3}, true},
	} {
		m := &onnx.Model{Opsets: []onnx.Opset{{Version: c.opset}}, Graph: onnx.Graph{Nodes: c.nodes}}
		for i := range c.nodes {
			c.nodes[i].Outputs = []string{"y"}
			if i+1 < len(c.nodes) {
				c.nodes[i].Outputs[0], c.nodes[i+1].Inputs[0] = "z", "z"
			}
		}
		if err := checkScores(m, "y", c.shape, 3); (err == nil) != c.right {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestOneValueIsTheSecondOfTwo, whatever it is given as.
func TestOneValueIsTheSecondOfTwo(t *testing.T) {
	quarter := math.Log(0.25)
	for e, v := range map[ending]float64{logits: quarter - math.Log(0.75), logProbabilities: quarter,
		percent: 25, probabilities: 0.25} {
		got := e.ofTwo([]float32{float32(v)})
		if len(got) != 2 || math.Abs(float64(got[0])-0.75) > 1e-6 || math.Abs(float64(got[1])-0.25) > 1e-6 {
			t.Errorf("%v of %v: got %v", e, v, got)
		}
	}
}
