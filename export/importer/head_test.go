package importer

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// wide are ranges for every node of a network.
func wide(t testing.TB, spec model.Spec) export.Ranges {
	t.Helper()
	ranges := export.Ranges{}
	for _, n := range spec.Nodes {
		ranges[n.Name] = export.Range{Min: -4, Max: 4}
	}
	return ranges
}

// TestReplaceHead keeps the rows of classes that both lists name.
func TestReplaceHead(t *testing.T) {
	c := networks.Preset(t, "mobilenetv2", 64)
	n := imported(t, written(t, c, export.Options{}), Options{})
	if n.Cut != "globalavgpool1" || n.Head != "logits" || n.Classes != 5 {
		t.Fatalf("cut %s, head %s, %d classes", n.Cut, n.Head, n.Classes)
	}
	spec, w, copied, err := n.ReplaceHead([]string{"class 3", "tulip", "class 0"}, 9)
	if err != nil {
		t.Fatal(err)
	}
	if copied != 2 || spec.Classes != 3 || spec.Main() != (model.Output{Name: "main", Node: "probabilities", Weight: 1}) {
		t.Errorf("kept %d rows, %d classes, output %+v", copied, spec.Classes, spec.Main())
	}
	row := func(w model.Weights, i int) []float32 { return w["logits.weight"].Data[i*1280 : (i+1)*1280] }
	for to, from := range map[int]int{0: 3, 2: 0} {
		if !slices.Equal(row(w, to), row(n.Weights, from)) || w["logits.bias"].Data[to] != n.Weights["logits.bias"].Data[from] {
			t.Errorf("row %d is not the file's row %d", to, from)
		}
	}
	if w["logits.bias"].Data[1] != 0 || slices.Equal(row(w, 1), row(n.Weights, 1)) {
		t.Error("the new class does not start as a new layer does")
	}
	if n.Spec.Classes != 5 || len(n.Weights["logits.bias"].Data) != 5 {
		t.Error("ReplaceHead changed the network it was called on")
	}
	for name := range w {
		for i := range w[name].Data {
			w[name].Data[i]++
		}
	}
	for name, original := range networks.Preset(t, "mobilenetv2", 64).Weights {
		if !slices.Equal(n.Weights[name].Data, original.Data) {
			t.Errorf("%s: a change of the new network's weights changes the one it was made from", name)
		}
	}
	if _, _, _, err := n.ReplaceHead(nil, 1); err == nil {
		t.Error("a head of no classes is no error")
	}
}

// TestCuts: where the feature vector is, and what is taken for a head.
func TestCuts(t *testing.T) {
	features := func() *onnx.Model { // and the logits behind them
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 3)
		d.node("GlobalAveragePool", nil)
		cut := d.node("Flatten", nil)
		d.node("Gemm", []string{d.weight(5, 4)}, onnx.Int("transB", 1))
		m := d.model()
		m.Graph.Outputs = append(m.Graph.Outputs, onnx.ValueInfo{Name: cut, Elem: onnx.Float32})
		return m
	}
	bare := func(end ...string) func() *onnx.Model {
		return func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.conv(4, 3, 3)
			for _, op := range end {
				d.node(op, nil)
			}
			return d.model()
		}
	}
	squeeze := func() *onnx.Model { // SqueezeNet's way: as many channels as classes
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 3)
		d.node("Relu", nil)
		d.conv(1000, 4, 1)
		d.node("Relu", nil)
		d.node("GlobalAveragePool", nil)
		d.node("Flatten", nil)
		return d.model()
	}
	for _, c := range []struct {
		name, cut, head, replaced string
		classes                   int
		file                      func() *onnx.Model
		o                         Options
	}{
		{"two outputs", "Flatten_2", "Gemm_3", "conv globalavgpool dense softmax", 5, features, Options{}},
		{"the output that is asked for", "Flatten_2", "", "conv globalavgpool dense softmax", 0, features,
			Options{Output: "Flatten_2:0"}},
		{"features", "Flatten_2", "", "conv globalavgpool dense softmax", 0, bare("GlobalAveragePool", "Flatten"), Options{}},
		{"features of one pixel", "GlobalAveragePool_1", "", "conv globalavgpool dense softmax", 0,
			bare("GlobalAveragePool"), Options{}},
		{"features of many pixels", "Relu_1", "", "conv relu globalavgpool dense softmax", 0, bare("Relu"), Options{}},
		{"a convolution before the mean", "Relu_1", "Conv_2", "conv relu globalavgpool dense softmax", 1000, squeeze, Options{}},
	} {
		n := imported(t, c.file(), c.o)
		if n.Cut != c.cut || n.Head != c.head || n.Classes != c.classes {
			t.Errorf("%s: cut %s, head %q, %d classes, want %s, %q, %d", c.name, n.Cut, n.Head, n.Classes, c.cut, c.head, c.classes)
		}
		spec, _, copied, err := n.ReplaceHead([]string{"a", "b"}, 1)
		if err != nil || copied != 0 || ops(&spec) != c.replaced {
			t.Errorf("%s: %v, kept %d rows, %s, want %s", c.name, err, copied, ops(&spec), c.replaced)
		}
	}
}

// TestNames of the file are kept where they can be.
func TestNames(t *testing.T) {
	d := newDraft(13, 3, side, side)
	for _, name := range []string{"/block 1/Conv", "logits", "image", "", "a", "a"} {
		c := 4
		if len(d.Graph.Nodes) == 0 {
			c = 3
		}
		d.conv(4, c, 1)
		d.Graph.Nodes[len(d.Graph.Nodes)-1].Name = name
	}
	n := imported(t, d.head(4), Options{})
	var names []string
	for _, node := range n.Spec.Nodes {
		names = append(names, node.Name)
	}
	want := "block_1/Conv logits_layer image_2 Conv_3:0 a a_2 Flatten_7 Gemm_8 probabilities"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("names %s, want %s", got, want)
	}
	if _, err := export.Model(checkpointOf(n), export.Options{}); err != nil {
		t.Errorf("the network cannot be exported: %v", err)
	}
}
