package model

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/onnx"
)

// branchy has every op once, two heads and a residual sum.
func branchy(t *testing.T) Spec {
	t.Helper()
	b := NewBuilder("branchy", 11, 3)
	b.Rescale(1/127.5, -1)
	in := b.Conv(4, Window{Kernel: 3, Stride: 2, Same: true})
	b.BatchNorm()
	left := b.ReLU()
	right := b.At(in).Conv(4, Window{Kernel: 3, Pad: 1, Groups: 2, NoBias: true})
	sum := b.Sum(left, right)
	pooled := b.MaxPool(Window{Kernel: 3, Stride: 1, Same: true})
	avg := b.At(sum).AvgPool(Window{Kernel: 3, Stride: 1, Same: true})
	joined := b.Concat(pooled, avg)
	b.Activation(SiLU)
	joined = b.Mul(b.Activation(HardSwish), gateOf(b, joined))
	b.GlobalAvgPool()
	b.Dropout(0.5)
	b.Head("main", 1)
	b.At(joined).Flatten()
	b.Head("aux1", 0.3)
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// gateOf is squeeze and excitation: one number a channel of x.
func gateOf(b *Builder, x string) string {
	at := b.Current()
	defer b.At(at)
	b.At(x)
	b.AvgPool(Window{Kernel: b.Shape()[1]})
	b.Activation(Sigmoid)
	return b.Activation(HardSigmoid)
}

func TestShapes(t *testing.T) {
	spec := branchy(t)
	shapes, err := spec.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]int{
		InputName: {3, 11, 11}, "conv1": {4, 6, 6}, "conv2": {4, 6, 6}, "add1": {4, 6, 6},
		"maxpool1": {4, 6, 6}, "concat1": {8, 6, 6}, "globalavgpool1": {8}, "logits": {3},
		"flatten1": {288}, "aux1_probabilities": {3},
	}
	for name, shape := range want {
		if !slices.Equal(shapes[name], shape) {
			t.Errorf("%s has shape %v, want %v", name, shapes[name], shape)
		}
	}
}

