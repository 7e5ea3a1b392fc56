package train

import (
	"math"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/golden"
)

// TestSchedulesAreThoseOfPyTorch compares every step of 20 epochs with the rates
// that fixtures/golden/schedules.py recorded.
func TestSchedulesAreThoseOfPyTorch(t *testing.T) {
	want, err := golden.Read[struct {
		Epochs, Steps int
		Peak          float64
		ValLoss       []float64 `json:"val_loss"`
		Rates         map[string][]float64
	}]("schedules.json")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[ScheduleName]bool{}
	for text, rateOf := range want.Rates {
		s, err := ParseSchedule(text)
		if err != nil {
			t.Fatal(err)
		}
		seen[s.Name] = true
		cfg := Config{Train: fakeSource{images: make([]fakeImage, want.Steps), batch: 1},
			Epochs: want.Epochs, LearningRate: want.Peak, Schedule: s}
		r, p := newRates(&cfg), plateau{}
		for epoch := range want.Epochs {
			for step := range want.Steps {
				got, w := r.at(epoch, step, p.Drops), rateOf[epoch*want.Steps+step]
				if !(math.Abs(got-w) <= 1e-12+1e-9*w) {
					t.Fatalf("%s: epoch %d step %d: got %.12g, want %.12g", text, epoch, step, got, w)
				}
			}
			p.see(want.ValLoss[epoch], r.Patience)
		}
	}
	for _, name := range Schedules() {
		if !seen[name] {
			t.Errorf("no recorded rates of %s", name)
		}
	}
}

func TestSchedulesSurviveText(t *testing.T) {
	for _, text := range []string{"constant", "cosine,warmup=1.5,final=0.01", "step,every=20,factor=0.5",
		"plateau,factor=0.2,patience=4", "one-cycle"} {
		if s, err := ParseSchedule(text); err != nil || s.String() != text {
			t.Errorf("got %s, %v, want %s", s, err, text)
		}
	}
	for text, want := range map[string]string{
		"cosin":                           "want one of [constant step",
		"cosine,every=3":                  "cosine has no every",
		"step,factor=x":                   "want a number",
		"step,factor=NaN":                 "factor is NaN",
		"step,factor=1.5":                 "factor is 1.5, want 0 to 1",
		"cosine,warmup=-1":                "warmup is -1",
		"one-cycle,final=1":               "one-cycle has no final",
		"step,speed=3":                    `no option "speed"`,
		"step,every=0.5":                  "every is 0.5, want a whole number of epochs",
		"step,every=0":                    "every is 0, want",
		"step,every=NaN":                  "every is NaN, want",
		"plateau,patience=0.5,factor=0.1": "patience is 0.5, want a whole number",
		"plateau,factor=0":                "factor is 0, want over 0",
	} {
		if _, err := ParseSchedule(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", text, err, want)
		}
	}
}

func TestWarmupsEndWithinTheRun(t *testing.T) {
	for _, name := range []ScheduleName{Constant, Step, Cosine} {
		s := Schedule{Name: name, Warmup: 3}
		if err := s.Check(2); err == nil || !strings.Contains(err.Error(), "warmup is 3 epochs, want at most the run's 2") {
			t.Errorf("%s: got error %v", name, err)
		}
		if err := s.Check(3); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRatesAreFiniteForTheShortestRuns: schedules divide by numbers of steps.
func TestRatesAreFiniteForTheShortestRuns(t *testing.T) {
	for _, name := range Schedules() {
		for steps := 1; steps < 12; steps++ {
			cfg := Config{Train: fakeSource{images: make([]fakeImage, steps), batch: 1},
				Epochs: 1, LearningRate: 1, Schedule: Schedule{Name: name}}
			r := newRates(&cfg)
			for step := range steps {
				if v := r.at(0, step, 0); !(v >= 0 && v <= 1) {
					t.Errorf("%s, step %d of %d: got rate %g, want 0 to 1", name, step, steps, v)
				}
			}
		}
	}
}
