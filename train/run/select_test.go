package run

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
)

func TestWaysToDivideThatContradictEachOtherNameTheirFields(t *testing.T) {
	for field, change := range map[string]func(*Settings){
		"folds":       func(s *Settings) { s.Folds = 1 },
		"fold":        func(s *Settings) { s.Folds, s.Fold = 3, 4 },
		"classes-per": func(s *Settings) { s.ClassesPer = -1 },
		"left-out":    func(s *Settings) { s.LeftOut = "val" },
	} {
		s := Defaults()
		change(&s)
		_, err := s.Resolve()
		var wrong *SettingError
		if !errors.As(err, &wrong) || wrong.Fields[0] != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	s := Defaults()
	s.Folds, s.Test = 3, 0.1
	if _, err := s.Resolve(); err == nil || !strings.HasPrefix(err.Error(), "folds, test: ") {
		t.Errorf("folds and a test part: got %v", err)
	}
	s.Test = 0
	if _, err := Open(t.Context(), s, Options{}); err == nil || !strings.HasPrefix(err.Error(), "fold: ") {
		t.Errorf("a session of all folds: got %v", err)
	}
}

// small are settings of a training of a moment.
func small() Settings {
	s := Defaults()
	s.Arch, s.Size, s.Drawn, s.Epochs, s.Batch, s.Threads = "tiny", 32, 60, 2, 8, 1
	return s
}

// TestNothingIsChosenByTheTestPart: without it, weights and temperature are the same.
func TestNothingIsChosenByTheTestPart(t *testing.T) {
	var results [2]any
	for i := range results {
		s := small()
		s.Test = 0.2
		f := Folder{filepath.Join(t.TempDir(), "run")}
		session, err := Open(t.Context(), s, Options{Dir: f.Dir})
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			session.Test = nil
		}
		_, err = session.Train(t.Context())
		if err := errors.Join(err, session.Close()); err != nil {
			t.Fatal(err)
		}
		trained, err := f.Trained(Best)
		if err != nil {
			t.Fatal(err)
		}
		results[i] = []any{trained.Checkpoint.Weights, trained.Calibration.Temperature, trained.Calibration.Coverage}
	}
	if !reflect.DeepEqual(results[0], results[1]) {
		t.Error("the test part changes the result")
	}
}

