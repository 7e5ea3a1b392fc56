package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
)

func TestSettingsThatCannotBeNameTheirField(t *testing.T) {
	for field, change := range map[string]func(*Settings){
		"arch":       func(s *Settings) { s.Arch = "tinny" },
		"augment":    func(s *Settings) { s.Augment = "strongest" },
		"schedule":   func(s *Settings) { s.Schedule = "cosine,warmup=99" },
		"optimizer":  func(s *Settings) { s.Options.Momentum = 0.9 }, // adam has none
		"loss":       func(s *Settings) { s.Loss = "hinge" },
		"monitor":    func(s *Settings) { s.Monitor = "loss" },
		"batch":      func(s *Settings) { s.Batch = -2 },
		"epochs":     func(s *Settings) { s.Epochs = 0 },
		"patience":   func(s *Settings) { s.Patience = -1 },
		"threads":    func(s *Settings) { s.Threads = -1 },
		"lr":         func(s *Settings) { s.LR = -1 },
		"val":        func(s *Settings) { s.Val, s.Test = 0.6, 0.5 },
		"ema":        func(s *Settings) { s.EMA = 1 },
		"size":       func(s *Settings) { s.Size = 2 },
		"drawn":      func(s *Settings) { s.Drawn = 9 },
		"train-size": func(s *Settings) { s.Size, s.TrainSize = 100, 112 },
	} {
		s := Defaults()
		change(&s)
		_, err := s.Resolve()
		var wrong *SettingError
		if !errors.As(err, &wrong) || wrong.Fields[0] != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

// The recipe of the preset for photographs resolves as it is, for its size and others'.
func TestRecipeOfThePresetForPhotographs(t *testing.T) {
	s, err := ArchDefaults("resnet12d", 0, 0).Resolve()
	if err != nil {
		t.Fatal(err)
	}
	if s.Size != 144 || s.TrainSize != 112 || s.Optimizer != "adamw" || s.EMA == 0 ||
		s.Epochs != 110 || s.Schedule != "cosine,warmup=5" {
		t.Errorf("got %+v", s)
	}
	if s, err = ArchDefaults("resnet12d", 72, 1).Resolve(); err != nil || s.TrainSize != 56 || s.Epochs != 1 {
		t.Errorf("at 72 pixels, for one epoch: got %+v, %v", s, err)
	}
	want := Defaults()
	want.Arch = "v7-base"
	if got := ArchDefaults("v7-base", 0, 0); !reflect.DeepEqual(got, want) {
		t.Errorf("another preset has settings of its own: %+v", got)
	}
}

func TestResolvedSettingsStandForNoDefault(t *testing.T) {
	s := Defaults()
	s.Arch, s.Optimizer, s.Data = "v7-augment-1", "sgd", "photos"
	got, err := s.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	if got.Size != 150 || got.LR != 0.01 || got.Augment != "report-1" || got.Drawn != 0 {
		t.Errorf("got %+v", got)
	}
	again, err := got.Resolve()
	if d := Differences(&got, &again); err != nil || len(d) > 0 {
		t.Errorf("resolved again it differs in %v, %v", d, err)
	}
}

func TestANewRunTakesNoFolderOfAnother(t *testing.T) {
	f := Folder{filepath.Join(t.TempDir(), "run")}
	if err := f.Free(); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := os.WriteFile(f.Dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Free(); !errors.Is(err, ErrIsFile) {
		t.Errorf("a file: got %v", err)
	}
	f = Folder{t.TempDir()}
	if err := os.WriteFile(f.ConfigPath(), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Free(); !errors.Is(err, ErrHoldsRun) {
		t.Errorf("a run: got %v", err)
	}
	if found, err := Find(f.Dir); err != nil || found != f {
		t.Errorf("found %v, %v", found, err)
	}
	var none *NoRunError
	_, err := Find(filepath.Join(filepath.Dir(f.Dir), "other"))
	if !errors.As(err, &none) || none.There || !slices.Contains(none.Others, f.Dir) {
		t.Errorf("got %v with %+v", err, none)
	}
}

// TestARunRemovesTheFilesOfTheOneBefore: and nothing else in its folder.
func TestARunRemovesTheFilesOfTheOneBefore(t *testing.T) {
	f := Folder{t.TempDir()}
	for _, name := range []string{train.BestFile, train.ReportFile, "notes.txt"} {
		if err := os.WriteFile(f.path(name), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := Defaults()
	s.Arch, s.Size, s.Drawn, s.Epochs, s.Batch = "tiny", 32, 20, 1, 8
	session, err := Open(context.Background(), s, Options{Dir: f.Dir})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if _, err := os.Stat(f.path(train.BestFile)); err != nil {
		t.Errorf("opening a session touched the folder: %v", err)
	}
	if err := session.begin(f); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{train.BestFile: false, train.ReportFile: false, "notes.txt": true,
		train.ConfigFile: true, train.SplitFile: true} {
		if f.has(name) != want {
			t.Errorf("%s: there %t, want %t", name, f.has(name), want)
		}
	}
}

// TestTrainSizeIsThatOfStepsAlone: training images are cut to it, others are not, and the
// network takes both.
func TestTrainSizeIsThatOfStepsAlone(t *testing.T) {
	s := Defaults()
	s.Arch, s.Size, s.TrainSize, s.Drawn, s.Epochs, s.Batch = "tiny", 32, 24, 20, 1, 8
	session, err := Open(context.Background(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := session.Training.Size(); got != 24 {
		t.Errorf("training images of %d pixels, want 24", got)
	}
	for _, l := range []*data.Loader{session.Validation, session.Measuring} {
		if got := l.Size(); got != 32 {
			t.Errorf("images of %d pixels to validate or measure with, want 32", got)
		}
	}
	if _, err := session.Train(context.Background()); errors.Join(err, session.Close()) != nil {
		t.Error(err)
	}
}

func TestASessionWithoutAFolderWritesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	s := Defaults()
	s.Arch, s.Size, s.Drawn, s.Epochs, s.Batch = "tiny", 32, 20, 1, 8
	session, err := Open(context.Background(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := session.Train(context.Background())
	if err := errors.Join(err, session.Close()); err != nil || len(outcome.History) != 1 {
		t.Fatalf("got %+v, %v", outcome, err)
	}
	left, err := os.ReadDir(".")
	if err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}
