package data

import (
	"math"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/data/augment"
)

// pair is a black image of class 0 and a white one of class 2, of three classes.
func pair(t *testing.T) *Cache {
	t.Helper()
	const size = 8
	c := &Cache{Set: &Set{Labels: []string{"black", "none", "white"}, Items: []Item{
		{Path: "black/0", Class: 0, Part: Train}, {Path: "white/0", Class: 2, Part: Train},
	}}, Config: imageprep.Config{Size: size, Resize: imageprep.Stretch}, pix: make([]uint8, 2*3*size*size)}
	for i := range imageOf(t, c, 1) {
		imageOf(t, c, 1)[i] = 255
	}
	return c
}

// TestTargetsOfAMixedPair: the target of each image has its own class with the share
// of its own pixels, the other's with the rest, and nothing else. In a pair of black
// and white the pixels say what the shares are.
func TestTargetsOfAMixedPair(t *testing.T) {
	c := pair(t)
	for name, policy := range map[string]augment.Policy{"mixup": {Mixup: 1}, "cutmix": {CutMix: 1}} {
		mixed := 0
		for epoch := range 8 {
			for _, b := range keep(t, newLoader(t, c, Train, LoaderOptions{Batch: 2, Augment: policy}), epoch) {
				white := [2]float64{}
				n := len(b.Pixels) / 2
				for i, v := range b.Pixels {
					white[i/n] += float64(v) / 255 / float64(n)
				}
				if name == "mixup" { // a blend has its share in 256ths, and then whole grey levels
					white[0], white[1] = math.Round(256*white[0])/256, math.Round(256*white[1])/256
				}
				want := [2][3]float64{{1 - white[0], 0, white[0]}, {1 - white[1], 0, white[1]}}
				for i := range want {
					for k, w := range want[i] {
						if got := float64(b.Targets[3*i+k]); !(math.Abs(got-w) < 1e-6) {
							t.Errorf("%s, epoch %d: image %d has targets %v, want %v", name, epoch, i, b.Targets[3*i:3*i+3], want[i])
							break
						}
					}
				}
				if white[0] > 0.05 && white[0] < 0.45 {
					mixed++
				}
			}
		}
		if mixed < 2 {
			t.Errorf("%s: only %d pairs of unequal shares in 8 epochs", name, mixed)
		}
	}
}

// TestTargetsOfMixedPairsAreThese: the values that seed 0 gives, so that neither the
// share nor the order of the draws changes unseen.
func TestTargetsOfMixedPairsAreThese(t *testing.T) {
	c := pair(t)
	for name, want := range map[string]struct {
		policy  augment.Policy
		targets [6]float32
	}{
		"mixup":  {augment.Policy{Mixup: 1}, [6]float32{181. / 256, 0, 75. / 256, 75. / 256, 0, 181. / 256}},
		"cutmix": {augment.Policy{CutMix: 1}, [6]float32{0.75, 0, 0.25, 0.25, 0, 0.75}},
	} {
		for _, b := range keep(t, newLoader(t, c, Train, LoaderOptions{Batch: 2, Augment: want.policy}), 1) {
			if got := [6]float32(b.Targets); got != want.targets {
				t.Errorf("%s: got targets %v, want %v", name, got, want.targets)
			}
		}
	}
}
