package run

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/metrics"
)

// shortRun is a run of two epochs on a few drawn flowers, with a test part.
func shortRun(t *testing.T) (Folder, *train.Outcome) {
	t.Helper()
	f := Folder{filepath.Join(t.TempDir(), "run")}
	settings := Defaults()
	settings.Arch, settings.Drawn, settings.Epochs, settings.Test = "tiny", 100, 2, 0.2
	session, err := Open(context.Background(), settings, Options{Dir: f.Dir})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := session.Train(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Close(); err != nil {
		t.Fatal(err)
	}
	return f, outcome
}

func TestARunHasTheTemperatureOfItsBestWeights(t *testing.T) {
	f, outcome := shortRun(t)
	trained, err := f.Trained(Best)
	if err != nil {
		t.Fatal(err)
	}
	c := trained.Calibration
	if c == nil || c.Temperature != outcome.Calibration.Temperature || c.Temperature == 1 {
		t.Fatalf("got %+v, want temperature %g", c, outcome.Calibration.Temperature)
	}
	if n := c.Coverage[len(c.Coverage)-1].N; n != len(outcome.Validation.Predictions) {
		t.Errorf("the coverage curve ends at %d images, want %d", n, len(outcome.Validation.Predictions))
	}
	answersAreTempered(t, f, trained, outcome)
	if last, err := f.Trained(Last); err != nil || last.Calibration != nil {
		t.Errorf("the last weights have %+v, %v, want no calibration", last.Calibration, err)
	}
	file, err := os.ReadFile(f.CheckpointPath(Last))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.CheckpointPath(Best), file, 0o666); err != nil {
		t.Fatal(err)
	}
	if other, err := f.Calibration(Best); err != nil || other != nil {
		t.Errorf("other weights have %+v, %v, want no calibration", other, err)
	}
}

// answersAreTempered compares the run's answers in gorgonia with those that validated.
func answersAreTempered(t *testing.T, f Folder, trained *Trained, o *train.Outcome) {
	t.Helper()
	photos, _, err := trained.Photos(context.Background(), "", data.Val, 1)
	if err != nil {
		t.Fatal(err)
	}
	img, err := photos[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.Answerer(Best, 0, Frozen{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	got, err := a.Probabilities(context.Background(), []imageprep.Image{img})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(o.Validation.Predictions[0].Probabilities)
	metrics.Temper(want, o.Calibration.Temperature)
	for i := range want {
		if d := got[i] - want[i]; d > 1e-5 || d < -1e-5 {
			t.Errorf("got %v, want %v", got, want)
			break
		}
	}
}

func TestAnswersForTheTestPartAreWritten(t *testing.T) {
	f, outcome := shortRun(t)
	file, err := os.Open(f.path("answers-test.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for _, row := range rows[1:] {
		if row[1] == row[2] {
			right++
		}
	}
	if n := len(outcome.Test.Predictions); len(rows) != n+1 || right != outcome.Test.Correct[0] {
		t.Errorf("got %d rows and %d right answers, want %d and %d", len(rows)-1, right, n,
			outcome.Test.Correct[0])
	}
	record, err := f.Record()
	if err != nil {
		t.Fatal(err)
	}
	s := record.Summary
	if s.TestAccuracy == nil || s.TestCalibration == nil || s.Calibration == nil || len(s.Classes) != 5 {
		t.Errorf("metrics.json has %+v", s)
	}
}
