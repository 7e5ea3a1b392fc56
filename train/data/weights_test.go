package data

import (
	"math"
	"testing"

	"github.com/flowerctl/flowerctl/train/data/augment"
)

// TestClassWeightsOfMixedImages: the share of a class counts by the weight of that
// class alone, so that one of weight 0 pulls nothing. Without smoothing the loss is
// the sum over c of -weight_c * target_c * log p_c, as PyTorch's; with it, each
// image's smoothed row counts by the image's weight, as without mixing.
func TestClassWeightsOfMixedImages(t *testing.T) {
	c := drawn(t)
	weights := []float32{0, 1, 2, 3, 4}
	for _, smoothing := range []float64{0, 0.2} {
		opts := LoaderOptions{Batch: 9, Shuffle: true, LabelSmoothing: smoothing,
			Augment: augment.Policy{Mixup: 1, CutMix: 1}}
		plain := keep(t, newLoader(t, c, Train, opts), 0)
		opts.ClassWeights = weights
		spread, mixed := smoothing/5, 0
		for i, b := range keep(t, newLoader(t, c, Train, opts), 0) {
			if b.Weights != nil {
				t.Fatal("the weights are in the targets, and beside them again")
			}
			for j := range b.N {
				shares := plain[i].Targets[5*j : 5*j+5] // of the classes, smoothed
				weight, parts := 0.0, 0
				for k, v := range shares {
					share := (float64(v) - spread) / (1 - smoothing)
					weight += share * float64(weights[k])
					if share > 1e-6 {
						parts++
					}
				}
				if parts > 1 {
					mixed++
				}
				for k, v := range shares {
					want := (float64(v)-spread)*float64(weights[k]) + spread*weight
					if got := float64(b.Targets[5*j+k]); !(math.Abs(got-want) < 1e-5) {
						t.Errorf("smoothing %g, class %d of weight %g: got target %g, want %g", smoothing, k, weights[k], got, want)
					}
				}
			}
		}
		if mixed == 0 {
			t.Error("no image was mixed with one of another class")
		}
	}
}
