package run

import (
	"testing"

	"github.com/flowerctl/flowerctl/train/arch"
)

// TestLowerStages: a network is cut where it is narrowest, and never beside a branch.
func TestLowerStages(t *testing.T) {
	for name, want := range map[string]string{
		"resnet18":     "stage2_2_relu2",
		"mobilenetv2":  "block3_3_add1",
		"v4-vgg16":     "maxpool3",
		"v3-alexnet":   "maxpool1",
		"tiny":         "maxpool3",
		"v6-googlenet": "maxpool2",
	} {
		preset, err := arch.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := preset.Build(224, 5)
		if err != nil {
			t.Fatal(err)
		}
		got, err := lowerStages(&spec)
		if err != nil || got != want {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, want)
		}
	}
}
