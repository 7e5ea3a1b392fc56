package export

import (
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/onnx"
)

// TestFP16WeightsAreStoredSoAndCast: what is large is stored as fp16 and read through a
// Cast, and what the network computes with is float32.
func TestFP16WeightsAreStoredSoAndCast(t *testing.T) {
	m := export(t, networks.Preset(t, "v7-batchnorm", 0), Options{Precision: FP16Weights})
	casts := map[string]string{} // what a Cast to float32 reads
	for _, n := range m.Graph.Nodes {
		if n.Op == "BatchNormalization" {
			t.Errorf("%s is not folded", n.Name)
		}
		if n.Op == "Cast" {
			casts[n.Inputs[0]] = n.Outputs[0]
		}
	}
	halves := 0
	for _, i := range m.Graph.Initializers {
		large := i.Elements() >= leastHalved
		if i.Elem != onnx.Float16 {
			if i.Elem == onnx.Float32 && large {
				t.Errorf("%s: %d values are float32", i.Name, i.Elements())
			}
			continue
		}
		halves++
		if !large || casts[i.Name] != i.Name+"/float32" {
			t.Errorf("%s: %d values, cast to %q", i.Name, i.Elements(), casts[i.Name])
		}
	}
	if halves != 5 { // of four convolutions and a dense layer
		t.Errorf("%d weights are fp16, want 5", halves)
	}
}
