package nn

import (
	"slices"
	"testing"
)

// TestGradientsTellOfDeadLayers: below a ReLU that never fires nothing learns.
func TestGradientsTellOfDeadLayers(t *testing.T) {
	e := engines(t)[0]
	spec, w := preset(t, "tiny", 32)
	for i := range w["conv2.bias"].Data {
		w["conv2.bias"].Data[i] = -1e6
	}
	n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
	mustStep(t, n, goldenBatch(0, 4, 32, 5))
	for _, g := range n.Gradients() {
		dead := slices.Contains([]string{"conv1.weight", "conv2.weight"}, g.Name)
		if alive := slices.Contains([]string{"logits.bias"}, g.Name); dead && g.Norm != 0 ||
			alive && !(g.Norm > 0 && g.RMS > 0 && g.RMS <= g.Norm) {
			t.Errorf("%s has gradient norm %g, root mean square %g", g.Name, g.Norm, g.RMS)
		}
	}
}

func TestProfileAddsUp(t *testing.T) {
	e := engines(t)[0]
	spec, w := preset(t, "tiny", 32)
	n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
	mustStep(t, n, goldenBatch(0, 4, 32, 5))
	n.ResetProfile()
	for _, size := range []int{4, 2, 4} {
		mustStep(t, n, goldenBatch(0, size, 32, 5))
	}
	p := n.Profile()
	kinds := map[string]bool{}
	for _, o := range p.Ops {
		kinds[o.Kind] = true
		if o.Time <= 0 {
			t.Errorf("%s took %v", o.Node, o.Time)
		}
	}
	if p.Steps != 3 || p.Input <= 0 || p.Forward <= 0 || p.Backward <= 0 || p.Optimizer <= 0 || p.Machine <= 0 {
		t.Errorf("profile %+v", p)
	}
	for _, kind := range []string{"conv", "convWeights", "convData", "batchnorm", "batchnormGradient", "crossentropy"} {
		if !kinds[kind] {
			t.Errorf("profile lacks %s", kind)
		}
	}
	if kinds["reluGradient"] {
		t.Error("a ReLU before a batch norm has a pass of its own")
	}
}
