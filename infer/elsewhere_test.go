package infer

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/foreign"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
)

// answersOf opens a model and asks it about a red and a blue picture.
func answersOf(t *testing.T, m *onnx.Model, o Options) []float32 {
	t.Helper()
	c, err := open(m, o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := c.Classify(t.Context(), []imageprep.Image{plain(0, 8, 8), plain(2, 8, 8)})
	if err != nil {
		t.Fatal(err)
	}
	return append(got[0].Probabilities, got[1].Probabilities...)
}

// retyped is the classifier of colours with another type of input, of free lengths where
// asked.
func retyped(t *testing.T, elem onnx.ElemType, free bool) *onnx.Model {
	t.Helper()
	m := model(t, colours.PlainNCHW)
	in := &m.Graph.Inputs[0]
	in.Elem = elem
	if free {
		in.Dims = []onnx.Dim{onnx.Symbol("batch_size"), onnx.Symbol("num_channels"),
			onnx.Symbol("height"), onnx.Symbol("width")}
	}
	if elem == onnx.Float32 {
		return m
	}
	m.Graph.Nodes = append([]onnx.Node{{Name: "cast", Op: "Cast", Inputs: []string{in.Name},
		Outputs: []string{"wide"}, Attributes: []onnx.Attribute{onnx.Int("to", int64(onnx.Float32))}}},
		m.Graph.Nodes...)
	m.Graph.Nodes[1].Inputs[0] = "wide"
	if elem == onnx.Uint8 {
		m.Graph.Initializers[1] = onnx.NewScalar("scale", colours.Sharpness)
	}
	return m
}

func TestInputsOfOtherProgramsGiveTheSameAnswers(t *testing.T) {
	onnxruntime.Need(t)
	want := answersOf(t, model(t, colours.PlainNCHW), elsewhere)
	sized := elsewhere
	sized.Size = colours.Size
	for name, c := range map[string]struct {
		m *onnx.Model
		o Options
	}{
		"free lengths": {retyped(t, onnx.Float32, true), sized},
		"uint8":        {retyped(t, onnx.Uint8, false), elsewhere},
		"float16":      {retyped(t, onnx.Float16, false), elsewhere},
		"float16 free": {retyped(t, onnx.Float16, true), sized},
	} {
		got := answersOf(t, c.m, c.o)
		for i := range want {
			if d := got[i] - want[i]; !(d < 1e-4 && d > -1e-4) {
				t.Fatalf("%s: got %v, want %v", name, got, want)
			}
		}
	}
	// Blue, green, red: the answers for red and blue change places.
	bgr := elsewhere
	bgr.Channels = foreign.BGR
	for _, m := range []*onnx.Model{model(t, colours.PlainNCHW), model(t, colours.PlainNHWC), retyped(t, onnx.Uint8, false)} {
		got := answersOf(t, m, bgr)
		if !(got[2] > 0.99) || !(got[3] > 0.99) {
			t.Errorf("BGR: got %v", got)
		}
	}
}

// TestOneValueForTwoClasses: the mean of red alone, as a logit, and through a Sigmoid.
func TestOneValueForTwoClasses(t *testing.T) {
	onnxruntime.Need(t)
	for _, op := range []string{"", "Sigmoid"} {
		m := model(t, colours.PlainNCHW)
		g := &m.Graph
		g.Initializers = append(g.Initializers, onnx.NewInt64("zero", 0), onnx.NewInt64("one", 1))
		g.Nodes = append(g.Nodes, onnx.Node{Name: "red", Op: "Slice", Outputs: []string{"red"},
			Inputs: []string{"logits", "zero", "one", "one"}})
		out := "red"
		if op != "" {
			out = "p"
			g.Nodes = append(g.Nodes, onnx.Node{Name: op, Op: op, Inputs: []string{"red"}, Outputs: []string{out}})
		}
		g.Outputs = []onnx.ValueInfo{onnx.TensorInfo(out, onnx.Float32, onnx.Symbol("N"), onnx.Known(1))}
		o := Options{Labels: []string{"other", "red"}}
		got := answersOf(t, m, o)
		// Red has 255 * 0.03 as its logit, and blue 0.
		for i, want := range []float32{0.00047642, 0.99952358, 0.5, 0.5} {
			if d := got[i] - want; !(d < 1e-6 && d > -1e-6) {
				t.Errorf("%q: got %v", op, got)
			}
		}
		c, err := open(m, o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(c.Assumed(), "its one value is the probability of red") {
			t.Errorf("got %q", c.Assumed())
		}
		c.Close()
	}
}

func TestFilesBesideTheModelAreRead(t *testing.T) {
	onnxruntime.Need(t)
	data, err := retyped(t, onnx.Float32, true).Encode()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	inside := filepath.Join(dir, "onnx")
	if err := os.Mkdir(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(inside, "m.onnx"), data)
	write(t, filepath.Join(dir, "config.json"), []byte(`{"id2label": {"2": "b", "1": "g", "0": "r"}}`))
	write(t, filepath.Join(dir, "preprocessor_config.json"),
		[]byte(`{"size": {"height": 8, "width": 8}, "resample": 3, "do_normalize": false}`))
	c, err := Open(filepath.Join(inside, "m.onnx"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := strings.Join(c.Labels(), ""); got != "rgb" {
		t.Errorf("got labels %s", got)
	}
	if got := c.Preprocess(); got.Size != 8 || got.Interpolation != imageprep.Bicubic {
		t.Errorf("got %+v", got)
	}
	_, err = Open(filepath.Join(inside, "m.onnx"), Options{Resize: imageprep.Crop})
	var contradiction *foreign.ContradictionError
	if !errors.As(err, &contradiction) || contradiction.Option != "resize" {
		t.Errorf("got %v", err)
	}
}

func TestZipMapIsNamed(t *testing.T) {
	onnxruntime.Need(t)
	m := model(t, colours.PlainNCHW)
	m.Opsets = append(m.Opsets, onnx.Opset{Domain: "ai.onnx.ml", Version: 3})
	m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Name: "zip", Op: "ZipMap", Domain: "ai.onnx.ml",
		Inputs: []string{"logits"}, Outputs: []string{"output_probability"},
		Attributes: []onnx.Attribute{{Name: "classlabels_int64s", Type: onnx.IntsAttr, Ints: []int64{0, 1, 2}}}})
	m.Graph.Outputs = []onnx.ValueInfo{{Name: "output_probability", Kind: onnx.NoKind}}
	_, err := open(m, Options{})
	var zip *ZipMapError
	if !errors.As(err, &zip) || !strings.Contains(zip.Hint(), "zipmap") {
		t.Errorf("got %v", err)
	}
}

func TestLabelsErrorIsForPeople(t *testing.T) {
	onnxruntime.Need(t)
	_, err := open(model(t, colours.PlainNCHW), Options{Labels: []string{"a"}, LabelsFrom: "list.txt"})
	const want = "got 1 label of list.txt, but no output has that many classes: " +
		"the network has 3 (logits float32 [N, 3])"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	m := model(t, colours.PlainNCHW)
	m.Metadata = []onnx.Property{{Key: "labels", Value: "r,g,b"}, {Key: "preprocess", Value: "8 x 8"}}
	_, err = open(m, Options{})
	if !errors.Is(err, ErrNoLabels) || !strings.Contains(err.Error(), "metadata labels is no list") {
		t.Errorf("got %v", err)
	}
	c, err := open(m, elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if len(c.Notes()) != 2 {
		t.Errorf("got %q", c.Notes())
	}
}

// TestADamagedConfigIsSaidWhereItWasToNameTheClasses: without it nothing tells why they
// have no names.
func TestADamagedConfigIsSaidWhereItWasToNameTheClasses(t *testing.T) {
	onnxruntime.Need(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "model.onnx")
	data, err := model(t, colours.PlainNCHW).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{path: string(data), filepath.Join(dir, "config.json"): `{"id2label": {`} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err = Open(path, Options{})
	if !errors.Is(err, ErrNoLabels) || !strings.Contains(err.Error(), "config.json is left out: line 1: ") {
		t.Errorf("got %v", err)
	}
}
