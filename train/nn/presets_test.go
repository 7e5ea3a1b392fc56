package nn

import (
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/race"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/model"
)

// TestEveryPresetTrains: each network gets a gradient for every parameter.
func TestEveryPresetTrains(t *testing.T) {
	list := engines(t)
	e := list[len(list)-1]
	for _, p := range arch.All() {
		t.Run(p.Name, func(t *testing.T) {
			if p.Parameters > 5e6 {
				race.Slow(t)
			}
			spec := smallest(t, p)
			n := newNetwork(t, spec, weights(t, spec), Config{Engine: e, Optimizer: optimizer(t, "sgd")})
			mustStep(t, n, goldenBatch(0, 3, spec.Input[1], 5))
			for _, g := range n.Gradients() {
				if !(g.Norm > 0) {
					t.Errorf("%s has gradient norm %g", g.Name, g.Norm)
				}
			}
		})
	}
}

// smallest builds a preset for the smallest images that it takes.
func smallest(t *testing.T, p arch.Preset) model.Spec {
	t.Helper()
	var last error
	for _, size := range []int{32, 48, 64, 80, 96, 128, 150, 224} {
		spec, err := p.Build(size, 5)
		if err == nil {
			return spec
		}
		last = err
	}
	t.Fatal(last)
	return model.Spec{}
}
