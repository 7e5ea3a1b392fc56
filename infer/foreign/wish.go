// Package foreign finds out how a classifier that another program wrote takes pictures
// and what its classes are called: from the shape of its input and the nodes behind it,
// from metadata as Ultralytics, OpenVINO and others write them, from the JSON files that
// Hugging Face and timm put beside it, and from what a user says. It never imports
// gorgonia or onnxruntime. Start at [Read], [ReadInput] and [Facts.Resolve].
package foreign

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// Channels is the order of a picture's channels.
type Channels string

// The orders. Networks that were trained with Caffe or OpenCV take BGR.
const (
	RGB Channels = "rgb"
	BGR Channels = "bgr"
)

// Preprocessing is how pictures become what a network takes. What is zero is not said.
type Preprocessing struct {
	Size          int // side of the square, pixels
	Resize        imageprep.Resize
	CropShare     float64 // see imageprep.Config
	Interpolation imageprep.Interpolation
	Channels      Channels
	// Mean and Std are of R, G and B, of pixels from 0 to 1: a float network is fed
	// (pixel/255 - mean) / std. nil means 0 and 1; one value counts for all three.
	Mean, Std []float32
}

// Wish is what a user says of a file that does not say it itself.
type Wish struct {
	Preset string // of Presets; what else is said counts before it
	Preprocessing
}

// Preset is the preprocessing of many networks, by one name.
type Preset struct {
	Name  string
	Usage string // of whom it is
	Preprocessing
}

// Presets are those that a Wish may name.
func Presets() []Preset { return presets }

var presets = []Preset{
	{"imagenet", "torchvision's and many of timm's", Preprocessing{Size: 224,
		Resize: imageprep.Crop, CropShare: 0.875, Interpolation: imageprep.Bilinear, Channels: RGB,
		Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}},
	{"ultralytics", "yolo classify", Preprocessing{Size: 224,
		Resize: imageprep.Crop, CropShare: 1, Interpolation: imageprep.Bilinear, Channels: RGB,
		Mean: []float32{0}, Std: []float32{1}}},
	{"clip", "OpenAI's CLIP and OpenCLIP", Preprocessing{Size: 224,
		Resize: imageprep.Crop, CropShare: 1, Interpolation: imageprep.Bicubic, Channels: RGB,
		Mean: []float32{0.48145466, 0.4578275, 0.40821073},
		Std:  []float32{0.26862954, 0.26130258, 0.27577711}}},
	// keras.applications.imagenet_utils.preprocess_input with mode "tf": MobileNet,
	// Inception, Xception, ResNetV2.
	{"keras", "Keras' MobileNet, Inception, Xception: -1 to 1", Preprocessing{
		Resize: imageprep.Stretch, Interpolation: imageprep.Bilinear, Channels: RGB,
		Mean: []float32{0.5}, Std: []float32{0.5}}},
}

// presetOf is the preset of a name.
func presetOf(name string) (Preprocessing, error) {
	var names []string
	for _, p := range presets {
		if p.Name == name {
			return p.Preprocessing, nil
		}
		names = append(names, p.Name)
	}
	return Preprocessing{}, fmt.Errorf("preprocess: got %q, want %s", name, strings.Join(names, ", "))
}

// part is one thing that a Preprocessing says. Its name is that of the option which
// sets it.
type part struct {
	name string
	said func(p *Preprocessing) bool
	text func(p *Preprocessing) string
	copy func(to, from *Preprocessing)
	same func(a, b *Preprocessing) bool
}

var parts = []part{
	{"size", func(p *Preprocessing) bool { return p.Size != 0 },
		func(p *Preprocessing) string { return strconv.Itoa(p.Size) },
		func(to, from *Preprocessing) { to.Size = from.Size },
		func(a, b *Preprocessing) bool { return a.Size == b.Size }},
	{"resize", func(p *Preprocessing) bool { return p.Resize != "" },
		func(p *Preprocessing) string { return string(p.Resize) },
		func(to, from *Preprocessing) { to.Resize = from.Resize },
		func(a, b *Preprocessing) bool { return a.Resize == b.Resize }},
	{"crop-share", func(p *Preprocessing) bool { return p.CropShare != 0 },
		func(p *Preprocessing) string { return number(p.CropShare) },
		func(to, from *Preprocessing) { to.CropShare = from.CropShare },
		func(a, b *Preprocessing) bool { return math.Abs(a.CropShare-b.CropShare) < 1e-3 }},
	{"interpolation", func(p *Preprocessing) bool { return p.Interpolation != "" },
		func(p *Preprocessing) string { return string(p.Interpolation) },
		func(to, from *Preprocessing) { to.Interpolation = from.Interpolation },
		func(a, b *Preprocessing) bool { return a.Interpolation == b.Interpolation }},
	{"channels", func(p *Preprocessing) bool { return p.Channels != "" },
		func(p *Preprocessing) string { return string(p.Channels) },
		func(to, from *Preprocessing) { to.Channels = from.Channels },
		func(a, b *Preprocessing) bool { return a.Channels == b.Channels }},
	{"mean", func(p *Preprocessing) bool { return len(p.Mean) > 0 },
		func(p *Preprocessing) string { return numbers(p.Mean) },
		func(to, from *Preprocessing) { to.Mean = from.Mean },
		func(a, b *Preprocessing) bool { return close3(a.Mean, b.Mean) }},
	{"std", func(p *Preprocessing) bool { return len(p.Std) > 0 },
		func(p *Preprocessing) string { return numbers(p.Std) },
		func(to, from *Preprocessing) { to.Std = from.Std },
		func(a, b *Preprocessing) bool { return close3(a.Std, b.Std) }},
}

// number is a figure without the digits that rounding to float32 added.
func number(x float64) string { return strconv.FormatFloat(x, 'g', 5, 64) }

func numbers(values []float32) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = number(float64(v))
	}
	return strings.Join(words, ",")
}

// close3 compares means, of which one value counts for all three.
func close3(a, b []float32) bool {
	for i := range 3 {
		x, y := a[min(i, len(a)-1)], b[min(i, len(b)-1)]
		if !(math.Abs(float64(x-y)) < 1e-3) {
			return false
		}
	}
	return true
}