func TestARunsOwnImagesAreThoseOfItsTestPart(t *testing.T) {
	photos := filepath.Join(t.TempDir(), "photos")
	if err := data.DrawFolder(t.Context(), photos, data.DrawOptions{Count: 6, Size: 40, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	ran := func(change func(*Settings)) Folder {
		s := small()
		s.Epochs = 1
		change(&s)
		f := Folder{filepath.Join(t.TempDir(), "run")}
		trainIn(t, s, f)
		return f
	}
	tested := ran(func(s *Settings) { s.Data, s.Test = photos, 0.2 })
	own, err := tested.Own(t.Context(), "")
	if err != nil || own.Part != data.Test || len(own.Images) != 5 || own.Fitted {
		t.Fatalf("got %+v, %v, want the test part", own, err)
	}
	drawn := ran(func(s *Settings) {})
	own2, err := drawn.Own(t.Context(), "")
	if err != nil || own2.Part != data.Val || len(own2.Images[0].Data) == 0 || own2.Fitted {
		t.Errorf("without a test part: got %+v, %v", own2, err)
	}
	if own2, err = drawn.Own(t.Context(), data.Train); err != nil || !own2.Fitted {
		t.Errorf("of the training part: got %+v, %v", own2, err)
	}
	for hidden, want := range map[int]bool{0: true, 12: false} {
		s, err := drawn.Settings()
		if err != nil {
			t.Fatal(err)
		}
		s.From, s.Hidden = "builtin", hidden
		if err := train.WriteJSON(drawn.ConfigPath(), s); err != nil {
			t.Fatal(err)
		}
		if own2, err = drawn.Own(t.Context(), data.Val); err != nil || own2.Fitted != want {
			t.Errorf("a head after %d units: got %+v, %v, want fitted: %t", hidden, own2, err, want)
		}
	}
	if err := os.WriteFile(own.Images[2].File, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = tested.Own(t.Context(), ""); err == nil || !strings.Contains(err.Error(), own.Images[2].File+" is not the image") {
		t.Errorf("a file that changed: got %v", err)
	}
	if err := os.RemoveAll(photos); err != nil {
		t.Fatal(err)
	}
	var gone *NoImagesError
	if _, err = tested.Own(t.Context(), ""); !errors.As(err, &gone) {
		t.Errorf("a folder that is gone: got %v", err)
	}
}

func trainIn(t *testing.T, s Settings, f Folder) {
	t.Helper()
	session, err := Open(t.Context(), s, Options{Dir: f.Dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = session.Train(t.Context())
	if err := errors.Join(err, session.Close()); err != nil {
		t.Fatal(err)
	}
}

// known is a network of drawn flowers to start from, and how often it was asked for.
func known(t *testing.T, asked *int) *Base {
	t.Helper()
	s := small()
	s.Drawn, s.Epochs = 200, 4
	session, err := Open(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = session.Train(t.Context())
	spec, weights := session.Spec, session.Network.Weights().Clone()
	if err := errors.Join(err, session.Close()); err != nil {
		t.Fatal(err)
	}
	return &Base{Name: "known", Size: 32,
		Replace: func([]string, uint64) (model.Spec, model.Weights, int, error) { return spec, weights.Clone(), 0, nil },
		Check:   func(context.Context, []uint8, int) error { *asked++; return nil }}
}

// TestALearningCurveOfHeads: more images, fewer mistakes; the same again.
func TestALearningCurveOfHeads(t *testing.T) {
	asked := 0
	base := known(t, &asked)
	s := TransferDefaults("known")
	s.Drawn, s.Seed, s.Threads = 200, 5, 1
	o := CurveOptions{Sizes: []int{2, 4, 16, 1000}, Draws: 3}
	c, err := Curve(t.Context(), s, Options{Base: base}, o)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Head || c.HeldOut != 40 || c.Smallest != 32 || asked != 1 || !reflect.DeepEqual(c.LeftOut, []int{1000}) {
		t.Errorf("got %+v, checked %d times, want heads judged by 40 images, 1000 left out", c, asked)
	}
	if len(c.Points) != 3 || len(c.Points[0].Accuracies) != 3 || !(c.Points[2].Mean > c.Points[0].Mean) || !(c.Points[2].Mean > 0.4) {
		t.Errorf("got %+v, want a curve that rises", c.Points)
	}
	again, err := Curve(t.Context(), s, Options{Base: base}, o)
	if err != nil || !reflect.DeepEqual(c, again) {
		t.Errorf("again: got %+v, %v, want %+v", again, err, c)
	}
}

func TestALearningCurveOfWholeTrainings(t *testing.T) {
	s := small()
	s.Epochs = 1
	dir := t.TempDir()
	c, err := Curve(t.Context(), s, Options{Dir: filepath.Join(dir, "none")}, CurveOptions{Sizes: []int{3, 6}, Draws: 2})
	if err != nil || c.Head || len(c.Points) != 2 {
		t.Fatalf("got %+v, %v", c, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
	if err := c.Save(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "learning-curve.html"))
	if err != nil || !strings.Contains(string(text), "<svg") || !strings.Contains(string(text), c.Advice()) {
		t.Errorf("the page: %v, %.200s", err, text)
	}
	for _, o := range []CurveOptions{{}, {Sizes: []int{4, 2}, Draws: 1}, {Sizes: []int{4}}, {Sizes: []int{50}, Draws: 1}} {
		if _, err := Curve(t.Context(), s, Options{}, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

// TestTwiceTheImages: an error that halves with each fourfold number of images falls to
// 1/sqrt(2) with twice as many.
func TestTwiceTheImages(t *testing.T) {
	c := &LearningCurve{Points: []CurvePoint{{Images: 5, Mean: 0.6}, {Images: 20, Mean: 0.8}, {Images: 80, Mean: 0.9}}}
	twice := c.twice()
	if twice == nil || twice.Images != 160 || math.Abs(twice.Accuracy-(1-0.1/math.Sqrt2)) > 1e-9 {
		t.Errorf("got %+v", twice)
	}
	for _, c := range []*LearningCurve{
		{Points: []CurvePoint{{Images: 5, Mean: 0.6}}},
		{Points: []CurvePoint{{Images: 5, Mean: 0.6}, {Images: 10, Mean: 0.5}}},
		{Points: []CurvePoint{{Images: 5, Mean: 1}, {Images: 10, Mean: 1}}},
	} {
		if twice := c.twice(); twice != nil || c.Advice() == "" {
			t.Errorf("%+v: got %+v, %q, want nothing to expect, and a line that says so", c.Points, twice, c.Advice())
		}
	}
	if _, err := ParseSizes("5,x"); err == nil {
		t.Error("5,x: no error")
	}
	if sizes, err := ParseSizes("20, 5,5"); err != nil || !reflect.DeepEqual(sizes, []int{5, 20}) {
		t.Errorf("got %v, %v", sizes, err)
	}
}

// TestWhatIsChosenByTheNumberOfImagesIsTheSameForAllSeeds: copies stay together, so that
// parts differ by a few images from seed to seed.
func TestWhatIsChosenByTheNumberOfImagesIsTheSameForAllSeeds(t *testing.T) {
	photos := filepath.Join(t.TempDir(), "photos")
	if err := data.DrawFolder(t.Context(), photos, data.DrawOptions{Count: 12, Size: 32, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	classes, err := os.ReadDir(photos)
	if err != nil {
		t.Fatal(err)
	}
	for _, class := range classes {
		files, err := filepath.Glob(filepath.Join(photos, class.Name(), "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files[:5] {
			for _, copied := range []string{"copy-", "again-"} {
				dir, name := filepath.Split(file)
				if err := os.Link(file, filepath.Join(dir, copied+name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	batches, images := map[int]bool{}, map[int]bool{}
	for seed := range uint64(4) {
		s := small()
		s.Data, s.Seed, s.Batch = photos, seed+1, 0
		session, err := Open(t.Context(), s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		batches[session.Settings.Batch] = true
		images[session.Training.Len()] = true
		if err := session.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(batches) != 1 || batches[0] || len(images) < 2 {
		t.Errorf("got batches %v with %v training images, want one with several", batches, images)
	}
}
