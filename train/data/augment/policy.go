// Package augment varies training images: it mirrors, rotates, zooms, shifts and
// crops them, changes their colours, erases a part and mixes two. All moves of pixels
// are composed into one affine pass, all changes of colour into one linear pass, both
// on uint8. It imports no other package of this module. Start at [Policy],
// [ParsePolicy] and [Policy.Apply].
package augment

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Policy says how far images are varied. The zero value changes nothing. Each amount
// is drawn for each image, uniformly within its bounds.
type Policy struct {
	FlipH  float64 `json:"flip,omitempty"`   // probability to mirror left and right
	FlipV  float64 `json:"vflip,omitempty"`  // probability to mirror top and bottom
	Rotate float64 `json:"rotate,omitempty"` // up to +-degrees
	// Zoom shows 1-Zoom to 1+Zoom of the side, drawn for each axis, as Keras.
	Zoom  float64 `json:"zoom,omitempty"`
	Shift float64 `json:"shift,omitempty"` // up to +-share of the side, for each axis
	// Crop takes a part of Crop to 1 of the area, with sides in a ratio of 3/4 to
	// 4/3, from anywhere, and enlarges it: random resized crop. 0 means none.
	Crop float64 `json:"crop,omitempty"`

	Brightness float64 `json:"brightness,omitempty"` // times 1-x to 1+x
	Contrast   float64 `json:"contrast,omitempty"`   // times 1-x to 1+x, about the mean grey
	Saturation float64 `json:"saturation,omitempty"` // times 1-x to 1+x, about the pixel's grey
	Hue        float64 `json:"hue,omitempty"`        // up to +-degrees

	// Erase is the probability of noise over a rectangle of 2 to 20 % of the area
	// (Zhong et al., 2020).
	Erase float64 `json:"erase,omitempty"`
	// Mixup blends two images (Zhang et al., 2018), CutMix swaps a rectangle (Yun et
	// al., 2019). The share is from Beta(x, x), and the targets are mixed by it. With
	// both, each pair of images gets one of them.
	Mixup  float64 `json:"mixup,omitempty"`
	CutMix float64 `json:"cutmix,omitempty"`

	Fill Fill `json:"fill,omitempty"` // what is outside the image
}

// Fill says which pixels are outside the image.
type Fill string

// The ways to fill. The zero value is Reflect.
const (
	Reflect Fill = "reflect" // d c b a | a b c d | d c b a
	Edge    Fill = "edge"    // a a a a | a b c d | d d d d
)

// named are the policies with names. report-1 and report-2 are the original
// study's, with Keras' fill.
var named = []struct {
	name   string
	policy Policy
}{
	{"none", Policy{}},
	{"light", Policy{FlipH: 0.5, Rotate: 10, Zoom: 0.1, Shift: 0.05,
		Brightness: 0.15, Contrast: 0.15, Saturation: 0.15}},
	{"strong", Policy{FlipH: 0.5, Rotate: 20, Crop: 0.35, Brightness: 0.3, Contrast: 0.3,
		Saturation: 0.3, Hue: 10, Erase: 0.25, Mixup: 0.2, CutMix: 1}},
	{"report-1", Policy{FlipH: 0.5, Rotate: 15, Zoom: 0.1, Fill: Edge}},
	{"report-2", Policy{FlipH: 0.5, FlipV: 0.5, Rotate: 15, Zoom: 0.1, Fill: Edge}},
}

// Names lists the policies that have a name.
func Names() []string {
	var out []string
	for _, n := range named {
		out = append(out, n.name)
	}
	return out
}

// option is one word of a policy's text: its key, the value if none is given (0 if
// one must be), and its bounds.
type option struct {
	key           string
	field         func(*Policy) *float64
	plain, lo, hi float64
}

