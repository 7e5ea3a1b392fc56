package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/tensorboard"
)

// stopAt cancels a training after a step.
type stopAt struct {
	epoch, step int
	cancel      func()
	warned      []string
}

func (s *stopAt) Reading(int, int)            {}
func (s *stopAt) EpochDone(train.Epoch, bool) {}
func (s *stopAt) Warn(text string)            { s.warned = append(s.warned, text) }
func (s *stopAt) Progress(p train.Progress) {
	if s.cancel != nil && !p.Validating && p.Epoch == s.epoch && p.Step == s.step {
		s.cancel()
	}
}

// shown is what TensorBoard shows of a folder: values by tag and step, without those that
// a restart made it forget.
func shown(t *testing.T, dir string) map[string]map[int64]float64 {
	t.Helper()
	tags := map[string]map[int64]float64{}
	err := tensorboard.Read(dir, func(e tensorboard.Event) {
		for _, steps := range tags {
			for step := range steps {
				if e.Restart && step >= e.Step {
					delete(steps, step)
				}
			}
		}
		for _, s := range e.Scalars {
			if tags[s.Tag] == nil {
				tags[s.Tag] = map[int64]float64{}
			}
			if _, twice := tags[s.Tag][e.Step]; twice {
				t.Errorf("%s of step %d is there twice", s.Tag, e.Step)
			}
			tags[s.Tag][e.Step] = s.Value
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return tags
}

func drawnSettings(t *testing.T, epochs int) Settings {
	t.Helper()
	s := Defaults()
	s.Arch, s.Size, s.Drawn, s.Epochs, s.Batch, s.Threads = "tiny", 32, 50, epochs, 8, 1
	s, err := s.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// trained trains until done, or until the observer stops it.
func trained(t *testing.T, s Settings, o Options, stop *stopAt) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if stop.epoch > 0 {
		stop.cancel = cancel
	}
	o.Observer = stop
	session, err := Open(ctx, s, o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = session.Train(ctx)
	if err := errors.Join(err, session.Close()); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// TestTensorBoardShowsTheHistory: of a run that was stopped within an epoch and went on
// once without events, each epoch and step is there once, with the history's values.
func TestTensorBoardShowsTheHistory(t *testing.T) {
	f := Folder{filepath.Join(t.TempDir(), "a")}
	o := Options{Dir: f.Dir, TensorBoard: f.File(TensorBoardDir)}
	again := func(epochs int, with bool, stop *stopAt) {
		t.Helper()
		s, err := f.Settings()
		if err != nil {
			t.Fatal(err)
		}
		s.Epochs = epochs
		o := o
		if o.Resume, err = f.Resume(); err != nil {
			t.Fatal(err)
		}
		if !with {
			o.TensorBoard = ""
		}
		trained(t, s, o, stop)
	}
	trained(t, drawnSettings(t, 3), o, &stopAt{epoch: 2, step: 3})
	again(3, false, &stopAt{epoch: 3, step: 2})
	again(4, true, new(stopAt))
	record, err := f.Record()
	if err != nil {
		t.Fatal(err)
	}
	tags := shown(t, o.TensorBoard)
	for tag, value := range map[string]func(train.Epoch) float64{
		"loss":              func(e train.Epoch) float64 { return e.Loss },
		"accuracy":          func(e train.Epoch) float64 { return e.Accuracy },
		"val_loss":          func(e train.Epoch) float64 { return e.ValLoss },
		"val_accuracy":      func(e train.Epoch) float64 { return e.ValAccuracy },
		"lr":                func(e train.Epoch) float64 { return e.LearningRate },
		"images_per_second": func(e train.Epoch) float64 { return e.ImagesPerSecond },
	} {
		got := tags["epoch/"+tag]
		if len(got) != 4 || len(record.History) != 4 {
			t.Fatalf("%s: got %d epochs of %d, want 4", tag, len(got), len(record.History))
		}
		for _, e := range record.History {
			want := value(e)
			if tag == "images_per_second" { // the history has one decimal
				if d := got[int64(e.Epoch)] - want; d > 0.1 || d < -0.1 {
					t.Errorf("epoch %d: %s: got %g, want %g", e.Epoch, tag, got[int64(e.Epoch)], want)
				}
			} else if got[int64(e.Epoch)] != float64(float32(want)) {
				t.Errorf("epoch %d: %s: got %g, want %g", e.Epoch, tag, got[int64(e.Epoch)], want)
			}
		}
	}
	// 40 images are 5 steps an epoch. Those from the first stop to the second were done
	// without events.
	var steps []int64
	for step := range tags["step/loss"] {
		steps = append(steps, step)
	}
	slices.Sort(steps)
	want := []int64{1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18, 19, 20}
	if !slices.Equal(steps, want) {
		t.Errorf("got steps %v, want %v", steps, want)
	}

	// A run in its place begins again.
	trained(t, drawnSettings(t, 1), o, new(stopAt))
	if tags := shown(t, o.TensorBoard); len(tags["step/loss"]) != 5 || len(tags["epoch/loss"]) != 1 {
		t.Errorf("written over: got %d steps and %d epochs, want 5 and 1", len(tags["step/loss"]),
			len(tags["epoch/loss"]))
	}
	// One without events leaves none of the other's.
	if err := f.remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(f.File(TensorBoardDir)); !os.IsNotExist(err) {
		t.Errorf("got %v, want no events", err)
	}
}

// TestStepsThatAreDoneAgainAreForgotten: as after a rollback.
func TestStepsThatAreDoneAgainAreForgotten(t *testing.T) {
	dir := t.TempDir()
	w, err := tensorboard.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := &events{writer: w}
	at := func(epoch, step int, loss float64) {
		e.Progress(train.Progress{Epoch: epoch, Step: step, Steps: 4, BatchLoss: loss})
	}
	for step := range 4 {
		at(1, step+1, 1)
	}
	e.EpochDone(train.Epoch{Epoch: 1}, true)
	at(2, 1, 2)
	at(2, 2, 2)
	at(2, 1, 3)
	e.close()
	tags := shown(t, dir)
	if got := tags["step/loss"]; len(got) != 5 || got[4] != 1 || got[5] != 3 {
		t.Errorf("got %v, want step 5 again and no step 6", got)
	}
	if got := tags[epochLoss]; len(got) != 1 {
		t.Errorf("got epochs %v, want the first", got)
	}
}

// TestStepsAfterAKillAreForgotten: those that are in the files, and not in the checkpoint
// that the run goes on from. Epochs that the files do not have are written, also where no
// step is left.
func TestStepsAfterAKillAreForgotten(t *testing.T) {
	dir := t.TempDir()
	begin := func(e *events) *events {
		w, err := tensorboard.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		e.writer = w
		return e
	}
	killed := begin(new(events))
	for step := range 4 {
		killed.Progress(train.Progress{Epoch: 1, Step: step + 1, Steps: 4, BatchLoss: 1})
	}
	killed.close()
	again := begin(&events{goesOn: true})
	again.Progress(train.Progress{Epoch: 1, Step: 2, Steps: 4, BatchLoss: 2})
	again.close()
	begin(&events{goesOn: true, missing: []train.Epoch{{Epoch: 1, Loss: 3}, {Epoch: 2, Loss: 4}}}).close()
	tags := shown(t, dir)
	if got := tags["step/loss"]; len(got) != 2 || got[1] != 1 || got[2] != 2 {
		t.Errorf("got %v, want step 1, and step 2 as it was done again", got)
	}
	if got := tags[epochLoss]; len(got) != 2 || got[1] != 3 || got[2] != 4 {
		t.Errorf("got epochs %v, want both that were missing", got)
	}
}

// TestALostDiskEndsTheEventsAlone: with one warning.
func TestALostDiskEndsTheEventsAlone(t *testing.T) {
	w, err := tensorboard.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	hears := new(stopAt)
	e := &events{writer: w, warn: hears.Warn}
	for step := range 3 {
		e.Progress(train.Progress{Epoch: 1, Step: step + 1, Steps: 4})
	}
	e.close()
	if len(hears.warned) != 1 || !strings.Contains(hears.warned[0], "the training goes on") {
		t.Errorf("got warnings %q, want one", hears.warned)
	}
}

// TestAFolderThatCannotBeWrittenEndsTheEventsAlone: the training has its weights.
func TestAFolderThatCannotBeWrittenEndsTheEventsAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	hears := new(stopAt)
	f := Folder{filepath.Join(t.TempDir(), "run")}
	s, err := Open(context.Background(), drawnSettings(t, 1),
		Options{Dir: f.Dir, TensorBoard: filepath.Join(file, "logs"), Observer: hears})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Train(context.Background()); err != nil || !f.Reported() {
		t.Errorf("got %v, want a training to its end", err)
	}
	if len(hears.warned) != 1 || !strings.Contains(hears.warned[0], "no TensorBoard's events are written") {
		t.Errorf("got warnings %q, want one", hears.warned)
	}
}

// TestEventsOfAnotherRunAreRefused: of this program, or of others.
func TestEventsOfAnotherRunAreRefused(t *testing.T) {
	dir := t.TempDir()
	f, logs := Folder{filepath.Join(dir, "run")}, filepath.Join(dir, "logs")
	want := func(where string, want error) {
		t.Helper()
		if err := f.CheckTensorBoard(where, false); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", where, err, want)
		}
	}
	want(logs, nil)
	for _, sub := range []string{"fold-2", "."} {
		w, err := tensorboard.Create(filepath.Join(logs, sub))
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		want(logs, ErrHasEvents)
	}
	w, err := tensorboard.Create(f.File(TensorBoardDir))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	want(f.File(TensorBoardDir), nil)
	if err := f.CheckTensorBoard(logs, true); err != nil {
		t.Errorf("to write over: got %v, want no error", err)
	}
	other := filepath.Join(logs, "events.out.tfevents.1.host")
	if err := os.WriteFile(other, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := f.CheckTensorBoard(logs, true); !errors.Is(err, ErrHasEvents) {
		t.Errorf("another program's, to write over: got %v, want %v", err, ErrHasEvents)
	}
	s, err := Open(context.Background(), drawnSettings(t, 1), Options{Dir: f.Dir, TensorBoard: logs})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Train(context.Background()); !errors.Is(err, ErrHasEvents) {
		t.Errorf("another program's: got %v, want %v", err, ErrHasEvents)
	}
}

// TestAllObserversHear: those of Also as well as Observer.
func TestAllObserversHear(t *testing.T) {
	first, second := new(stopAt), new(stopAt)
	s := &Session{options: Options{Observer: first, Also: []train.Observer{second}}}
	all, end, err := s.observe(Folder{})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	all.Warn("a")
	for i, o := range []*stopAt{first, second} {
		if !slices.Equal(o.warned, []string{"a"}) {
			t.Errorf("observer %d: got warnings %q, want one", i, o.warned)
		}
	}
}

// TestSettingsAreRowsOfATable: a bar in a value ends no cell.
func TestSettingsAreRowsOfATable(t *testing.T) {
	s := Defaults()
	s.Data = "a|b"
	markdown, settings := settingsOf(&s)
	if want := "\n| data | a\\|b |\n"; !strings.Contains(markdown, want) {
		t.Errorf("got %q, want %q in it", markdown, want)
	}
	for _, one := range settings {
		if one.Name == "data" && one.Value.Text != s.Data {
			t.Errorf("got %q, want %q", one.Value.Text, s.Data)
		}
	}
}
