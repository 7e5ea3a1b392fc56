package verify_test

import (
	"context"
	"fmt"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data/flowers"
)

// Two engines' answers for two images of three classes.
func ExampleCompare() {
	reference := onnx.Tensor{Shape: []int{2, 3}, Data: []float32{1, 8, 2, 4, 0, 1}}
	other := onnx.Tensor{Shape: []int{2, 3}, Data: []float32{1, 8, 2, 4, 0, 5}}
	d, err := verify.Compare(reference, other)
	if err != nil {
		panic(err)
	}
	fmt.Printf("the same answer for %d of %d images, up to %.1f of the largest logit apart\n",
		d.ArgmaxEqual, d.N, d.MaxRel)
	// Output: the same answer for 1 of 2 images, up to 0.5 of the largest logit apart
}

// A checkpoint is exported, and the file compared with it on images: here drawn
// ones, and a network that was never trained. See checkpoint.Load for one that
// was, and install.Run for onnxruntime.
func ExampleFile() {
	ctx := context.Background()
	library, err := install.Find(install.BuildCPU)
	if err != nil {
		panic(err)
	}
	if _, err := ort.Load(library); err != nil {
		panic(err)
	}
	c := untrained("tiny", "daisy", "rose")
	m, err := export.Model(c, export.Options{})
	if err != nil {
		panic(err)
	}
	file, err := m.Encode()
	if err != nil {
		panic(err)
	}
	var photos []verify.Photo
	for i := range 12 {
		kind := flowers.Kinds()[i%2]
		photos = append(photos, verify.Photo{Name: fmt.Sprint("drawn ", i), Label: i % 2,
			Open: func() (imageprep.Image, error) { return flowers.Draw(kind, uint64(i), 96), nil }})
	}
	report, err := verify.File(ctx, file, c, verify.Options{Photos: photos, Source: "drawn flowers"})
	if err != nil {
		panic(err)
	}
	for _, e := range report.Engines {
		fmt.Printf("%s: the same answer for %d of %d images\n", e.Name, e.ArgmaxEqual, e.N)
	}
	fmt.Println("verified:", report.OK)
	// Output:
	// onnxruntime cpu: the same answer for 12 of 12 images
	// verified: true
}

func untrained(name string, labels ...string) *checkpoint.Checkpoint {
	preset, err := arch.Find(name)
	if err != nil {
		panic(err)
	}
	spec, err := preset.Build(preset.Size, len(labels))
	if err != nil {
		panic(err)
	}
	weights, err := spec.NewWeights(1)
	if err != nil {
		panic(err)
	}
	return &checkpoint.Checkpoint{Spec: spec, Weights: weights, Labels: labels,
		Preprocess: imageprep.Config{Size: preset.Size, Resize: imageprep.Stretch}}
}