var options = []option{
	{"flip", func(p *Policy) *float64 { return &p.FlipH }, 0.5, 0, 1},
	{"vflip", func(p *Policy) *float64 { return &p.FlipV }, 0.5, 0, 1},
	{"rotate", func(p *Policy) *float64 { return &p.Rotate }, 0, 0, 180},
	{"zoom", func(p *Policy) *float64 { return &p.Zoom }, 0, 0, 0.9},
	{"shift", func(p *Policy) *float64 { return &p.Shift }, 0, 0, 1},
	{"crop", func(p *Policy) *float64 { return &p.Crop }, 0.35, 0, 1},
	{"brightness", func(p *Policy) *float64 { return &p.Brightness }, 0, 0, 1},
	{"contrast", func(p *Policy) *float64 { return &p.Contrast }, 0, 0, 1},
	{"saturation", func(p *Policy) *float64 { return &p.Saturation }, 0, 0, 1},
	{"hue", func(p *Policy) *float64 { return &p.Hue }, 0, 0, 180},
	{"erase", func(p *Policy) *float64 { return &p.Erase }, 0.25, 0, 1},
	{"mixup", func(p *Policy) *float64 { return &p.Mixup }, 0.2, 0, 100},
	{"cutmix", func(p *Policy) *float64 { return &p.CutMix }, 1, 0, 100},
}

// ParsePolicy reads a policy from text: the name of a policy, options, or both,
// separated by commas. Later options replace earlier ones: "report-1",
// "flip,rotate=15,zoom=0.1", "light,vflip,fill=edge". An empty text is no
// augmentation.
func ParsePolicy(text string) (Policy, error) {
	var p Policy
	for i, word := range strings.Split(text, ",") {
		word = strings.TrimSpace(word)
		if at := slices.Index(Names(), word); at >= 0 {
			if i > 0 {
				return Policy{}, fmt.Errorf("augmentation %q: the name %s must stand first", text, word)
			}
			p = named[at].policy
			continue
		}
		if word == "" && strings.TrimSpace(text) == "" {
			continue
		}
		if err := p.set(word); err != nil {
			return Policy{}, fmt.Errorf("augmentation %q: %w", text, err)
		}
	}
	return p, p.Check()
}

// set reads one option.
func (p *Policy) set(word string) error {
	key, value, given := strings.Cut(word, "=")
	if key == "fill" {
		p.Fill = Fill(value)
		return nil
	}
	at := slices.IndexFunc(options, func(o option) bool { return o.key == key })
	if at < 0 {
		return fmt.Errorf("%q, want %s, or options of %s, fill=reflect, fill=edge",
			word, strings.Join(Names(), ", "), optionKeys())
	}
	o := options[at]
	x := o.plain
	if given {
		var err error
		if x, err = strconv.ParseFloat(value, 64); err != nil {
			return fmt.Errorf("%q, want a number", word)
		}
	}
	if !given && x == 0 {
		return fmt.Errorf("%q, want %s=NUMBER", word, key)
	}
	*o.field(p) = x
	return nil
}

func optionKeys() string {
	var keys []string
	for _, o := range options {
		keys = append(keys, o.key)
	}
	return strings.Join(keys, ", ")
}

// Check returns an error that names the first amount that is out of bounds.
func (p Policy) Check() error {
	for _, o := range options {
		if x := *o.field(&p); !(x >= o.lo && x <= o.hi) {
			return fmt.Errorf("augmentation: %s=%v, want %v to %v", o.key, x, o.lo, o.hi)
		}
	}
	switch p.Fill {
	case "", Reflect, Edge:
		return nil
	}
	return fmt.Errorf("augmentation: fill=%s, want %s or %s", p.Fill, Reflect, Edge)
}

// String is the policy's name, or its options as [ParsePolicy] reads them.
func (p Policy) String() string {
	var words []string
	for _, o := range options {
		if x := *o.field(&p); x != 0 {
			words = append(words, o.key+"="+strconv.FormatFloat(x, 'g', -1, 64))
		}
	}
	if p.Fill == Edge {
		words = append(words, "fill=edge")
	}
	for _, n := range named {
		if n.policy == p {
			return n.name
		}
	}
	return strings.Join(words, ",")
}

// Mixes reports whether images are mixed with one another.
func (p Policy) Mixes() bool { return p.Mixup > 0 || p.CutMix > 0 }

// radians of an angle in degrees.
func radians(degrees float64) float64 { return degrees * math.Pi / 180 }
