// Package arch lists the networks that can be trained by name: those of the
// original study, under their names there, and a few common ones of today. A preset
// is a short function that lists nodes; a family of networks is a file.
// The package never imports gorgonia or onnxruntime. Start at [All] and [Find].
package arch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nearest"
)

// StudyClasses is how many kinds of flowers the study told apart: the number of
// classes that [Preset.Parameters] and lists of networks count for.
const StudyClasses = 5

// Preset is a network by name.
type Preset struct {
	Name string
	// Size is the default side of the square input, in pixels.
	Size int
	// Parameters is the number of trainable values at Size with StudyClasses.
	Parameters int
	// Augment is the augmentation policy of the study for this network, or empty.
	Augment string
	// Source is where the network comes from: the study, or the paper and its year.
	Source string

	build func(b *model.Builder)
}

// Build describes the network for images of size x size pixels and the given
// number of classes. It fails where the network does not fit the size.
func (p Preset) Build(size, classes int) (model.Spec, error) {
	b := model.NewBuilder(p.Name, size, classes)
	p.build(b)
	return b.Spec()
}

// All lists the presets: the study's in its order, then the others.
func All() []Preset { return slices.Clone(presets) }

// Find returns the preset of that name, or an error that lists all names.
func Find(name string) (Preset, error) {
	names := make([]string, len(presets))
	for i, p := range presets {
		if p.Name == name {
			return p, nil
		}
		names[i] = p.Name
	}
	return Preset{}, &unknown{name: name, names: names}
}

// unknown is the error of a name that no preset has.
type unknown struct {
	name  string
	names []string
}

func (u *unknown) Error() string {
	return fmt.Sprintf("no network is called %q, want one of %s", u.name, strings.Join(u.names, ", "))
}

// Hint is the name that was likely meant, "" where none is near.
func (u *unknown) Hint() string {
	if near := nearest.Word(u.name, u.names); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return ""
}

// presets is the table of all networks.
var presets = []Preset{
	{Name: "v1-pilot", Size: 150, Parameters: 10_636_997,
		Source: "study", build: v1Pilot},
	{Name: "v2-basic", Size: 150, Parameters: 4_828_997,
		Source: "study", build: v2Basic},
	{Name: "v3-alexnet", Size: 150, Parameters: 29_993_029,
		Source: "study, after Krizhevsky 2012", build: alexNet},
	{Name: "v4-vgg16", Size: 150, Parameters: 65_075_013,
		Source: "study, after Simonyan 2014", build: v4VGG16},
	{Name: "v5-vgg16", Size: 224, Parameters: 134_281_029,
		Source: "study, after Simonyan 2014", build: v5VGG16},
	{Name: "v6-googlenet", Size: 224, Parameters: 8_483_647,
		Source: "study, after Szegedy 2014", build: googLeNet},
	{Name: "v7-base", Size: 150, Parameters: 4_828_997,
		Source: "study", build: v7Base},
	{Name: "v7-kernel", Size: 150, Parameters: 1_175_493,
		Source: "study", build: v7Kernel},
	{Name: "v7-gap", Size: 150, Parameters: 158_309,
		Source: "study", build: v7GAP},
	{Name: "v7-rescale", Size: 150, Parameters: 382_757,
		Source: "study", build: v7Rescale},
	{Name: "v7-batchnorm", Size: 150, Parameters: 373_253,
		Source: "study", build: v7BatchNorm},
	{Name: "v7-augment-1", Size: 150, Parameters: 373_253, Augment: "report-1",
		Source: "study", build: v7BatchNorm},
	{Name: "v7-augment-2", Size: 150, Parameters: 373_253, Augment: "report-2",
		Source: "study", build: v7BatchNorm},
	{Name: "resnet18", Size: 224, Parameters: 11_179_077,
		Source: "He 2015", build: resNet18},
	{Name: "mobilenetv2", Size: 224, Parameters: 2_230_277,
		Source: "Sandler 2018", build: mobileNetV2},
	{Name: "resnet-small", Size: 128, Parameters: 1_227_685,
		Source: "this project, for a few thousand images", build: resNetSmall},
	{Name: "resnet12d", Size: 144, Parameters: 1_530_253,
		Source: "this project, for a few thousand photographs, after He 2018", build: resNet12D},
	{Name: "tiny", Size: 64, Parameters: 5_093,
		Source: "this project, for tests", build: tiny},
}
