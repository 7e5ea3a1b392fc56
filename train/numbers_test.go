package train

import (
	"context"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/metrics"
)

// TestAPlateauCountsFallsOfOneTenThousandth, as Keras' min_delta.
func TestAPlateauCountsFallsOfOneTenThousandth(t *testing.T) {
	for fall, counts := range map[float64]bool{0.9e-4: false, 1.1e-4: true} {
		var p plateau
		p.see(1, 5)
		p.see(1-fall, 5)
		if got := p.Wait == 0; got != counts {
			t.Errorf("a fall by %g counts: %v, want %v", fall, got, counts)
		}
	}
}

// TestFindRateEndsAtFourTimesTheLowestLoss: of the running mean, which a loss of 29
// lifts from 1 to 4.1, and one of 27 to 3.9.
func TestFindRateEndsAtFourTimesTheLowestLoss(t *testing.T) {
	for loss, ends := range map[float64]bool{27: false, 29: true} {
		cfg := fakeConfig(t, "")
		f := cfg.Stepper.(*fakeStepper)
		done := 0
		f.stepHook = func(uint64) (float64, bool) {
			if done++; done > 20 {
				return loss, true
			}
			return 1, true
		}
		points, err := RateTest{Low: 1e-7, High: 10, Steps: 100}.run(context.Background(), f, cfg.Train)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(points) == 20; got != ends {
			t.Errorf("loss %g after 20 steps: %d points", loss, len(points))
		}
	}
}

// TestLossIsTheMeanOverImages, of batches of unequal size.
func TestLossIsTheMeanOverImages(t *testing.T) {
	var s sums
	s.add(Result{N: 3, Loss: 1, Correct: []int{3, 0}})
	s.add(Result{N: 1, Loss: 5, Correct: []int{0, 1}})
	if s.loss() != 2 || s.accuracies()[0] != 0.75 || s.accuracies()[1] != 0.25 {
		t.Errorf("got loss %g and accuracies %v, want 2 and 0.75, 0.25", s.loss(), s.accuracies())
	}
}

func TestSummaryIsOfTheBestEpoch(t *testing.T) {
	o := Outcome{Heads: []string{"aux1"}, History: []Epoch{
		{Epoch: 1, Accuracy: 0.1, ValAccuracy: 0.2},
		{Epoch: 2, Accuracy: 0.5, ValAccuracy: 0.9, Heads: []float64{0.3}, ValHeads: []float64{0.4}},
		{Epoch: 3, Accuracy: 0.7, ValAccuracy: 0.8},
	}, Validation: Evaluation{Predictions: []Prediction{{Class: 0, Probabilities: []float32{1, 0}}}}}
	o.Best = o.History[1]
	s := o.Summary([]string{"a", "b"})
	if s.BestEpoch != 2 || s.TrainAccuracy != 0.5 || s.BestTrainAccuracy != 0.7 || s.LastValAccuracy != 0.8 ||
		s.Epochs != 3 || len(s.Heads) != 1 || s.Heads[0] != (HeadSummary{"aux1", 0.4, 0.3}) {
		t.Errorf("got %+v", s)
	}
}

func TestHistoryNamesTheWrongLine(t *testing.T) {
	text := strings.Join(historyHeader, ",") + "\n1,1,1,1,1,1,1,1\n2,x,1,1,1,1,1,1\n"
	if _, _, err := ReadHistory(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("got %v, want an error in line 3", err)
	}
}

// TestAreasAreOfCalibratedAnswers: a temperature of 2 exchanges the order of two images by
// the probability of the first class.
func TestAreasAreOfCalibratedAnswers(t *testing.T) {
	o := Outcome{History: make([]Epoch, 1), Validation: Evaluation{Predictions: []Prediction{
		{Class: 0, Probabilities: []float32{0.45, 0.55, 0}},
		{Class: 1, Probabilities: []float32{0.46, 0.27, 0.27}},
	}}}
	labels := []string{"a", "b", "c"}
	if area := o.Summary(labels).Classes[0].ROCArea; area != 0 {
		t.Errorf("without a temperature: got an area of %g, want 0", area)
	}
	o.Calibration = &metrics.Calibration{Temperature: 2}
	if area := o.Summary(labels).Classes[0].ROCArea; area != 1 {
		t.Errorf("with a temperature: got an area of %g, want 1", area)
	}
}
