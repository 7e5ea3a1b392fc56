package arch

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/model"
)

func TestPresetsHaveTheirParameterCounts(t *testing.T) {
	// Running statistics of the study's two networks with batch norm.
	running := map[string]int{"v3-alexnet": 2752, "v7-batchnorm": 704}
	for _, p := range All() {
		spec, err := p.Build(p.Size, 5)
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		trainable, stats, err := spec.Count()
		if err != nil {
			t.Fatal(err)
		}
		if trainable != p.Parameters {
			t.Errorf("%s: %d trainable parameters, want %d", p.Name, trainable, p.Parameters)
		}
		if want, ok := running[p.Name]; ok && stats != want {
			t.Errorf("%s: %d running statistics, want %d", p.Name, stats, want)
		}
		if spec.Name != p.Name || spec.Outputs[0].Name != "main" {
			t.Errorf("%s: spec is called %s, its first output %s", p.Name, spec.Name, spec.Outputs[0].Name)
		}
	}
}

func TestPresetsSurviveJSON(t *testing.T) {
	for _, p := range All() {
		spec, err := p.Build(p.Size, 7)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		var back model.Spec
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(spec, back) {
			t.Errorf("%s: the spec changes on its way through JSON", p.Name)
		}
	}
}

func TestInferenceLeavesOutDropoutAndAuxiliaryHeads(t *testing.T) {
	for _, p := range All() {
		spec, err := p.Build(p.Size, 5)
		if err != nil {
			t.Fatal(err)
		}
		inf := spec.Inference()
		if _, err := inf.Shapes(); err != nil {
			t.Errorf("%s: inference network: %v", p.Name, err)
		}
		for _, n := range inf.Nodes {
			if n.Op == model.Dropout || strings.HasPrefix(n.Name, "aux") {
				t.Errorf("%s: inference network still has %s", p.Name, n.Name)
			}
		}
	}
}

func TestGoogLeNetHasThreeHeads(t *testing.T) {
	p, err := Find("v6-googlenet")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := p.Build(224, 5)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range spec.Outputs {
		names = append(names, o.Name)
	}
	if want := []string{"main", "aux1", "aux2"}; !reflect.DeepEqual(names, want) {
		t.Errorf("outputs %v, want %v", names, want)
	}
}

func TestTooSmallImagesAreRefused(t *testing.T) {
	p, _ := Find("v7-batchnorm")
	_, err := p.Build(16, 5)
	if err == nil || !strings.Contains(err.Error(), "--size") {
		t.Errorf("16-pixel v7-batchnorm: error %v, want one that says what to do", err)
	}
}

func TestUnknownNamesListTheKnown(t *testing.T) {
	_, err := Find("vgg")
	if err == nil || !strings.Contains(err.Error(), "v4-vgg16") {
		t.Errorf("got %v, want an error that lists the presets", err)
	}
}

// TestResidualNetworksTakeOddSizes: where an image of odd side is halved, both ways around
// a block round alike.
func TestResidualNetworksTakeOddSizes(t *testing.T) {
	for _, name := range []string{"resnet18", "resnet-small", "resnet12d"} {
		p, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		for size := 96; size < 112; size++ {
			if _, err := p.Build(size, 2); err != nil {
				t.Errorf("%s at %d pixels: %v", name, size, err)
			}
		}
	}
}

// TestPresetsAreThese: everything of each network, at five classes, by the SHA-256
// of its JSON. A preset that is trained already must not change: neither what its
// parameters count shows, nor padding, dropout, rescale, epsilon or a bound.
func TestPresetsAreThese(t *testing.T) {
	want := map[string]string{
		"v1-pilot":     "835a792bc282ed77",
		"v2-basic":     "cb2ab3bedad6cdaf",
		"v3-alexnet":   "a214bbb5fe781138",
		"v4-vgg16":     "8b6d155aaeb6364d",
		"v5-vgg16":     "9366852fae25b29b",
		"v6-googlenet": "6b1ae96a0fb807a4",
		"v7-base":      "e2fafcc3b707e825",
		"v7-kernel":    "f655f74937a6b952",
		"v7-gap":       "5433f5489d062212",
		"v7-rescale":   "29cae494c0a59247",
		"v7-batchnorm": "48f835022b953c1f",
		"v7-augment-1": "619a6837bcefbe8f",
		"v7-augment-2": "77d2241e3f58f4fb",
		"resnet18":     "26555f1746d0d715",
		"mobilenetv2":  "1d0a97a305fb28ef",
		"resnet-small": "fbb8be6f2bd61eb6",
		"resnet12d":    "2cf6ff087df49159",
		"tiny":         "002180a092fe8f6b",
	}
	for _, p := range All() {
		spec, err := p.Build(p.Size, 5)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(text))[:16]; got != want[p.Name] {
			t.Errorf("%q: %q, want %q", p.Name, got, want[p.Name])
		}
	}
}
