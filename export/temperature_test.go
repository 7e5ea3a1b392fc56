package export

import (
	"math"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/metrics"
)

// dividesLogits is the node that divides the logits; the resizing of images has a Div too.
func dividesLogits(n onnx.Node) bool { return n.Op == "Div" && n.Inputs[0] == Logits }

func TestTemperatureDividesLogitsBeforeTheSoftmax(t *testing.T) {
	c := networks.Preset(t, "tiny", 0)
	want := metrics.Threshold{Confidence: 0.7, Wanted: 0.95, Precision: 0.96, Coverage: 0.8, Images: 64}
	for _, p := range []Precision{FP32, FP16} {
		m := export(t, c, Options{Precision: p, Temperature: 1.7, Unknown: &want})
		i := slices.IndexFunc(m.Graph.Nodes, dividesLogits)
		if i < 0 {
			t.Fatalf("%s: no Div reads the logits", p)
		}
		last := m.Graph.Nodes[len(m.Graph.Nodes)-1]
		if last.Op != "Softmax" || last.Inputs[0] != m.Graph.Nodes[i].Outputs[0] {
			t.Errorf("%s: the last node is %s of %v", p, last.Op, last.Inputs)
		}
		d, err := ReadMetadata(m)
		if err != nil || d.Temperature != 1.7 || d.Unknown == nil || *d.Unknown != want {
			t.Errorf("%s: metadata say %g and %+v, %v", p, d.Temperature, d.Unknown, err)
		}
	}
	plain := export(t, c, Options{Temperature: 1})
	if slices.ContainsFunc(plain.Graph.Nodes, dividesLogits) {
		t.Error("a temperature of 1 is written")
	}
	for _, wrong := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := Model(c, Options{Temperature: wrong}); err == nil {
			t.Errorf("temperature %g is taken", wrong)
		}
	}
}
