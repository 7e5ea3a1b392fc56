package choose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/foreign"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// Foreign are the flags that say of a file from elsewhere what it does not say itself:
// its classes, and how it takes pictures.
type Foreign struct {
	Labels        string // a file with the classes
	Output        string // name of the output that is the answer
	Preset        string // of foreign.Presets
	Size          int    // pixels
	Resize        string
	CropShare     float64
	Interpolation string
	Channels      string
	Mean, Std     cli.Float64Slice
}

// What the flags may be.
var (
	resizes = []string{string(imageprep.Stretch), string(imageprep.Crop),
		string(imageprep.Letterbox)}
	interpolations = []string{string(imageprep.Bilinear), string(imageprep.Bicubic)}
	channels       = []string{string(foreign.RGB), string(foreign.BGR)}
)

func presetNames() (names []string) {
	for _, p := range foreign.Presets() {
		names = append(names, p.Name)
	}
	return names
}

// List is the flags for the help and for parsing.
func (f *Foreign) List() []cli.Flag {
	const elsewhere = "for files from elsewhere:"
	return []cli.Flag{
		shell.TextFlag(&f.Labels, "labels", "", elsewhere+" `FILE` with the classes, one a line, "+
			"numbered lines, or a list or map in JSON"),
		shell.TextFlag(&f.Output, "output", "", elsewhere+" `NAME` of the output that is the answer"),
		shell.TextFlag(&f.Preset, "preprocess", "", elsewhere+" pictures as `NAME` takes them, "+
			strings.Join(presetNames(), ", ")+"; the flags below change a part of it"),
		shell.IntFlag(&f.Size, "size", 0, elsewhere+" side of the square the network takes, `PIXELS`"),
		shell.TextFlag(&f.Resize, "resize", "", elsewhere+" `crop`, stretch (the default) or letterbox"),
		shell.FloatFlag(&f.CropShare, "crop-share", 0,
			elsewhere+" how much of the shorter side a crop leaves, `S` up to 1: 224 of 256 are 0.875"),
		shell.TextFlag(&f.Interpolation, "interpolation", "",
			elsewhere+" `bilinear` (the default) or bicubic"),
		shell.TextFlag(&f.Channels, "channels", "", elsewhere+" order of the channels, `rgb` or bgr"),
		&cli.Float64SliceFlag{Name: "mean", Destination: &f.Mean,
			Usage: elsewhere + " `M` or R,G,B subtracted from pixels of 0 to 1"},
		&cli.Float64SliceFlag{Name: "std", Destination: &f.Std,
			Usage: elsewhere + " `S` or R,G,B that they are then divided by"},
	}
}

// Check refuses values that no model takes.
func (f *Foreign) Check() error {
	switch {
	case f.Size < 0:
		return shell.Usagef("--size: got %d, want a number of pixels", f.Size)
	case f.Size > imageprep.MaxSize:
		return shell.Usagef("--size: got %d, want at most %d", f.Size, imageprep.MaxSize)
	case f.CropShare != 0 && !(f.CropShare >= 0.1 && f.CropShare <= 1):
		return shell.Usagef("--crop-share: got %v, want 0.1 to 1", f.CropShare)
	}
	for _, one := range []struct {
		flag, got string
		of        []string
	}{{"preprocess", f.Preset, presetNames()}, {"resize", f.Resize, resizes},
		{"interpolation", f.Interpolation, interpolations}, {"channels", f.Channels, channels}} {
		if one.got != "" && !slices.Contains(one.of, one.got) {
			return shell.Usagef("--%s: got %q, want %s", one.flag, one.got, strings.Join(one.of, ", "))
		}
	}
	return remedy.Units(f.Mean.Value(), f.Std.Value())
}

// Apply puts what the flags say into the options.
func (f *Foreign) Apply(o *infer.Options) (err error) {
	o.Output = f.Output
	o.Preset, o.Size, o.CropShare = f.Preset, f.Size, f.CropShare
	o.Resize, o.Interpolation = imageprep.Resize(f.Resize), imageprep.Interpolation(f.Interpolation)
	o.Channels = foreign.Channels(f.Channels)
	o.Mean, o.Std = float32s(f.Mean.Value()), float32s(f.Std.Value())
	if f.Labels != "" {
		o.LabelsFrom = f.Labels
		o.Labels, err = infer.ReadLabels(f.Labels)
	}
	return err
}

// Arguments are those of the flags that the user gave.
func (f *Foreign) Arguments(c *shell.Call) (arguments []string) {
	list := func(s *cli.Float64Slice) string {
		return strings.ReplaceAll(strings.Trim(fmt.Sprint(s.Value()), "[]"), " ", ",")
	}
	for _, one := range []struct {
		name  string
		value any
	}{{"labels", f.Labels}, {"output", f.Output}, {"preprocess", f.Preset},
		{"size", f.Size}, {"resize", f.Resize}, {"crop-share", f.CropShare}, {"interpolation", f.Interpolation}, {"channels", f.Channels},
		{"mean", list(&f.Mean)}, {"std", list(&f.Std)}} {
		if c.Given(one.name) {
			arguments = append(arguments, fmt.Sprintf("--%s=%v", one.name, one.value))
		}
	}
	return arguments
}

// tellAssumed says once what a classifier takes for granted, and what was left out of
// what its file says.
func (m *Model) tellAssumed(c *shell.Call, classifier *infer.Classifier) {
	if m.told {
		return
	}
	m.told = true
	if name, others := classifier.Output(); len(others) > 0 {
		c.Say("output %s answers; --output chooses another: %s", name, strings.Join(others, ", "))
	}
	for _, note := range classifier.Notes() {
		c.Say("%s: %s", m.Name, note)
	}
	if assumed := classifier.Assumed(); len(assumed) > 0 {
		c.Say("%s: assumed: %s; --preprocess, --resize and their like say otherwise",
			m.Name, strings.Join(assumed, ", "))
	}
}
