package run

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/features"
	"github.com/flowerctl/flowerctl/train/model"
)

// colours is an extractor without onnxruntime: the mean of each channel in each of 64
// parts of the image.
type colours struct {
	images *int
	after  int // images after which it fails; 0: never
}

var errLost = errors.New("the extractor is lost")

const parts = 8 * 8 * 3

func (c colours) Extract(_ context.Context, pixels []uint8, n int) ([]float32, error) {
	if *c.images += n; c.after > 0 && *c.images > c.after {
		return nil, errLost
	}
	out := make([]float32, n*parts)
	per := len(pixels) / n
	side := int(math.Sqrt(float64(per / 3)))
	for i, v := range pixels {
		x, y := i%per/3%side, i%per/3/side
		out[i/per*parts+(y*8/side*8+x*8/side)*3+i%3] += 64 * (float32(v)/255 - 0.5) / float32(side*side)
	}
	return out, nil
}

func (c colours) Engine() string { return "Go" }
func (c colours) Close() error   { return nil }

// onColours are the options of a run on them, whose images are counted.
func onColours(t *testing.T, after int) (Options, *int) {
	t.Helper()
	file := []byte("an extractor's file")
	sum := sha256.Sum256(file)
	n := new(int)
	return Options{Dir: filepath.Join(t.TempDir(), "run"),
		Base: &Base{Name: "colours", Size: 32, Extractor: &Extractor{File: file, Said: "192 features an image",
			Node: model.Node{Name: "extractor", Op: model.Extract, Inputs: []string{model.InputName}, Units: parts,
				File: &model.File{SHA256: hex.EncodeToString(sum[:]), Parameters: 7, FLOPs: 9, Of: "colours"}}}},
		Frozen: Frozen{Open: func(got []byte) (FeatureEngine, error) {
			if !bytes.Equal(got, file) {
				return nil, errors.New("another file")
			}
			return colours{n, after}, nil
		}, Cache: features.Cache{Dir: t.TempDir(), Limit: features.DefaultLimit}},
	}, n
}

func colourSettings(hidden int) Settings {
	s := FrozenDefaults("colours.onnx", hidden)
	s.Drawn, s.Threads, s.Test = 100, 1, 0.2
	if hidden > 0 {
		s.Epochs = 20
	}
	return s
}

