package train

import (
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/model"
)

// answers are those of a validation: five classes, four images each, all answered
// with the same class.
func answers(labels []string, class int) Evaluation {
	var v Evaluation
	for i := range 4 * len(labels) {
		p := make([]float32, len(labels))
		p[class] = 1
		v.Predictions = append(v.Predictions, Prediction{Index: i, Class: i / 4, Probabilities: p})
	}
	return v
}

// TestRecordedHistories: training accuracies of v7-batchnorm on 20 photographs a
// class, whose running averages lagged, and of a network of zeros; both answered
// one class in validation.
func TestRecordedHistories(t *testing.T) {
	labels := []string{"daisy", "dandelion", "rose", "sunflower", "tulip"}
	norms := model.NewBuilder("norms", 8, 5)
	norms.Conv(2, model.Window{Kernel: 3})
	norms.BatchNorm()
	norms.Flatten()
	norms.Head("main", 1)
	spec, err := norms.Spec()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		history  []float64
		measured bool
		dead     bool
		want     string
	}{
		{"lagging", []float64{0.225, 0.5, 0.5375, 0.7}, false, false, "try statistics of batch norms that are measured"},
		{"overfitted", []float64{0.225, 0.5, 0.5375, 0.7}, true, false, "try more images of each class, a start"},
		{"dead", []float64{0.2125, 0.2, 0.1875, 0.2}, false, true, "training looks dead"},
		{"dead, by chance a little better", []float64{0.2, 0.225, 0.25, 0.2625}, false, true, "training looks dead"},
	} {
		cfg, r := fakeConfig(t, ""), &recorder{}
		cfg.Observer, cfg.Facts.Spec, cfg.Facts.Labels = r, spec, labels
		cfg.Train = fakeSource{images: fakeImages(80, 1), batch: 10}
		if cfg.Measure = nil; c.measured {
			cfg.Measure = cfg.Train
		}
		l := &loop{Config: cfg}
		for i, accuracy := range c.history {
			e := Epoch{Epoch: i + 1, Accuracy: accuracy, ValAccuracy: 0.2}
			if err := l.watch(t.Context(), e, answers(labels, 4), i == 0); err != nil {
				t.Fatal(err)
			}
		}
		if (l.state.Dead != nil) != c.dead || (l.state.Unseen != nil) == c.dead {
			t.Errorf("%s: dead %v, unseen %v", c.name, l.state.Dead, l.state.Unseen)
		}
		if len(r.warnings) != 1 || !strings.Contains(r.warnings[0], c.want) {
			t.Errorf("%s: got warnings %q, want %q", c.name, r.warnings, c.want)
		}
		if !c.dead && strings.Contains(strings.Join(r.warnings, ""), "rate") {
			t.Errorf("%s: %q advises a rate", c.name, r.warnings)
		}
	}
}

// TestPatienceCountsSteps: five steps an epoch, so 15 steps are three epochs.
func TestPatienceCountsSteps(t *testing.T) {
	for steps, want := range map[int]int{0: 2, 10: 2, 11: 3, 15: 3} {
		cfg, _ := dead(t, "")
		cfg.Epochs, cfg.Patience, cfg.PatienceSteps = 20, 2, steps
		if o := mustRun(t, cfg); len(o.History) != 1+want || o.Stopped != NoBetter {
			t.Errorf("%d steps: %d epochs, %s, want %d without a better one", steps, len(o.History), o.Stopped, want)
		}
	}
}