func TestSamePaddingIsKeras(t *testing.T) {
	// Keras puts the odd pad at the end: 224 by 3x3 stride 2 pads (0, 1).
	for _, c := range []struct{ size, kernel, stride, before, after, out int }{
		{224, 3, 2, 0, 1, 112}, {11, 3, 2, 1, 1, 6}, {10, 5, 1, 2, 2, 10}, {10, 4, 1, 1, 2, 10}, {7, 1, 2, 0, 0, 4},
	} {
		b := NewBuilder("same", c.size, 2)
		b.Conv(2, Window{Kernel: c.kernel, Stride: c.stride, Same: true})
		n := b.spec.Nodes[0]
		if n.Pads != [4]int{c.before, c.before, c.after, c.after} || b.Shape()[1] != c.out {
			t.Errorf("size %d kernel %d stride %d: pads %v out %d, want %d, %d out %d",
				c.size, c.kernel, c.stride, n.Pads, b.Shape()[1], c.before, c.after, c.out)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	change := func(f func(*Spec)) Spec {
		s := branchy(t)
		f(&s)
		return s
	}
	for want, s := range map[string]Spec{
		"two nodes are named":  change(func(s *Spec) { s.Nodes[1].Name = s.Nodes[0].Name }),
		"not an earlier node":  change(func(s *Spec) { s.Nodes[2].Inputs = []string{"later"} }),
		"unknown op":           change(func(s *Spec) { s.Nodes[0].Op = "gelu" }),
		"do not divide":        change(func(s *Spec) { s.Nodes[4].Groups = 3 }),
		"is larger than":       change(func(s *Spec) { s.Nodes[1].Kernel = [2]int{99, 99} }),
		"is not a softmax":     change(func(s *Spec) { s.Outputs[0].Node = "logits" }),
		"both inputs are":      change(func(s *Spec) { n := s.Node("add1"); n.Inputs[1] = n.Inputs[0] }),
		"one number a channel": change(func(s *Spec) { n := s.Node("mul1"); n.Inputs[1] = n.Inputs[0] }),
		"three scales for": change(func(s *Spec) {
			s.Input[0] = 1
			s.Nodes[0].Scales = [3]float64{1, 1, 1}
			s.Nodes[0].Scale, s.Nodes[0].Offset = 0, 0
		}),
		"beside those of": change(func(s *Spec) { s.Nodes[0].Scales = [3]float64{1, 1, 1} }),
		"no scale of 0": change(func(s *Spec) {
			s.Nodes[0] = Node{Name: "r", Op: Rescale, Inputs: s.Nodes[0].Inputs, Scales: [3]float64{1, 0, 1}}
			s.Nodes[1].Inputs[0] = "r"
		}),
		"want it first, and alone": change(func(s *Spec) { s.Nodes[1] = extract(5) }),
		"no file that computes": change(func(s *Spec) {
			n := extract(5)
			n.File = nil
			s.Nodes = []Node{n}
		}),
		"0 features":      change(func(s *Spec) { s.Nodes = []Node{extract(0)} }),
		"without scales":  change(func(s *Spec) { s.Nodes[0].Offsets = [3]float64{1, 1, 1} }),
		"rate NaN":        change(func(s *Spec) { s.Node("dropout1").Rate = math.NaN() }),
		"want 1 to":       change(func(s *Spec) { s.Node("logits").Units = -1 }),
		"each of C, H, W": change(func(s *Spec) { s.Input[1] = 1 << 20 }),
		"pads":            change(func(s *Spec) { s.Nodes[1].Pads[0] = 3 }),
	} {
		_, err := s.Shapes()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

func TestInferenceKeepsWhatTheMainHeadNeeds(t *testing.T) {
	spec := branchy(t)
	inf := spec.Inference()
	if n := inf.Node("logits"); n.Inputs[0] != "globalavgpool1" {
		t.Errorf("logits read %s, want the node before dropout", n.Inputs[0])
	}
	if inf.Node("aux1_logits") != nil || inf.Node("dropout1") != nil {
		t.Error("auxiliary head or dropout is still there")
	}
	if spec.Node("logits").Inputs[0] != "dropout1" {
		t.Error("Inference changed the network it was called on")
	}
}

func TestNewWeights(t *testing.T) {
	spec := branchy(t)
	w, err := spec.NewWeights(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.CheckWeights(w); err != nil {
		t.Fatal(err)
	}
	// Glorot: fan_in 3*3*3, fan_out 4*3*3.
	limit := math.Sqrt(6.0 / (27 + 36))
	var largest float64
	for _, v := range w["conv1.weight"].Data {
		largest = max(largest, math.Abs(float64(v)))
	}
	if largest > limit || largest < 0.9*limit {
		t.Errorf("largest conv1 weight %g, want just under %g", largest, limit)
	}
	if w["batchnorm1.weight"].Data[0] != 1 || w["batchnorm1.running_var"].Data[3] != 1 || w["conv1.bias"].Data[0] != 0 {
		t.Error("batch norm does not start at 1, or a bias not at 0")
	}
	again, _ := spec.NewWeights(1)
	other, _ := spec.NewWeights(2)
	if !slices.Equal(w["logits.weight"].Data, again["logits.weight"].Data) {
		t.Error("the same seed gave other weights")
	}
	if slices.Equal(w["logits.weight"].Data, other["logits.weight"].Data) {
		t.Error("another seed gave the same weights")
	}
	delete(w, "logits.bias")
	if err := spec.CheckWeights(w); err == nil || !strings.Contains(err.Error(), "logits.bias") {
		t.Errorf("missing bias: got %v", err)
	}
	again["stray"] = onnx.NewTensor(1)
	if err := spec.CheckWeights(again); err == nil || !strings.Contains(err.Error(), "stray") {
		t.Errorf("stray weight: got %v", err)
	}
}

func TestInitialisersHaveTheirVariance(t *testing.T) {
	for init, want := range map[Init]float64{
		GlorotUniform: 2.0 / (288 + 576), HeNormal: 2.0 / 288, HeUniform: 2.0 / 288, Zeros: 0,
	} {
		b := NewBuilder("variance", 8, 2)
		b.Init = init
		b.Conv(32, Window{Kernel: 1})
		b.Conv(64, Window{Kernel: 3})
		b.GlobalAvgPool()
		b.Head("main", 1)
		spec, err := b.Spec()
		if err != nil {
			t.Fatal(err)
		}
		w, err := spec.NewWeights(3)
		if err != nil {
			t.Fatal(err)
		}
		var sum float64
		for _, v := range w["conv2.weight"].Data {
			sum += float64(v) * float64(v)
		}
		got := sum / float64(len(w["conv2.weight"].Data))
		if math.Abs(got-want) > 0.04*want {
			t.Errorf("%s: variance %g, want %g", init, got, want)
		}
	}
}

func TestFLOPsAndCount(t *testing.T) {
	b := NewBuilder("count", 5, 2)
	b.Conv(4, Window{Kernel: 3}) // 3x3 positions x 4 filters x (2*27+1)
	b.ReLU()                     // 36
	b.Flatten()
	b.Head("main", 1) // 2*(2*36+1), softmax 6
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	total, byNode, err := spec.FLOPs()
	if err != nil {
		t.Fatal(err)
	}
	if total != 36*55+36+146+6 || byNode["conv1"] != 36*55 {
		t.Errorf("FLOPs %d, conv1 %d; want %d and %d", total, byNode["conv1"], 36*55+36+146+6, 36*55)
	}
	if trainable, running, _ := spec.Count(); trainable != 112+74 || running != 0 {
		t.Errorf("count %d and %d, want 186 and 0", trainable, running)
	}
}

// extract is a node with the features of a file.
func extract(features int) Node {
	return Node{Name: "extractor", Op: Extract, Inputs: []string{InputName}, Units: features,
		File: &File{SHA256: strings.Repeat("0", 64), Parameters: 1200, FLOPs: 3400, Of: "vit.onnx"}}
}

// TestAnExtractorOwnsWhatItsFileSays: it has no parameters to train, and shows those of
// the file.
func TestAnExtractorOwnsWhatItsFileSays(t *testing.T) {
	b := NewBuilder("frozen", 8, 2)
	b.Add(extract(5))
	b.Head("main", 1)
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	if n := spec.Extractor(); n == nil || n.Detail() != "vit.onnx, 1,200 parameters" {
		t.Errorf("the extractor is %+v", n)
	}
	if trainable, _, _ := spec.Count(); trainable != 12 {
		t.Errorf("%d parameters are trained, want 12", trainable)
	}
	if total, _, _ := spec.FLOPs(); total != 3400+2*11+6 {
		t.Errorf("%d operations, want those of the file and of the head", total)
	}
	table, err := spec.Table()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := table.WriteText(&text); err != nil || !strings.Contains(text.String(), "12 trainable, 0 running statistics, 1,200 frozen") {
		t.Errorf("%s, %v", &text, err)
	}
}

func TestPixelsAreRescaledOnce(t *testing.T) {
	b := NewBuilder("twice", 8, 2)
	b.Rescale(1/255.0, 0)
	b.Rescale(1/255.0, 0)
	b.GlobalAvgPool()
	b.Head("main", 1)
	if _, err := b.Spec(); err == nil || !strings.Contains(err.Error(), "pixels are rescaled once") {
		t.Errorf("dividing by 255 twice: got %v", err)
	}
}

func TestNodesAreSaidInWords(t *testing.T) {
	for want, n := range map[string]Node{
		"3 x 5, stride 2 x 1, pads 1 0 2 0, 4 groups": {Op: Conv, Kernel: [2]int{3, 5}, Stride: [2]int{2, 1},
			Pads: [4]int{1, 0, 2, 0}, Groups: 4},
		"2 x 2, stride 2": {Op: MaxPool, Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}},
		"x * 0.5 -1":      {Op: Rescale, Scale: 0.5, Offset: -1},
		"to 6":            {Op: ReLU, Max: 6},
		"0.25":            {Op: Dropout, Rate: 0.25},
		"":                {Op: Dense, Units: 3},
	} {
		if got := n.Detail(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := ShapeText([]int{3, 5, 7}); got != "3 x 5 x 7" {
		t.Errorf("got %q", got)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Thousands(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestWeightsStartAtTheseValues: a seed gives the same weights for ever.
func TestWeightsStartAtTheseValues(t *testing.T) {
	want := map[Init][]float32{
		GlorotUniform: {0.11251502, -0.10753715, -0.19345935},
		HeNormal:      {-0.39133686, 0.0023357738, -0.23869604},
		HeUniform:     {0.17186953, -0.1642657, -0.29551402},
		Zeros:         {0, 0, 0},
	}
	for _, init := range Inits() {
		b := NewBuilder("start", 6, 2)
		b.Init = init
		b.Conv(4, Window{Kernel: 3})
		b.GlobalAvgPool()
		b.Head("main", 1)
		spec, err := b.Spec()
		if err != nil {
			t.Fatal(err)
		}
		w, err := spec.NewWeights(3)
		if err != nil {
			t.Fatal(err)
		}
		if got := w["conv1.weight"].Data[:3]; !slices.Equal(got, want[init]) {
			t.Errorf("%s: got %v, want %v", init, got, want[init])
		}
	}
}

// TestOldSpecsStayTheSameBytes: what a rescale by channel needs is not written
// where there is none.
func TestOldSpecsStayTheSameBytes(t *testing.T) {
	got, err := json.Marshal(Node{Name: "r", Op: Rescale, Inputs: []string{InputName}, Scale: 2, Offset: -1})
	want := `{"name":"r","op":"rescale","inputs":["input"],"scale":2,"offset":-1}`
	if err != nil || string(got) != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
}