// frozenRun trains, and closes the session.
func frozenRun(t *testing.T, s Settings, o Options) (*Session, []train.Epoch, error) {
	t.Helper()
	session, err := Open(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	outcome, err := session.Train(t.Context())
	if err != nil {
		return session, nil, err
	}
	return session, outcome.History, nil
}

// TestHeadsLearnFromFeatures, and what was computed for one run another one finds.
func TestHeadsLearnFromFeatures(t *testing.T) {
	o, images := onColours(t, 0)
	session, epochs, err := frozenRun(t, colourSettings(0), o)
	if err != nil || epochs[0].Accuracy < 0.5 {
		t.Errorf("linear: %+v, %v", epochs, err)
	}
	// Those of training and of validation in a mirror too, and those of the test.
	if want := 2*(session.Training.Len()+session.Validation.Len()) + session.Test.Len(); *images != want {
		t.Errorf("%d images were computed, want %d", *images, want)
	}
	if h := session.Head; h == nil || !h.Refitted || h.Images != session.Training.Len()+session.Validation.Len() || len(h.Tried) < 2 {
		t.Errorf("the head is %+v", h)
	}
	*images = 0
	o.Dir = filepath.Join(t.TempDir(), "hidden")
	if _, epochs, err = frozenRun(t, colourSettings(12), o); err != nil || epochs[19].Loss > 0.9*epochs[0].Loss {
		t.Errorf("hidden: %+v, %v", epochs, err)
	}
	if *images != 0 {
		t.Errorf("%d images were computed again", *images)
	}
	f := Folder{o.Dir}
	record, err := f.Record()
	if err != nil || len(record.History) != 20 {
		t.Fatalf("%+v, %v", record, err)
	}
	a, err := f.Answerer(Best, 1, o.Frozen)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	trained, err := f.Trained(Best)
	if err != nil || trained.Calibration == nil {
		t.Fatalf("calibration %v, %v", trained, err)
	}
	photos, _, err := trained.Photos(t.Context(), "", data.Train, 4)
	if err != nil {
		t.Fatal(err)
	}
	img, err := photos[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if p, err := a.Probabilities(t.Context(), []imageprep.Image{img}); err != nil || len(p) != 5 {
		t.Errorf("%v, %v", p, err)
	}
	if _, err := f.Answerer(Best, 1, Frozen{}); !errors.Is(err, ErrNoEngine) {
		t.Errorf("without an engine: %v", err)
	}
}

// TestFillingGoesOnWhereItStopped: what was computed before an error is not computed
// again, and the run is the same as one that never stopped.
func TestFillingGoesOnWhereItStopped(t *testing.T) {
	o, images := onColours(t, 70)
	dir := o.Dir
	if _, _, err := frozenRun(t, colourSettings(0), o); !errors.Is(err, errLost) {
		t.Fatalf("got %v", err)
	}
	again, whole := onColours(t, 0)
	again.Frozen.Cache = o.Frozen.Cache
	again.Dir = dir
	if _, _, err := frozenRun(t, colourSettings(0), again); err != nil {
		t.Fatal(err)
	}
	*images = *whole
	other, all := onColours(t, 0)
	if _, _, err := frozenRun(t, colourSettings(0), other); err != nil {
		t.Fatal(err)
	}
	if *images != *all-64 {
		t.Errorf("%d were computed after 64 of %d", *images, *all)
	}
	for _, name := range []string{"best.ckpt", "history.csv"} {
		a, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(other.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "best.ckpt" && !bytes.Equal(a, b) {
			t.Errorf("%s is another one", name)
		}
	}
}

// TestAFittedHeadIsFittedAgain: it has no epochs that more would go on from.
func TestAFittedHeadIsFittedAgain(t *testing.T) {
	o, _ := onColours(t, 0)
	if _, _, err := frozenRun(t, colourSettings(0), o); err != nil {
		t.Fatal(err)
	}
	f := Folder{o.Dir}
	s, err := f.Settings()
	if err != nil {
		t.Fatal(err)
	}
	if o.Resume, err = f.Resume(); err != nil {
		t.Fatal(err)
	}
	o.Base = nil
	if said := described(t, s, o); strings.Contains(said, "more --epochs") {
		t.Errorf("said %s", said)
	}
}

// TestAHiddenLayerGoesOn from its last step, with the extractor of its folder.
func TestAHiddenLayerGoesOn(t *testing.T) {
	o, _ := onColours(t, 0)
	s := colourSettings(5)
	s.Schedule = "constant"
	whole := o
	whole.Dir = filepath.Join(t.TempDir(), "whole")
	s.Epochs = 4
	if _, _, err := frozenRun(t, s, whole); err != nil {
		t.Fatal(err)
	}
	s.Epochs = 2
	if _, _, err := frozenRun(t, s, o); err != nil {
		t.Fatal(err)
	}
	f := Folder{o.Dir}
	resumed := o
	resumed.Base = nil
	var err error
	if resumed.Resume, err = f.Resume(); err != nil {
		t.Fatal(err)
	}
	settings, err := f.Settings()
	if err != nil {
		t.Fatal(err)
	}
	settings.Epochs = 4
	if _, _, err := frozenRun(t, settings, resumed); err != nil {
		t.Fatal(err)
	}
	a, err := f.Checkpoint(Last)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Folder{whole.Dir}.Checkpoint(Last)
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range b.Weights {
		for i, v := range w.Data {
			if a.Weights[name].Data[i] != v {
				t.Fatalf("%s: value %d is %g, want %g", name, i, a.Weights[name].Data[i], v)
			}
		}
	}
	if err := os.WriteFile(f.path(ExtractorFile), []byte("another"), 0o666); err != nil {
		t.Fatal(err)
	}
	var changed *ExtractorError
	if _, err := f.Trained(Best); !errors.As(err, &changed) || !strings.Contains(changed.Error(), "not the file that the run was trained with") {
		t.Errorf("another extractor: %v", err)
	}
}

// TestViewsAreThoseOfThePolicy, and the same in every run.
func TestViewsAreThoseOfThePolicy(t *testing.T) {
	for augment, want := range map[string]int{"none": 1, "flip": 2, "flip,crop=0.5": 4} {
		o, images := onColours(t, 0)
		s := colourSettings(0)
		s.Augment = augment
		session, _, err := frozenRun(t, s, o)
		if err != nil {
			t.Fatal(err)
		}
		if n := want*(session.Training.Len()+session.Validation.Len()) + session.Test.Len(); *images != n {
			t.Errorf("%s: %d images were computed, want %d", augment, *images, n)
		}
		*images = 0
		s.Seed, o.Dir = 1, filepath.Join(t.TempDir(), "again")
		if _, _, err := frozenRun(t, s, o); err != nil || *images != 0 {
			t.Errorf("%s: %d images are other ones in another run, %v", augment, *images, err)
		}
	}
}

// TestSettingsOfFeaturesAreChecked before any image is read.
func TestSettingsOfFeaturesAreChecked(t *testing.T) {
	for want, change := range map[string]func(s *Settings){
		"hidden: got -1":           func(s *Settings) { s.Hidden = -1 },
		"views: got 65":            func(s *Settings) { s.Views = 65 },
		"nothing varies":           func(s *Settings) { s.Views, s.Augment = 2, "none" },
		"mixes images":             func(s *Settings) { s.Augment = "mixup=0.2" },
		"freeze: got":              func(s *Settings) { s.Freeze = "auto" },
		"class-weights: a linear":  func(s *Settings) { s.Classes = "balanced" },
		"ema: a head":              func(s *Settings) { s.EMA = 0.9 },
		"extractor: got \"torch\"": func(s *Settings) { s.Extractor = "torch" },
		"cut: goes with features":  func(s *Settings) { s.Extractor, s.Cut = "", "x" },
	} {
		s := colourSettings(0)
		s.Size = 32
		change(&s)
		if _, err := s.Resolve(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
