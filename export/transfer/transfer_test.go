package transfer

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/publish"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/run"
)

// written is a network as a file: resnet-small, which has batch norms, or another.
func written(t *testing.T, preset string, o export.Options) []byte {
	t.Helper()
	m, err := export.Model(networks.Preset(t, preset, 48), o)
	if err != nil {
		t.Fatal(err)
	}
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func settings(t *testing.T) run.Settings {
	s := run.TransferDefaults("made.onnx")
	s.Drawn, s.Threads = 60, 1
	return s
}

// trained is a run from a base, in a folder of its own.
func trained(t *testing.T, s run.Settings, b *run.Base) (*run.Session, run.Folder) {
	t.Helper()
	f := run.Folder{Dir: filepath.Join(t.TempDir(), "run")}
	session, err := run.Open(context.Background(), s, run.Options{Dir: f.Dir, Base: b})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	if _, err := session.Train(context.Background()); err != nil {
		t.Fatal(err)
	}
	return session, f
}

// TestATrainingLeavesItsBaseAlone: each of several trainings, of folds and of learning
// curves, starts from the network as it is in the file.
func TestATrainingLeavesItsBaseAlone(t *testing.T) {
	b, err := Base(Source{Name: "made", File: written(t, "resnet-small", export.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	b.Check = nil // it needs onnxruntime
	weights := func() model.Weights {
		_, w, _, err := b.Replace([]string{"a", "b"}, 1)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	before := weights().Clone()
	s := settings(t)
	s.Freeze, s.Drawn = run.FreezeNone, 40
	session, err := run.Open(t.Context(), s, run.Options{Base: b})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for batch, err := range session.Training.Batches(t.Context(), 0) {
		if err == nil {
			_, err = session.Network.Step(t.Context(), batch, 0.1)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, w := range weights() {
		if !slices.Equal(w.Data, before[name].Data) {
			t.Errorf("%s: a step of a training changed the weights that the next one starts from", name)
		}
	}
}

// TestAHeadIsFittedExportedAndVerified: a file becomes the base of a run, whose
// network becomes a file that computes what was trained.
func TestAHeadIsFittedExportedAndVerified(t *testing.T) {
	onnxruntime.Need(t)
	b, err := Base(Source{Name: "made", File: written(t, "resnet-small", export.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	session, f := trained(t, settings(t), b)
	if session.Settings.Freeze != run.FreezeAll || session.Settings.Epochs != 1 {
		t.Errorf("12 images a class: freezes %q for %d epochs, want all and 1", session.Settings.Freeze, session.Settings.Epochs)
	}
	h := session.Head
	if h == nil || !h.Refitted || h.Images != 60 || !(h.Penalty > 0) {
		t.Fatalf("the head was fitted as %+v", h)
	}
	run, err := f.Trained("best")
	if err != nil {
		t.Fatal(err)
	}
	r, err := publish.Run(context.Background(), run, filepath.Join(t.TempDir(), "m.onnx"), publish.Options{})
	if err != nil || !r.Verified.OK {
		t.Errorf("exported: %+v, %v", r, err)
	}
	photos, _, err := run.Photos(context.Background(), "", data.Train, 0)
	if err != nil || len(photos) != 50 {
		t.Errorf("%d training images, %v", len(photos), err)
	}
}

// TestTuningKeepsTheFrozenPart: with --freeze NODE nothing up to it changes, and what
// follows does.
func TestTuningKeepsTheFrozenPart(t *testing.T) {
	onnxruntime.Need(t)
	file := written(t, "resnet-small", export.Options{})
	b, err := Base(Source{Name: "made", File: file})
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	s := settings(t)
	s.Freeze, s.Epochs = "stage2_1_add1", 2
	_, f := trained(t, s, b)
	last, err := f.Trained(run.Last) // the best may be the head alone
	if err != nil {
		t.Fatal(err)
	}
	w := last.Checkpoint.Weights
	for name, same := range map[string]bool{
		"conv1.weight": true, "stage2_1_conv1.weight": true, "stage4_1_conv1.weight": false} {
		was, err := m.Graph.Initializer(name).Tensor()
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(was.Data, w[name].Data) != same {
			t.Errorf("%s: unchanged %t, want %t", name, !same, same)
		}
	}
}

// TestAFileThatIsReadWrongIsNoticed: the file answers something else than the network
// that was made of it.
func TestAFileThatIsReadWrongIsNoticed(t *testing.T) {
	onnxruntime.Need(t)
	bare := written(t, "tiny", export.Options{Input: export.Float})
	src := Source{Name: "made", File: bare}
	b, err := Base(src)
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]uint8, 4*48*48*3)
	for i := range pixels {
		pixels[i] = uint8(i * 7)
	}
	if err := b.Check(context.Background(), pixels, 4); err != nil {
		t.Errorf("read as it is: %v", err)
	}
	n, err := read(bare, 0)
	if err != nil {
		t.Fatal(err)
	}
	n.Weights["conv1.weight"].Data[3] += 0.5
	c := &checker{src: src, network: n}
	var wrong *MismatchError
	if err := c.check(context.Background(), pixels, 4); !errors.As(err, &wrong) || wrong.MaxRel < tolerance {
		t.Errorf("with a changed weight: %v", err)
	}
}

// TestAFileOfOthersNeedsItsNormalisation: of one number, or one a channel.
func TestAFileOfOthersNeedsItsNormalisation(t *testing.T) {
	onnxruntime.Need(t)
	m, err := onnx.Decode(written(t, "resnet-small", export.Options{Input: export.Float}))
	if err != nil {
		t.Fatal(err)
	}
	m.Metadata = nil // as another program's
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	src := Source{Name: "other", File: file}
	if _, err := Base(src); !errors.Is(err, ErrNotNormalised) {
		t.Errorf("without one: got %v", err)
	}
	own := Source{Name: "ours", File: written(t, "resnet-small", export.Options{}), Std: [3]float64{1, 1, 1}}
	if _, err := Base(own); !errors.Is(err, ErrNormalised) {
		t.Errorf("for a file that says it: got %v", err)
	}
	pixels := make([]uint8, 3*48*48*3)
	for i := range pixels {
		pixels[i] = uint8(i * 11)
	}
	for _, mean := range [][3]float64{{127, 127, 127}, {123.7, 116.3, 103.5}} {
		src.Mean, src.Std = mean, [3]float64{128, 128, 128}
		if mean[0] != mean[1] {
			src.Std = [3]float64{58.4, 57.1, 57.4}
		}
		b, err := Base(src)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Check(context.Background(), pixels, 3); err != nil {
			t.Errorf("mean %v: %v", mean, err)
		}
	}
}

func TestFilesThatAreNoBase(t *testing.T) {
	if _, err := Base(Source{Name: "x.onnx", File: []byte("no model")}); err == nil || !strings.HasPrefix(err.Error(), "x.onnx: ") {
		t.Errorf("got %v", err)
	}
}

// TestTheBuiltinModelIsReadAsItComputes: commands start from it without comparing it.
func TestTheBuiltinModelIsReadAsItComputes(t *testing.T) {
	onnxruntime.Need(t)
	b, err := Base(Source{Name: "builtin", File: infer.Builtin()})
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]uint8, 2*3*b.Size*b.Size)
	for i := range pixels {
		pixels[i] = uint8(i * 7 >> 3)
	}
	if err := b.Check(t.Context(), pixels, 2); err != nil {
		t.Error(err)
	}
}
