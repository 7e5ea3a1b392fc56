package nn

import (
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
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
	if p.Steps != 3 || p.Input <= 0 || p.Forward <= 0 || p.Backward <= 0 || p.Optimizer <= 0 ||
		p.Machine <= 0 {
		t.Errorf("profile %+v", p)
	}
	for _, kind := range []string{
		"conv", "convWeights", "convData", "batchnorm", "batchnormGradient", "crossentropy",
	} {
		if !kinds[kind] {
			t.Errorf("profile lacks %s", kind)
		}
	}
	if kinds["reluGradient"] {
		t.Error("a ReLU before a batch norm has a pass of its own")
	}
}

// TestBatchNormAndMaxPoolAreOneOp where the engine has it and the batch's statistics
// are taken. That it computes the same is what TestLossesEqualPyTorch says.
func TestBatchNormAndMaxPoolAreOneOp(t *testing.T) {
	for _, e := range engines(t) {
		for _, frozen := range []bool{false, true} {
			spec, w := preset(t, "v7-batchnorm", 64)
			n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t), FrozenBatchNorm: frozen})
			mustStep(t, n, goldenBatch(0, 2, 64, 5))
			count := map[string]int{}
			for _, o := range n.Profile().Ops {
				count[o.Kind]++
			}
			_, has := e.(kernel.NormPooler[float32])
			together, apart := 0, 4
			if has && !frozen {
				together, apart = 4, 0
			}
			if count["normpool"] != together || count["normpoolGradient"] != together ||
				count["batchnorm"] != apart || count["maxpool"] != apart {
				t.Errorf("%s, frozen %v: ops %v, want %d batch norms with their pools and %d apart",
					e.Name(), frozen, count, together, apart)
			}
		}
	}
}
