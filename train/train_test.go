package train

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/optim"
)

func mustRun(t *testing.T, cfg Config) *Outcome {
	t.Helper()
	o, err := Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// withoutTimes are the epochs without what differs from run to run.
func withoutTimes(history []Epoch) []Epoch {
	out := slices.Clone(history)
	for i := range out {
		out[i].Seconds, out[i].ImagesPerSecond = 0, 0
	}
	return out
}

func TestRunLearnsAndFillsItsFolder(t *testing.T) {
	dir := t.TempDir()
	cfg := fakeConfig(t, dir)
	cfg.Test = cfg.Validation
	o := mustRun(t, cfg)
	if o.Best.ValAccuracy < 0.8 || o.Validation.Confusion(cfg.Facts.Labels).Accuracy() != o.Best.ValAccuracy {
		t.Errorf("got accuracy %g, at the end %g, want both the same and over 0.8",
			o.Best.ValAccuracy, o.Validation.Confusion(cfg.Facts.Labels).Accuracy())
	}
	var names []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{BestFile, EventsFile, HistoryFile, LastFile, MetricsFile}
	if !slices.Equal(names, want) {
		t.Errorf("got files %v, want %v", names, want)
	}
	history, heads, err := ReadHistory(bytes.NewReader(read(t, dir, HistoryFile)))
	if err != nil || len(heads) != 0 || !reflect.DeepEqual(withoutTimes(history), withoutTimes(o.History)) {
		t.Errorf("history.csv reads back as %+v, %v, want %+v", history, err, o.History)
	}
	var s Summary
	if err := json.Unmarshal(read(t, dir, MetricsFile), &s); err != nil {
		t.Fatal(err)
	}
	if s.BestEpoch != o.Best.Epoch || s.Epochs != 6 || s.ValAccuracy != o.Best.ValAccuracy ||
		!(s.ValInterval[0] < s.ValAccuracy && s.ValAccuracy <= s.ValInterval[1]) ||
		s.MajorityRate != 0.5 || s.TestAccuracy == nil || *s.TestAccuracy != s.ValAccuracy {
		t.Errorf("got metrics %+v of %+v", s, o.Best)
	}
	lines := strings.Split(strings.TrimSpace(string(read(t, dir, EventsFile))), "\n")
	if len(lines) != 8 || !strings.Contains(lines[0], `"event":"start"`) || !strings.Contains(lines[7], `"event":"end"`) {
		t.Errorf("got events %q, want start, six epochs, end", lines)
	}
}

func TestBestWeightsAreRestoredAndKept(t *testing.T) {
	for _, monitor := range Monitors() {
		if monitor == Last {
			continue // see TestTheLastEpochIsTheBestButForABetterHead
		}
		dir := t.TempDir()
		cfg := fakeConfig(t, dir)
		cfg.LearningRate, cfg.Epochs, cfg.Monitor = 3, 5, monitor // too fast: it jumps about
		o := mustRun(t, cfg)
		for _, e := range o.History {
			if monitor.Better(e, o.Best) {
				t.Errorf("%s: epoch %d is better than the best, %d", monitor, e.Epoch, o.Best.Epoch)
			}
		}
		if o.Best.Epoch == 5 {
			t.Fatalf("%s: the best epoch is the last: this run does not test what it should", monitor)
		}
		c, err := checkpoint.Load(filepath.Join(dir, BestFile))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(c.Weights, cfg.Stepper.Weights()) {
			t.Errorf("%s: the network does not hold best.ckpt's weights", monitor)
		}
		if o.Validation.Loss != o.Best.ValLoss || c.Training.Metrics["val_loss"] != o.Best.ValLoss ||
			c.Training.Epoch != o.Best.Epoch || c.Optimizer != nil {
			t.Errorf("%s: best.ckpt says %+v, its loss is %g, want epoch %+v",
				monitor, c.Training, o.Validation.Loss, o.Best)
		}
		again := fakeConfig(t, "")
		again.LearningRate, again.Epochs, again.Monitor = 3, 5, monitor
		mustRun(t, again)
		if !reflect.DeepEqual(again.Stepper.Weights(), c.Weights) {
			t.Errorf("%s: without a folder other weights are the best", monitor)
		}
	}
}

func TestTheCalibratedLossIsInTheHistoryWhereItIsTheMonitor(t *testing.T) {
	for _, monitor := range Monitors() {
		dir := t.TempDir()
		cfg := fakeConfig(t, dir)
		cfg.Epochs, cfg.Monitor = 2, monitor
		o := mustRun(t, cfg)
		text := read(t, dir, HistoryFile)
		history, _, err := ReadHistory(bytes.NewReader(text))
		if err != nil || !reflect.DeepEqual(withoutTimes(history), withoutTimes(o.History)) {
			t.Errorf("%s: history.csv reads back as %+v, %v, want %+v", monitor, history, err, o.History)
		}
		if got := bytes.Contains(text, []byte(",val_calibrated_loss\n")); got != monitor.calibrated() {
			t.Errorf("%s: the column is there: %v", monitor, got)
		}
		if e := o.History[1]; monitor.calibrated() && !(0 < e.CalibratedLoss && e.CalibratedLoss <= e.ValLoss) {
			t.Errorf("got calibrated loss %g of %g, want one that is not larger", e.CalibratedLoss, e.ValLoss)
		}
		if want := o.Validation.Answers().CalibratedLoss(); monitor.calibrated() && o.Best.CalibratedLoss != want {
			t.Errorf("got calibrated loss %g of the best epoch, want %g", o.Best.CalibratedLoss, want)
		}
	}
}

func TestTheLastEpochIsTheBestButForABetterHead(t *testing.T) {
	cfg := fakeConfig(t, "")
	cfg.LearningRate, cfg.Epochs, cfg.Monitor = 3, 5, Last // too fast: it jumps about
	if o := mustRun(t, cfg); o.Best.Epoch != 5 {
		t.Errorf("got epoch %d as the best, want the last", o.Best.Epoch)
	}
	head := Epoch{Epoch: 1, CalibratedLoss: 0.5}
	worse := Epoch{Epoch: 2, CalibratedLoss: 0.6, LearningRate: 0.1}
	better := Epoch{Epoch: 3, CalibratedLoss: 0.4, LearningRate: 0.1}
	if Last.Better(worse, head) || !Last.Better(better, head) || !Last.Better(worse, better) {
		t.Error("want a better epoch in place of the head, a worse one not, and the later of two epochs")
	}
}

func TestPatience(t *testing.T) {
	cfg := fakeConfig(t, "")
	cfg.Stepper.(*fakeStepper).stepHook = func(uint64) (float64, bool) { return 1, true } // learns nothing
	cfg.Epochs, cfg.Patience = 50, 3
	o := mustRun(t, cfg)
	// The first epoch is the best, then three are not better.
	if o.Stopped != NoBetter || len(o.History) != 4 || o.Best.Epoch != 1 {
		t.Errorf("stopped by %s after %d epochs, best %d; want by patience after 4, best 1",
			o.Stopped, len(o.History), o.Best.Epoch)
	}
}

func TestSameSeedSameCheckpoint(t *testing.T) {
	var files [2][]byte
	for i := range files {
		dir := t.TempDir()
		mustRun(t, fakeConfig(t, dir))
		files[i] = append(read(t, dir, BestFile), read(t, dir, LastFile)...)
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("two runs with the same seed wrote different checkpoints")
	}
}

func TestLossThatIsNotFiniteStopsTheRun(t *testing.T) {
	dir := t.TempDir()
	cfg := fakeConfig(t, dir)
	cfg.Stepper.(*fakeStepper).stepHook = func(step uint64) (float64, bool) { return math.NaN(), step == 7 }
	o, err := Run(context.Background(), cfg)
	want := "step 3 of epoch 2: loss is NaN (kept in " + filepath.Join(dir, "bad-step-3-epoch-2.ckpt") +
		") (the last good checkpoint is " + filepath.Join(dir, LastFile) + ", of epoch 1)"
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if c, err := checkpoint.Load(filepath.Join(dir, LastFile)); err != nil || c.Training.Epoch != 1 {
		t.Errorf("last.ckpt: got %v, want that of epoch 1", err)
	}
	if events := strings.TrimSpace(string(read(t, dir, EventsFile))); !strings.Contains(events[strings.LastIndex(events, "\n"):], `"event":"error"`) {
		t.Error("events.jsonl does not end with it")
	}
	if o == nil || o.Stopped != Failed || len(o.History) != 1 || len(o.Validation.Predictions) != 20 {
		t.Errorf("got outcome %+v, want that of the epoch before", o)
	}
	if !strings.Contains(string(read(t, dir, MetricsFile)), `"stopped": "error"`) {
		t.Errorf("%s does not say how the run ended", MetricsFile)
	}
	first := fakeConfig(t, t.TempDir())
	first.Stepper.(*fakeStepper).stepHook = func(step uint64) (float64, bool) { return math.NaN(), step == 3 }
	if o, err := Run(context.Background(), first); o != nil || err == nil {
		t.Errorf("in the first epoch: got %+v, %v, want an error alone", o, err)
	}
}

// recorder is an Observer.
type recorder struct {
	progress []Progress
	epochs   []Epoch
	warnings []string
}

func (r *recorder) Progress(p Progress)       { r.progress = append(r.progress, p) }
func (r *recorder) EpochDone(e Epoch, _ bool) { r.epochs = append(r.epochs, e) }
func (r *recorder) Warn(text string)          { r.warnings = append(r.warnings, text) }

func TestObserverHearsOfEveryBatch(t *testing.T) {
	cfg, r := fakeConfig(t, ""), &recorder{}
	cfg.Observer, cfg.Epochs = r, 2
	mustRun(t, cfg)
	if len(r.progress) != 2*(5+3) || len(r.epochs) != 2 {
		t.Fatalf("got %d batches and %d epochs, want 16 and 2", len(r.progress), len(r.epochs))
	}
	last := r.progress[12] // the fifth of the second epoch
	if last.Epoch != 2 || last.Step != 5 || last.Steps != 5 || last.Left != 0 || last.Validating ||
		last.Loss != r.epochs[1].Loss || last.Accuracy != r.epochs[1].Accuracy {
		t.Errorf("got %+v, want the end of epoch 2, %+v", last, r.epochs[1])
	}
	images, loss := 0, 0.0
	for _, p := range r.progress[8:13] {
		images, loss = images+p.Images, loss+p.BatchLoss*float64(p.Images)
		if p.LearningRate != r.epochs[1].LearningRate {
			t.Errorf("step %d: got rate %g, want %g", p.Step, p.LearningRate, r.epochs[1].LearningRate)
		}
	}
	if mean := loss / float64(images); images != cfg.Train.Len() ||
		math.Abs(mean-r.epochs[1].Loss) > 1e-9 {
		t.Errorf("got %d images of loss %g, want %d of %g", images, mean, cfg.Train.Len(),
			r.epochs[1].Loss)
	}
	images = 0
	for _, p := range r.progress[13:] {
		if images += p.Images; !p.Validating || p.BatchLoss != 0 {
			t.Errorf("got %+v, want the validation", p)
		}
	}
	if images != cfg.Validation.Len() {
		t.Errorf("validating: got %d images, want %d", images, cfg.Validation.Len())
	}
}

func TestAverageIsWhatIsValidated(t *testing.T) {
	dir := t.TempDir()
	cfg := fakeConfig(t, dir)
	cfg.EMA, cfg.Epochs = 0.999, 1
	mustRun(t, cfg)
	best, _ := checkpoint.Load(filepath.Join(dir, BestFile))
	last, err := checkpoint.Load(filepath.Join(dir, LastFile))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(best.Weights["logits.weight"].Data, last.Optimizer.Slots["ema/logits.weight"]) {
		t.Error("best.ckpt does not hold the average")
	}
	if slices.Equal(best.Weights["logits.weight"].Data, last.Weights["logits.weight"].Data) {
		t.Error("the average is the weights")
	}
}

// TestTheDecayOfTheAverageWarmsUp: after step t it is (1+t)/(10+t), until that is
// more than the decay asked for.
func TestTheDecayOfTheAverageWarmsUp(t *testing.T) {
	a := &average{decay: 0.9, vector: optim.NewVector(1), live: [][]float32{{1}}, values: [][]float32{{0}}}
	for _, c := range []struct {
		step int
		want float64 // of the 0 that the average was
	}{{1, 2. / 11}, {8, 0.5}, {71, 72. / 81}, {90, 0.9}, {1000, 0.9}} {
		a.values[0][0] = 0
		a.update(c.step)
		if got := 1 - float64(a.values[0][0]); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("step %d: %g of the average is kept, want %g", c.step, got, c.want)
		}
	}
}

func TestWrongConfigsAreNamed(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"wants a network":        func(c *Config) { c.Stepper = nil },
		"Epochs: got 0":          func(c *Config) { c.Epochs = 0 },
		"validating on 0":        func(c *Config) { c.Validation = fakeSource{batch: 1} },
		"LearningRate: got 0":    func(c *Config) { c.LearningRate = 0 },
		"LearningRate: got +Inf": func(c *Config) { c.LearningRate = math.Inf(1) },
		"EMA: got 1":             func(c *Config) { c.EMA = 1 },
		`monitor "acc"`:          func(c *Config) { c.Monitor = "acc" },
		"Patience: got -1":       func(c *Config) { c.Patience = -1 },
		"PatienceSteps: got -1":  func(c *Config) { c.PatienceSteps = -1 },
		"no schedule is":         func(c *Config) { c.Schedule.Name = "zigzag" },
	} {
		cfg := fakeConfig(t, "")
		change(&cfg)
		if _, err := Run(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}
