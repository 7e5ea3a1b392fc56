package onnx

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
)

// tiny is a model with a bit of everything: a convolution, a pool of unequal
// geometry, a dense layer, metadata, all attribute types that networks use.
func tiny() *Model {
	weight := NewTensor(5, 3, 3, 2)
	for i := range weight.Data {
		weight.Data[i] = float32(i) / 7
	}
	return &Model{
		IRVersion: 8, Opsets: []Opset{{"", 18}},
		ProducerName: "test", ProducerVersion: "1", ModelVersion: 3,
		Metadata: []Property{{"labels", `["daisy","rose"]`}, {"empty", ""}},
		Graph: Graph{
			Name:   "tiny",
			Inputs: []ValueInfo{TensorInfo("input", Float32, Symbol("N"), Known(3), Known(9), Known(11))},
			Outputs: []ValueInfo{
				TensorInfo("logits", Float32, Symbol("N"), Known(2)),
			},
			Initializers: []Initializer{
				NewInitializer("conv.weight", weight),
				NewInitializer("conv.bias", NewTensor(5)),
				NewInitializer("dense.weight", NewTensor(2, 5*4*9)),
				NewHalf("half", Tensor{Shape: []int{2}, Data: []float32{1, 2}}),
				NewInt64("ints", 1, -1),
				NewScalar("scalar", 4),
			},
			Nodes: []Node{
				{Name: "conv", Op: "Conv", Inputs: []string{"input", "conv.weight", "conv.bias"},
					Outputs: []string{"conv"}, Attributes: []Attribute{
						Ints("kernel_shape", 3, 2), Ints("strides", 2, 1), Ints("pads", 1, 0, 0, 1)}},
				{Name: "flat", Op: "Flatten", Inputs: []string{"conv"}, Outputs: []string{"flat"},
					Attributes: []Attribute{Int("axis", 1)}},
				{Name: "cut", Op: "Slice", Inputs: []string{"flat", "start", "end", "axes"},
					Outputs: []string{"cut"}},
				{Name: "dense", Op: "Gemm", Inputs: []string{"cut", "dense.weight"},
					Outputs: []string{"logits"}, Attributes: []Attribute{Int("transB", 1), Float("alpha", 0.5)}},
			},
		},
	}
}

// withSlice adds what the slice reads: it keeps 180 of the 220 values.
func withSlice(m *Model) *Model {
	m.Graph.Initializers = append(m.Graph.Initializers,
		NewInt64("start", 0), NewInt64("end", 180), NewInt64("axes", 1))
	return m
}

func TestModelSurvivesARoundTrip(t *testing.T) {
	m := withSlice(tiny())
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	first, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(first)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, m) {
		t.Error("the decoded model differs")
	}
	second, err := back.Encode()
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("encoded again: other bytes (%v)", err)
	}
	var w bytes.Buffer
	if n, err := m.WriteTo(&w); err != nil || n != int64(w.Len()) || !bytes.Equal(first, w.Bytes()) {
		t.Errorf("WriteTo: %d bytes, %v; Encode: %d", n, err, len(first))
	}
}

func TestAttributesOfEveryTypeSurviveARoundTrip(t *testing.T) {
	weight := NewScalar("w", 3)
	graph := Graph{Name: "g", Outputs: []ValueInfo{TensorInfo("o", Float32)}}
	m := tiny()
	m.Graph.Nodes = []Node{{Op: "Any", Attributes: []Attribute{
		Float("f", -2.5), Int("i", -3), String("s", ""), {Name: "t", Type: TensorAttr, Tensor: &weight},
		{Name: "g", Type: GraphAttr, Graph: &graph},
		{Name: "fs", Type: FloatsAttr, Floats: []float32{1, 2}},
		Ints("is", -1, 1<<40), {Name: "ss", Type: StringsAttr, Strings: []string{"a", ""}},
		{Name: "ts", Type: TensorsAttr, Tensors: []Initializer{weight}},
		{Name: "gs", Type: GraphsAttr, Graphs: []Graph{graph}},
		{Name: "r", Type: IntAttr, Ref: "outer"},
	}}}
	m.Functions = []Function{{Domain: "my", Name: "F", Inputs: []string{"x"}, Outputs: []string{"y"},
		Attributes: []string{"a"}, Defaults: []Attribute{Int("b", 1)}, Opsets: []Opset{{"", 18}},
		Nodes: []Node{{Op: "Relu", Inputs: []string{"x"}, Outputs: []string{"y"}}}}}
	m.Graph.Initializers = append(m.Graph.Initializers,
		Initializer{Name: "text", Elem: StringElem, Dims: []int64{2}, Strings: []string{"a", ""}})
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, m) {
		t.Error("the decoded model differs")
	}
}

func TestEncodeRefusesATensorThatContradictsItself(t *testing.T) {
	m := tiny()
	m.Graph.Initializers[0].Dims[0] = 6
	if _, err := m.Encode(); err == nil || !strings.Contains(err.Error(), "conv.weight") {
		t.Errorf("got %v, want an error that names conv.weight", err)
	}
}

func TestTypesInfersEveryValue(t *testing.T) {
	types, err := withSlice(tiny()).Types()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"input": "float32[N 3 9 11]", "conv": "float32[N 5 4 11]", "flat": "float32[N 220]",
		"cut": "float32[N 180]", "logits": "float32[N 2]", "dense.weight": "float32[2 180]",
		"scalar": "float32[]",
	} {
		if got := types[name].String(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestHalfRoundsAsIEEE(t *testing.T) {
	for h := range 1 << 16 { // every float16 is itself
		f := halfToFloat(uint16(h))
		if back := floatToHalf(f); back != uint16(h) && f == f {
			t.Fatalf("%04x is %g is %04x", h, f, back)
		}
	}
	for _, c := range []struct {
		in   float32
		want float32
	}{
		{1.00048828125, 1}, {1.00146484375, 1.001953125}, // ties to even
		{65519.996, 65504}, {65520, float32(math.Inf(1))}, {-70000, float32(math.Inf(-1))},
		{2.9802322e-8, 0}, {2.9802326e-8, 5.9604645e-8}, {6.1e-5, 6.097555e-05}, {0, 0},
	} {
		if got := halfToFloat(floatToHalf(c.in)); got != c.want {
			t.Errorf("%g becomes %g, want %g", c.in, got, c.want)
		}
	}
	if f := halfToFloat(floatToHalf(float32(math.NaN()))); f == f {
		t.Errorf("NaN becomes %g", f)
	}
}

func TestInitializersConvert(t *testing.T) {
	in := Tensor{Shape: []int{2, 3}, Data: []float32{0, -1, 2.5, 3, 65504, 1e-3}}
	full := NewInitializer("x", in)
	if out, err := full.Tensor(); err != nil || !reflect.DeepEqual(out, in) {
		t.Errorf("got %v, %v", out, err)
	}
	half := NewHalf("x", in)
	out, err := half.Tensor()
	if err != nil || out.Data[4] != 65504 || math.Abs(float64(out.Data[5]-1e-3)) > 1e-6 {
		t.Errorf("float16: got %v, %v", out, err)
	}
	ints := NewInt64("x", 7, -8)
	held := &value{ints: ints.integers()}
	if v, ok := held.known(); !ok || !reflect.DeepEqual(v, []int64{7, -8}) {
		t.Errorf("got %v, %v", v, ok)
	}
	if _, err := ints.Tensor(); err == nil {
		t.Error("int64 as a tensor: no error")
	}
}
