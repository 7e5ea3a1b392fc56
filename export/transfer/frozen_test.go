package transfer

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/publish"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/features"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
	"github.com/flowerctl/flowerctl/train/run"
)

// half is how the transformers take bytes: -1 to 1.
var half = [3]float64{127.5, 127.5, 127.5}

func vitSource(t *testing.T, v networks.ViT) Source {
	t.Helper()
	m := v.Model()
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return Source{Name: "vit.onnx", File: file, Mean: half, Std: half}
}

// opened runs extractors in onnxruntime, and keeps nothing.
func opened() run.Frozen {
	return run.Frozen{Open: func(file []byte) (run.FeatureEngine, error) {
		return OpenExtractor(file, ort.Options{})
	}}
}

// featuresOf are those that a base's file computes of images.
func featuresOf(t *testing.T, b *run.Base, pixels []uint8, n int) []float32 {
	t.Helper()
	x, err := OpenExtractor(b.Extractor.File, ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	got, err := x.Extract(t.Context(), pixels, n)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestEveryFormOfATransformerGivesTheSameFeatures: whatever its operator set, layout and
// number of images, and whether there is a classifier behind the class token.
func TestEveryFormOfATransformerGivesTheSameFeatures(t *testing.T) {
	onnxruntime.Need(t)
	pixels := made(5, 32)
	var first []float32
	for _, v := range []networks.ViT{{}, {Opset: 11}, {Opset: 13, Single: true}, {Single: true}, {Headless: true},
		{Last: true}, {Dims: -1, Opset: 14}, {Opset: 20}} {
		src := vitSource(t, v)
		if v.Dims < 0 {
			src.Size = 32
		}
		b, err := Frozen(t.Context(), src, "", ort.Options{})
		if err != nil {
			t.Errorf("%+v: %v", v, err)
			continue
		}
		if err := b.Check(t.Context(), pixels, 5); err != nil {
			t.Errorf("%+v: %v", v, err)
		}
		wholeBatch := !bytes.Contains(b.Extractor.File, []byte("Scan"))
		if wholeBatch == v.Single || b.Size != 32 || b.Extractor.Node.Units != 8 {
			t.Errorf("%+v: all at once %t, size %d, %d features", v, wholeBatch, b.Size, b.Extractor.Node.Units)
		}
		got := featuresOf(t, b, pixels, 5)
		if first == nil {
			first = got
		}
		shape := []int{5, 8}
		d, err := verify.Compare(onnx.Tensor{Shape: shape, Data: first}, onnx.Tensor{Shape: shape, Data: got})
		if err != nil || d.MaxRel > 1e-5 {
			t.Errorf("%+v: features are %.1e apart, %v", v, d.MaxRel, err)
		}
	}
}

// TestWhatIsTakenIsSaid: the class token, the mean, the cut.
func TestWhatIsTakenIsSaid(t *testing.T) {
	onnxruntime.Need(t)
	for _, one := range []struct {
		v    networks.ViT
		cut  string
		want string
	}{
		{networks.ViT{}, "", "8 features an image: what the classifier classifier (Gemm) reads"},
		{networks.ViT{Headless: true}, "", "8 features an image: output last_hidden_state, the class token, the first of 17"},
		{networks.ViT{}, "tokens", "8 features an image: as --cut says, the mean over 16 tokens"},
		{networks.ViT{}, "patches", "8 features an image: as --cut says, the mean over 4 x 4"},
		{networks.ViT{}, "logits", "7 features an image: as --cut says"},
	} {
		b, err := Frozen(t.Context(), vitSource(t, one.v), one.cut, ort.Options{})
		if err != nil || b.Extractor.Said != one.want {
			t.Errorf("cut %q: %+v, %v, want %q", one.cut, b, err, one.want)
		}
	}
}

// TestFrozenNetworksGiveWhatTheReadOnesDo: the features of a network that can be read
// are those of gorgonia, for files with and without their preprocessing.
func TestFrozenNetworksGiveWhatTheReadOnesDo(t *testing.T) {
	onnxruntime.Need(t)
	pixels := made(3, 48)
	for _, o := range []export.Options{{}, {Input: export.Float}, {Precision: export.FP16Weights}} {
		file := written(t, "resnet-small", o)
		b, err := Frozen(t.Context(), Source{Name: "made", File: file}, "", ort.Options{})
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		n, err := read(file, 0)
		if err != nil {
			t.Fatal(err)
		}
		e, err := engine.Default(1)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		spec, weights, _, err := n.ReplaceHead([]string{"a", "b"}, 1)
		if err != nil {
			t.Fatal(err)
		}
		f, err := nn.NewFeatures(spec, weights, n.Cut, e)
		if err != nil {
			t.Fatal(err)
		}
		want, err := f.Run(t.Context(), pixels, 3)
		if err != nil {
			t.Fatal(err)
		}
		got := featuresOf(t, b, pixels, 3)
		shape := []int{3, len(want) / 3}
		d, err := verify.Compare(onnx.Tensor{Shape: shape, Data: want}, onnx.Tensor{Shape: shape, Data: got})
		if err != nil || d.MaxRel > 1e-4 {
			t.Errorf("%+v: features are %.1e apart, %v", o, d.MaxRel, err)
		}
	}
}

// TestAHeadOnATransformerIsExportedAndVerified: linear and with a hidden layer, of a
// network for many images and for one. The file is the same every time, classifies, and
// is refused once its extractor is another one.
func TestAHeadOnATransformerIsExportedAndVerified(t *testing.T) {
	onnxruntime.Need(t)
	for _, one := range []struct {
		v      networks.ViT
		hidden int
	}{{networks.ViT{}, 0}, {networks.ViT{Opset: 12, Single: true}, 6}} {
		b, err := Frozen(t.Context(), vitSource(t, one.v), "", ort.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := run.FrozenDefaults("vit.onnx", one.hidden)
		s.Drawn, s.Threads = 60, 1
		if one.hidden > 0 {
			s.Epochs = 3
		}
		f := run.Folder{Dir: filepath.Join(t.TempDir(), "run")}
		frozen := opened()
		frozen.Cache = features.Cache{Dir: t.TempDir(), Limit: features.DefaultLimit}
		session, err := run.Open(t.Context(), s, run.Options{Dir: f.Dir, Base: b, Frozen: frozen})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { session.Close() })
		outcome, err := session.Train(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(outcome.History) != s.Epochs {
			t.Errorf("%d epochs, want %d", len(outcome.History), s.Epochs)
		}
		exported(t, f)
	}
}

// exported writes a run's file twice and looks at it.
func exported(t *testing.T, f run.Folder) {
	t.Helper()
	trained, err := f.Trained(run.Best)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.onnx")
	for _, o := range []export.Options{{}, {Precision: export.FP16Weights}, {Input: export.Float}} {
		r, err := publish.Run(t.Context(), trained, path, publish.Options{Export: o})
		if err != nil || !r.Verified.OK {
			t.Fatalf("%+v: %+v, %v", o, r, err)
		}
		if p := r.Verified.Parts; len(p) != 3 || p[1].Name != "extractor" || !strings.Contains(p[1].Reference, "onnxruntime") {
			t.Errorf("parts %+v", p)
		}
	}
	o := export.Options{Temperature: trained.Calibration.Temperature}
	m, err := export.Model(trained.Checkpoint, o)
	if err != nil {
		t.Fatal(err)
	}
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := export.Model(trained.Checkpoint, o)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := again.Encode(); err != nil || !bytes.Equal(file, same) {
		t.Errorf("exported again the file is another one, %v", err)
	}
	if _, err := export.Model(trained.Checkpoint, export.Options{Precision: export.INT8}); !errors.Is(err, export.ErrExtractor) {
		t.Errorf("as int8: got %v", err)
	}
	answers(t, file, trained)
	changed := trained.Checkpoint
	w := m.Graph.Initializer("extractor/patches.weight")
	w.Raw = slices.Clone(w.Raw)
	w.Raw[3] ^= 1
	if file, err = m.Encode(); err != nil {
		t.Fatal(err)
	}
	photos, source, err := trained.Photos(t.Context(), "", data.Val, 4)
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.File(t.Context(), file, changed, verify.Options{Photos: photos, Source: source, Layers: true})
	if err != nil || r.OK || !strings.Contains(r.Problems[0], "weight extractor/patches.weight of the extractor is not that of the run") {
		t.Errorf("with a weight of the extractor changed: %+v, %v", r, err)
	}
}

// answers opens the file as any other.
func answers(t *testing.T, file []byte, trained *run.Trained) {
	t.Helper()
	c, err := infer.New(file, infer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	photos, _, err := trained.Photos(t.Context(), "", data.Val, 3)
	if err != nil {
		t.Fatal(err)
	}
	a, err := trained.Answerer(run.Best, 1, opened())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, p := range photos {
		img, err := p.Open()
		if err != nil {
			t.Fatal(err)
		}
		compareAnswers(t, c, a, img)
	}
}
