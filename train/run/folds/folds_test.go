package folds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/tensorboard"
)

func settings(t *testing.T, drawn int) run.Settings {
	t.Helper()
	s := run.Defaults()
	s.Arch, s.Size, s.Drawn, s.Epochs, s.Batch, s.Folds, s.Threads = "tiny", 32, drawn, 3, 8, 3, 1
	s, err := s.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// watch ends the process, as it were, in an epoch of a fold.
type watch struct {
	stop         func()
	fold, epoch  int
	at           int // the fold under way
	trained, had []int
}

func (w *watch) Progress(p train.Progress) {
	if w.at == w.fold && p.Epoch == w.epoch && p.Step > 1 {
		w.stop()
	}
}
func (w *watch) EpochDone(train.Epoch, bool) {}
func (w *watch) Warn(string)                 {}
func (w *watch) Reading(int, int)            {}
func (w *watch) Opened(fold int, s *run.Session, again bool) error {
	w.at = fold
	w.trained = append(w.trained, fold)
	return nil
}
func (w *watch) Done(f *Fold, before bool) {
	if before {
		w.had = append(w.had, f.Fold)
	}
}

// figures are folds.json without times and folders.
func figures(t *testing.T, dir string) (r Result) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, run.FoldsFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	r.Run, r.Seconds = "", 0
	for _, f := range r.Folds {
		f.Run, f.Seconds = "", 0
	}
	return r
}

func weights(t *testing.T, dir string, fold int) any {
	t.Helper()
	c, err := run.Folder{Dir: dir}.Fold(fold).Checkpoint(run.Best)
	if err != nil {
		t.Fatal(err)
	}
	return c.Weights
}

// TestACrossValidationIsRefusedWhereAnotherIsAtWork: the folder's lease is for those of all folds.
func TestACrossValidationIsRefusedWhereAnotherIsAtWork(t *testing.T) {
	f := run.Folder{Dir: filepath.Join(t.TempDir(), "cv")}
	l, err := f.Hold()
	if err != nil {
		t.Fatal(err)
	}
	s := settings(t, 60)
	s.Epochs = 1
	var busy *run.BusyError
	if _, err := Run(t.Context(), s, run.Options{Dir: f.Dir}, false, nil); !errors.As(err, &busy) || busy.Dir != f.Dir {
		t.Errorf("got %v, want that another is at work", err)
	}
	if f.Exists() || f.Fold(1).Exists() {
		t.Error("it wrote into the folder of the other")
	}
	if _, err := Run(t.Context(), s, run.Options{Dir: f.Dir, Lease: l}, false, nil); err != nil {
		t.Errorf("with the lease: got %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// TestACrossValidationThatWasStoppedGoesOn: what is finished is not done again, and the
// end is the same.
func TestACrossValidationThatWasStoppedGoesOn(t *testing.T) {
	s, whole, parts := settings(t, 60), t.TempDir(), t.TempDir()
	r, err := Run(t.Context(), s, run.Options{Dir: whole}, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.N != 60 || len(r.Folds) != 3 || r.Matrix.N() != 60 || r.Interval[0] >= r.Accuracy {
		t.Errorf("got %+v, want every image tested on once", r)
	}
	images, right := 0, 0.0
	for _, b := range r.Calibration.Bins {
		images, right = images+b.N, right+float64(b.N)*b.Accuracy
	}
	if images != 60 || math.Abs(right/60-r.Accuracy) > 1e-9 || r.Calibration.ECE <= 0 {
		t.Errorf("got the calibration %+v, want that of 60 images, %g of them right", r.Calibration, r.Accuracy)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := &watch{stop: cancel, fold: 2, epoch: 2}
	o := run.Options{Dir: parts, TensorBoard: filepath.Join(parts, run.TensorBoardDir)}
	if _, err := Run(ctx, s, o, false, w); !errors.Is(err, context.Canceled) ||
		!strings.HasPrefix(err.Error(), "fold 2: ") {
		t.Fatalf("stopped: got %v", err)
	}
	w = &watch{stop: func() {}}
	if _, err := Run(t.Context(), s, o, true, w); err != nil {
		t.Fatal(err)
	}
	for fold := 1; fold <= 3; fold++ { // TensorBoard shows each as a run
		dir := filepath.Join(o.TensorBoard, fmt.Sprintf("fold-%d", fold))
		if last, _, err := tensorboard.LastStep(dir, "epoch/val_accuracy"); err != nil || last != 3 {
			t.Errorf("fold %d has events of %d epochs, %v, want 3", fold, last, err)
		}
	}
	if !reflect.DeepEqual(w.had, []int{1}) || !reflect.DeepEqual(w.trained, []int{2, 3}) {
		t.Errorf("going on, it had folds %v and trained %v, want 1, and 2 and 3", w.had, w.trained)
	}
	if a, b := figures(t, whole), figures(t, parts); !reflect.DeepEqual(a, b) {
		t.Errorf("got %+v, want %+v", b, a)
	}
	for fold := 1; fold <= 3; fold++ {
		if !reflect.DeepEqual(weights(t, whole, fold), weights(t, parts, fold)) {
			t.Errorf("fold %d has other weights", fold)
		}
	}
	for _, name := range []string{run.FoldsTable, train.ReportFile, train.ConfigFile} {
		if _, err := os.Stat(filepath.Join(parts, name)); err != nil {
			t.Error(err)
		}
	}

	// Other settings, and other images, are refused.
	s.Epochs = 9
	var wrong *run.SettingError
	if _, err := Run(t.Context(), s, run.Options{Dir: parts}, true, nil); !errors.As(err, &wrong) ||
		wrong.Fields[0] != "epochs" {
		t.Errorf("with other epochs: got %v", err)
	}
	other := settings(t, 61)
	if err := train.WriteJSON(filepath.Join(parts, train.ConfigFile), other); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), other, run.Options{Dir: parts}, true, nil); err == nil ||
		!strings.Contains(err.Error(), "was trained on other images") {
		t.Errorf("with other images: got %v", err)
	}
}

// TestNoFolderIsLeftWhereImagesAreTooFew: and one with another run in it keeps that.
func TestNoFolderIsLeftWhereImagesAreTooFew(t *testing.T) {
	s := settings(t, 10)
	dir := filepath.Join(t.TempDir(), "cv")
	_, err := Run(t.Context(), s, run.Options{Dir: dir}, false, nil)
	if err == nil || !strings.Contains(err.Error(), "want at least 3, for 3 folds") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
}

func TestANewCrossValidationKeepsNothingOfTheOneBefore(t *testing.T) {
	dir := t.TempDir()
	old := run.Folder{Dir: dir}.Fold(7)
	if err := os.MkdirAll(old.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{old.ConfigPath(), old.File("notes.txt")} {
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := settings(t, 30)
	s.Epochs, s.Folds = 1, 2
	if _, err := Run(t.Context(), s, run.Options{Dir: dir}, false, nil); err != nil {
		t.Fatal(err)
	}
	if old.Exists() {
		t.Error("a training of the one before is there")
	}
	if _, err := os.Stat(old.File("notes.txt")); err != nil {
		t.Error("a file that was no run's is gone")
	}
	if _, err := (run.Folder{Dir: dir}).Own(t.Context(), data.Test); err == nil {
		t.Error("a cross-validation has images of a part")
	}
}
