package run

import (
	"reflect"
	"testing"

	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/nn"
)

// TestFewImagesAreForTheHead: without what goes with steps alone.
func TestFewImagesAreForTheHead(t *testing.T) {
	for images, want := range map[int]Settings{
		2*tuneFrom - 1: {Freeze: FreezeAll, Precision: string(nn.FP32), Epochs: 1},
		2 * tuneFrom:   {Freeze: FreezeAuto, Precision: string(nn.BF16), Epochs: 9, CropFrom: 48},
	} {
		asked := Settings{Freeze: FreezeAuto, Precision: string(nn.BF16), Epochs: 9, CropFrom: 48}
		s := &Session{plan: &plan{Settings: asked}, expected: images,
			Images: &data.Cache{Set: &data.Set{Labels: []string{"daisy", "rose"}}}}
		if s.fewImages(); !reflect.DeepEqual(s.Settings, want) || !reflect.DeepEqual(s.plan.Settings, want) {
			t.Errorf("%d images: got %+v, want %+v", images, s.Settings, want)
		}
	}
}

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
