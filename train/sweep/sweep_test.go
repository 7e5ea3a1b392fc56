package sweep

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/run"
)

// base are settings with which a training takes a moment.
const base = "base: {arch: tiny, size: 32, drawn_images: 30, patience: 0, threads: 1, val: 0.5%s}\n"

func file(t *testing.T, more, rest string) *File {
	t.Helper()
	return parsed(t, fmt.Sprintf(base, more)+rest)
}

// swept opens a sweep, and works on it.
func swept(t *testing.T, f *File, o Options) (*Sweep, *Result) {
	t.Helper()
	s, err := Open(t.Context(), f, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := s.Result()
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

// likeAlone compares a trial with the same training without a sweep, whose weights it
// returns.
func likeAlone(t *testing.T, s *Sweep, trial *Trial) model.Weights {
	t.Helper()
	session, err := run.Open(t.Context(), trial.Settings, run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	o, err := session.Train(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := o.History
	r, err := s.Folder(trial).Record()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.History) != len(want) || r.Summary == nil {
		t.Errorf("trial %d: got %d epochs, ended %v, want %d", trial.Number, len(r.History),
			r.Summary != nil, len(want))
		return nil
	}
	for i, got := range r.History {
		got.Seconds, got.ImagesPerSecond = 0, 0
		want[i].Seconds, want[i].ImagesPerSecond = 0, 0
		// The file has six digits of each number.
		var a, b bytes.Buffer
		if err := errors.Join(train.WriteHistory(&a, []train.Epoch{got}, nil),
			train.WriteHistory(&b, want[i:i+1], nil)); err != nil || a.String() != b.String() {
			t.Errorf("trial %d: got %s, want %s, %v", trial.Number, &a, &b, err)
		}
	}
	return session.Network.Weights().Clone()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// A trial that is compared and goes on ends as if it had never stopped; those that do worse
// go no further.
func TestHalvingKeepsTheBest(t *testing.T) {
	f := file(t, "", "method: grid\nsettings: {lr: [0.03, 1e-5, 1e-6, 1e-7]}\nhalving: {epochs: [1, 2, 4], keep: 0.5}\n")
	dir := filepath.Join(t.TempDir(), "out")
	s, r := swept(t, f, Options{Dir: dir})
	if !r.Complete || r.Round != 3 || r.Err() != nil || !exists(filepath.Join(dir, SuccessFile)) {
		t.Errorf("got %+v, %v", r, r.Err())
	}
	var epochs []int
	ended := 0
	for i, row := range r.Trials {
		epochs = append(epochs, row.Epochs)
		if row.State == Ended {
			ended++
			likeAlone(t, s, &s.Plan.Trials[i])
			if r.Best == nil || r.Best.Point != row.Point || *r.Best.Mean != *row.Value {
				t.Errorf("got %+v as the best", r.Best)
			}
		} else if row.State != LeftOut {
			t.Errorf("trial %d is %s", row.Trial, row.State)
		}
	}
	if slices.Sort(epochs); !slices.Equal(epochs, []int{1, 1, 2, 4}) || ended != 1 {
		t.Errorf("got epochs %v, %d ended", epochs, ended)
	}
	// Of those that were compared, the best went on.
	for i, row := range r.Trials {
		for j, other := range r.Trials {
			if row.Epochs > other.Epochs {
				a, b := figureAfter(t, s, i, other.Epochs), figureAfter(t, s, j, other.Epochs)
				if a < b {
					t.Errorf("trial %d went on with %g, trial %d did not with %g", i+1, a, j+1, b)
				}
			}
		}
	}
	st, err := ReadStatus(dir)
	var text bytes.Buffer
	if err != nil || st.WriteText(&text) != nil || !strings.HasPrefix(text.String(), "sweep: 1 of 4 trials ended, "+
		"3 left out, round 3 of 3; 0 failed, 0 at work, 0 begun, 0 to begin; 8 epochs\nbest val_accuracy of 4 ") {
		t.Errorf("got %q, %v", &text, err)
	}
}

func figureAfter(t *testing.T, s *Sweep, i, epochs int) float64 {
	t.Helper()
	p, err := s.look(&s.Plan.Trials[i])
	if err != nil {
		t.Fatal(err)
	}
	return s.value(p, epochs)
}

// A trial that diverges is noted, and the others go on. Which are best is decided by the
// mean over seeds, and written; starting again changes nothing.
func TestOneTrialThatFailsDoesNotStopTheOthers(t *testing.T) {
	f := file(t, ", epochs: 2, optimizer: sgd", "method: list\nsettings: [{lr: 1e30}, {lr: 0.01}]\nseeds: [1, 2]\n")
	dir := filepath.Join(t.TempDir(), "out")
	_, r := swept(t, f, Options{Dir: dir})
	var forGood *permanent.Error
	if err := r.Err(); !r.Complete || len(r.Failures()) != 2 || !errors.As(err, &forGood) {
		t.Errorf("got %v", err)
	}
	if r.Best == nil || r.Best.Point != 2 || len(r.Best.Trials) != 2 || r.Best.Deviation == nil ||
		*r.Best.Mean != (*r.Trials[2].Value+*r.Trials[3].Value)/2 {
		t.Errorf("got %+v as the best", r.Best)
	}
	if exists(filepath.Join(dir, SuccessFile)) {
		t.Error("there is a _SUCCESS")
	}
	text, err := os.ReadFile(filepath.Join(dir, ResultFile))
	var written Result
	if err = errors.Join(err, json.Unmarshal(text, &written)); err != nil || written.Best == nil || written.Best.Run != r.Best.Run {
		t.Errorf("got %s, %v", text, err)
	}
	table, err := os.ReadFile(filepath.Join(dir, TableFile))
	rows, csvErr := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err = errors.Join(err, csvErr); err != nil || len(rows) != 5 || rows[0][4] != "lr" || rows[1][2] != "failed" ||
		rows[3][2] != "ended" || rows[3][4] != "0.01" {
		t.Errorf("got %q, %v", rows, err)
	}
	events, err := os.ReadFile(filepath.Join(dir, "trial-0003", train.EventsFile))
	if err != nil {
		t.Fatal(err)
	}
	_, again := swept(t, f, Options{Dir: dir})
	if !reflect.DeepEqual(again, r) {
		t.Errorf("got %+v, want %+v", again, r)
	}
	if now, err := os.ReadFile(filepath.Join(dir, "trial-0003", train.EventsFile)); err != nil || !bytes.Equal(now, events) {
		t.Errorf("a trial that had ended was trained again: %v", err)
	}
}

// What may be mended is tried again by the next process, once.
func TestAFailureThatMayBeMendedIsTriedAgain(t *testing.T) {
	f := file(t, ", epochs: 1", "method: grid\nsettings: {lr: [0.01]}\n")
	dir := filepath.Join(t.TempDir(), "out")
	s, err := Open(t.Context(), f, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	blocked := s.Folder(&s.Plan.Trials[0]).Dir
	if err := os.WriteFile(blocked, nil, 0o644); err != nil { // where the folder should be
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := s.Result()
	if err != nil {
		t.Fatal(err)
	}
	var forGood *permanent.Error
	if err := r.Err(); err == nil || errors.As(err, &forGood) {
		t.Errorf("got %v, want an error that may be mended", err)
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	if _, r = swept(t, f, Options{Dir: dir}); r.Err() != nil || r.Trials[0].State != Ended || !exists(filepath.Join(dir, SuccessFile)) {
		t.Errorf("got %+v", r.Trials)
	}
}

// Shards have every trial once, and whoever is last writes the result. The trials here are
// folds: of one point, and each tested on its own part.
func TestShardsDivideTheTrials(t *testing.T) {
	f := file(t, ", epochs: 1", "method: grid\nsettings: {lr: [0.01]}\nfolds: 2\n")
	dir := filepath.Join(t.TempDir(), "out")
	s, r := swept(t, f, Options{Dir: dir, Index: 1, Count: 2})
	if r.Complete || s.Ended() != 1 || r.Trials[1].State != Ended || exists(filepath.Join(dir, ResultFile)) {
		t.Errorf("got %+v", r.Trials)
	}
	if _, r = swept(t, f, Options{Dir: dir, Index: 0, Count: 2}); !r.Complete || !exists(filepath.Join(dir, SuccessFile)) {
		t.Errorf("got %+v", r.Trials)
	}
	if len(r.Trials) != 2 || r.Trials[1].Fold != 2 || r.Trials[1].Test == nil || len(r.Points) != 1 ||
		r.Best == nil || *r.Best.Mean != (*r.Trials[0].ValAccuracy+*r.Trials[1].ValAccuracy)/2 {
		t.Errorf("got %+v", r)
	}
	f.Halving = &Halving{[]int{1, 2}, 0.5}
	if _, err := Open(t.Context(), f, Options{Dir: t.TempDir(), Count: 2}); !errors.Is(err, ErrShards) {
		t.Errorf("got %v", err)
	}
}
