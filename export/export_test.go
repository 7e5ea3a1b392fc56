package export

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

func export(t testing.TB, c *checkpoint.Checkpoint, o Options) *onnx.Model {
	t.Helper()
	m, err := Model(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEveryPresetExports(t *testing.T) {
	for _, p := range arch.All() {
		if testing.Short() && p.Parameters > 5e6 {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			c := networks.Preset(t, p.Name, 0)
			for i, o := range []Options{{}, {Input: Float}, {Input: Float, Opset: MinOpset}, {Opset: MaxOpset},
				{FoldBatchNorm: true}, {Precision: FP16}} {
				if p.Parameters > 3e7 && i > 0 {
					continue // the options do not depend on the number of weights
				}
				m := export(t, c, o)
				seen := map[string]bool{}
				for _, n := range m.Graph.Nodes {
					if n.Name == "" || seen[n.Name] {
						t.Errorf("%+v: node name %q is empty or is there twice", o, n.Name)
					}
					seen[n.Name] = true
				}
			}
		})
	}
}

func TestExportIsDeterministic(t *testing.T) {
	for _, o := range []Options{{}, {Input: Float}, {FoldBatchNorm: true}, {Precision: FP16}} {
		var files [2][]byte
		for i := range files {
			var err error
			if files[i], err = export(t, networks.Preset(t, "v7-batchnorm", 0), o).Encode(); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%+v: two exports of one checkpoint differ", o)
		}
	}
}

func TestFileIsWhatTheDesignSays(t *testing.T) {
	m := export(t, networks.Preset(t, "v7-batchnorm", 0), Options{Version: "1.2.3"})
	if m.IRVersion != 8 || m.Opset("") != 18 {
		t.Errorf("IR version %d, operator set %d, want 8 and 18", m.IRVersion, m.Opset(""))
	}
	var ports []string
	for _, v := range append(slices.Clone(m.Graph.Inputs), m.Graph.Outputs...) {
		ports = append(ports, v.Name+" "+v.String())
	}
	want := []string{"image uint8[N H W 3]", "probabilities float32[N 5]", "logits float32[N 5]"}
	if !reflect.DeepEqual(ports, want) {
		t.Errorf("ports %q, want %q", ports, want)
	}
	types, err := m.Types()
	if err != nil {
		t.Fatal(err)
	}
	if got := types["input"].String(); got != "float32[N 3 150 150]" {
		t.Errorf("the network's input is %s", got)
	}
	for _, name := range []string{"conv1.weight", "batchnorm1.running_mean", "logits.bias"} {
		if m.Graph.Initializer(name) == nil {
			t.Errorf("no initializer %s", name)
		}
	}
}

func TestFloatInputIsTheBareNetwork(t *testing.T) {
	m := export(t, networks.Preset(t, "v7-base", 0), Options{Input: Float})
	if got := m.Graph.Inputs[0].Name + " " + m.Graph.Inputs[0].String(); got != "input float32[N 3 150 150]" {
		t.Errorf("input %s", got)
	}
	if op := m.Graph.Nodes[0].Op; op != "Conv" {
		t.Errorf("the first node is a %s, want a Conv: preprocessing is the caller's", op)
	}
	d, err := ReadMetadata(m)
	if err != nil || d.Rescale == nil || *d.Rescale != (Rescale{Scale: 1 / 127.5, Offset: -1}) {
		t.Errorf("the metadata says rescale %+v (%v), want 1/127.5 and -1", d.Rescale, err)
	}
}

func TestMetadataSurvivesARoundTrip(t *testing.T) {
	c := networks.Preset(t, "tiny", 0)
	c.Labels[2] = `a "quoted" läbel`
	data, err := export(t, c, Options{Version: "1.2.3", License: "CC0", FoldBatchNorm: true}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadMetadata(m)
	if err != nil {
		t.Fatal(err)
	}
	digest, _ := WeightsDigest(&c.Spec, c.Weights)
	want := Metadata{Labels: c.Labels, Arch: "tiny", Size: 64, Preprocess: c.Preprocess, Training: c.Training,
		Version: "1.2.3", License: "CC0", Input: Image, Precision: FP32, Folded: true, Weights: digest}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestLicenceIsNotStatedUnlessItIs(t *testing.T) {
	d, err := ReadMetadata(export(t, networks.Preset(t, "tiny", 0), Options{}))
	if err != nil || d.License != "not stated" {
		t.Errorf("got licence %q, %v, want \"not stated\"", d.License, err)
	}
}

func TestNoNodeTakesAValueTwice(t *testing.T) {
	b := model.NewBuilder("twice", 8, 3)
	b.Conv(4, model.Window{Kernel: 3})
	x := b.Current()
	b.Concat(x, b.Dropout(0.5)) // without dropout: x and x
	b.GlobalAvgPool()
	b.Head("main", 1)
	for _, n := range export(t, networks.Build(t, b), Options{}).Graph.Nodes {
		for i, in := range n.Inputs {
			if in != "" && slices.Contains(n.Inputs[:i], in) {
				t.Errorf("node %s takes %q twice", n.Name, in)
			}
		}
	}
}

func TestImpossibleOptionsAreRefused(t *testing.T) {
	c := networks.Preset(t, "tiny", 0)
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{Opset: 6}, "operator set 6, want 7 to 21"},
		{Options{Opset: 22}, "operator set 22"},
		{Options{Opset: 17}, "operator set 17 cannot resize"},
		{Options{Input: "bytes"}, `input "bytes"`},
		{Options{Precision: "fp8"}, `precision "fp8"`},
		{Options{Precision: INT8}, "no range"},
		{Options{Precision: INT8, Input: Float, Opset: 12}, "operator set 12"},
	} {
		if _, err := Model(c, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, want %q", test.o, err, test.want)
		}
	}
	c.Labels = c.Labels[1:]
	if _, err := Model(c, Options{}); err == nil || !strings.Contains(err.Error(), "4 labels for 5 classes") {
		t.Errorf("one label missing: got %v", err)
	}
}

func TestNodesMayNotTakeReservedNames(t *testing.T) {
	b := model.NewBuilder("reserved", 8, 3)
	b.Add(model.Node{Name: "image", Op: model.ReLU})
	b.GlobalAvgPool()
	b.Head("main", 1)
	if _, err := Model(networks.Build(t, b), Options{}); err == nil || !strings.Contains(err.Error(), `called "image"`) {
		t.Errorf("got %v, want a complaint about image", err)
	}
}
