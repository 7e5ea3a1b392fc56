package folds

import (
	"math"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/run"
)

// TestFoldsOfSeveralLabelsAreSummedUp: 4 of 10 and 9 of 30 images have all of their labels
// right, which is 13 of 40.
func TestFoldsOfSeveralLabelsAreSummedUp(t *testing.T) {
	fold := func(n, exact int, meanAP float64) *Fold {
		m := &metrics.MultiLabel{N: n, MeanAP: meanAP, ExactMatch: float64(exact) / float64(n),
			Labels: []metrics.LabelScore{{Label: "red"}}}
		return &Fold{N: n, Accuracy: m.ExactMatch, MultiLabel: m, ValMultiLabel: m, Seconds: 2}
	}
	r := &Result{Folds: []*Fold{fold(10, 4, 0.5), fold(30, 9, 0.7)}}
	r.sum()
	low, high := metrics.Wilson(13, 40)
	if r.N != 40 || r.Accuracy != 13./40 || r.Interval != [2]float64{low, high} || r.Seconds != 4 {
		t.Errorf("got %d images, %g right, interval %v, %g s", r.N, r.Accuracy, r.Interval, r.Seconds)
	}
	if math.Abs(r.MultiLabel.MeanAP-0.6) > 1e-12 || math.Abs(r.MeanAPDeviation-0.1*math.Sqrt2) > 1e-12 {
		t.Errorf("got a mean average precision of %g, deviation %g", r.MultiLabel.MeanAP, r.MeanAPDeviation)
	}
	if r.Matrix != nil || r.Report.Accuracy != r.Accuracy {
		t.Errorf("got matrix %v, report %+v", r.Matrix, r.Report)
	}
}

func TestThePageHasTheSettingsThatAreOn(t *testing.T) {
	s := run.Defaults()
	s.Arch, s.Strict, s.Exclude = "tiny", true, ""
	text := new(strings.Builder)
	if err := chosen(&s).WriteCSV(text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"arch,tiny\n", "strict,true\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got %s, want %s", text, want)
		}
	}
	for _, off := range []string{"exclude", "clip_norm", "freeze_batchnorm"} {
		if strings.Contains(text.String(), "\n"+off+",") {
			t.Errorf("got %s, which is off, in %s", off, text)
		}
	}
}
