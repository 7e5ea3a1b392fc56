package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/checkpoint"
)

// rollingBack makes a run fail in the first epoch at rates over 0.006, and in the third one
// at rates over 0.003: it goes back twice.
func rollingBack(c *Config) {
	c.OnNaN, c.Epochs = RollbackOnNaN, 4
	c.Stepper.(*fakeStepper).tooFast = func(step uint64, lr float64) bool {
		return step == 3 && lr > 0.006 || step == 12 && lr > 0.003
	}
}

func TestRollbackHalvesTheRateAndIsSaid(t *testing.T) {
	for _, folder := range []bool{true, false} {
		dir, r := "", &recorder{}
		if folder {
			dir = t.TempDir()
		}
		cfg := fakeConfig(t, dir)
		rollingBack(&cfg)
		cfg.Observer = r
		o := mustRun(t, cfg)
		var rates []float64
		var times []int
		for _, e := range o.History {
			rates, times = append(rates, e.LearningRate), append(times, e.Rollbacks)
		}
		if !slices.Equal(rates, []float64{0.005, 0.005, 0.0025, 0.0025}) ||
			!slices.Equal(times, []int{1, 0, 1, 0}) || o.Rollbacks != 2 {
			t.Errorf("rates %v, went back %v, %d times in all", rates, times, o.Rollbacks)
		}
		if len(r.warnings) != 2 ||
			!strings.Contains(r.warnings[0], "step 4 of epoch 1: too fast") ||
			!strings.Contains(r.warnings[0], "going back to the start, on with half the learning rate, 0.005") ||
			!strings.Contains(r.warnings[1], "going back to the end of epoch 2") {
			t.Errorf("warned %q", r.warnings)
		}
		if !folder {
			continue
		}
		if n := bytes.Count(read(t, dir, EventsFile), []byte(`"event":"rollback"`)); n != 2 {
			t.Errorf("%d events, want 2", n)
		}
		h, _, err := ReadHistory(bytes.NewReader(read(t, dir, HistoryFile)))
		if err != nil || !reflect.DeepEqual(withoutTimes(h), withoutTimes(o.History)) {
			t.Errorf("history.csv has %+v, %v", h, err)
		}
		if _, err := os.Stat(filepath.Join(dir, goodFile)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", goodFile, err)
		}
	}
}

// TestRollbackThenStopsBitForBit stops a run that goes back at every batch, and goes on.
func TestRollbackThenStopsBitForBit(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"plain": rollingBack, "average": func(c *Config) { rollingBack(c); c.EMA = 0.9 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait for the disk most of the time
			base := t.TempDir()
			cfg := fakeConfig(t, base)
			change(&cfg)
			want := mustRun(t, cfg)
			for stop := 1; stop < 4*(5+3)+3+4+3; stop += 2 * everyStop {
				dir := t.TempDir()
				resumeAt(t, dir, stop, change)
				for _, file := range []string{BestFile, LastFile, "bad-step-4-epoch-1.ckpt", "bad-step-3-epoch-3-rollback-1.ckpt"} {
					if !bytes.Equal(read(t, dir, file), read(t, base, file)) {
						t.Fatalf("stopped before batch %d: %s differs", stop, file)
					}
				}
				h, _, err := ReadHistory(bytes.NewReader(read(t, dir, HistoryFile)))
				if err != nil || !reflect.DeepEqual(withoutTimes(h), withoutTimes(want.History)) {
					t.Fatalf("stopped before batch %d: history %+v, %v", stop, h, err)
				}
			}
		})
	}
}

func TestTheFourthTimeEndsTheRun(t *testing.T) {
	dir := t.TempDir()
	cfg := fakeConfig(t, dir)
	cfg.OnNaN = RollbackOnNaN
	cfg.Stepper.(*fakeStepper).tooFast = func(step uint64, _ float64) bool { return step == 7 }
	o, err := Run(context.Background(), cfg)
	if err == nil || !strings.Contains(err.Error(), "(after going back 3 times)") || o == nil ||
		o.Rollbacks != 3 {
		t.Errorf("got %v, %+v", err, o)
	}
	for n := range 4 {
		name := "bad-step-3-epoch-2.ckpt"
		if n > 0 {
			name = fmt.Sprintf("bad-step-3-epoch-2-rollback-%d.ckpt", n)
		}
		b, err := LoadBadStep(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		want := BadStepFacts{Epoch: 2, Step: 3, During: Stepping, LearningRate: 0.01 * math.Pow(0.5, float64(n)),
			Error: "too fast"}
		if b.BadStepFacts != want || b.State.Step != 7 || b.State.Optimizer.Step != 7 || b.Batch.N != 8 {
			t.Errorf("bad step %d: %+v at %d, want %+v", n+1, b.BadStepFacts, b.State.Step, want)
		}
	}
	// Going on meets it again, in the same way.
	last := read(t, dir, LastFile)
	again := fakeConfig(t, dir)
	again.OnNaN, again.Stepper.(*fakeStepper).tooFast = RollbackOnNaN, cfg.Stepper.(*fakeStepper).tooFast
	if again.Resume, err = checkpoint.Load(filepath.Join(dir, LastFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), again); err == nil || !bytes.Equal(read(t, dir, LastFile), last) {
		t.Errorf("going on: got %v, or another last.ckpt", err)
	}
}

// TestAValidationThatIsNotFiniteGoesBackToo: its images are kept.
func TestAValidationThatIsNotFiniteGoesBackToo(t *testing.T) {
	dir := t.TempDir()
	cfg := fakeConfig(t, dir)
	cfg.OnNaN = RollbackOnNaN
	f := cfg.Stepper.(*fakeStepper)
	f.tooFast = func(step uint64, lr float64) bool {
		if step == 9 && lr > 0.006 { // the last of epoch 2: validation is not finite then
			f.answer = []float32{float32(math.NaN()), 0}
		} else if step != 10 {
			f.answer = nil
		}
		return false
	}
	o := mustRun(t, cfg)
	b, err := LoadBadStep(filepath.Join(dir, "bad-validation-epoch-2.ckpt"))
	if err != nil || o.Rollbacks != 1 || b.During != Validating || b.Epoch != 2 || b.Batch.N != 7 ||
		b.LearningRate != 0 {
		t.Errorf("got %v, %d times, %+v", err, o.Rollbacks, b)
	}
}

func badStep(t testing.TB) *BadStep {
	t.Helper()
	f := newFake(t, "adam", 1)
	for b, err := range (fakeSource{images: fakeImages(3, 1), batch: 3}).Batches(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Step(context.Background(), b, 0.1); err != nil {
			t.Fatal(err)
		}
		f.weights["logits.bias"].Data[1] = float32(math.Inf(1))
		b.Weights = []float32{1, float32(math.NaN()), 3}
		return &BadStep{BadStepFacts: BadStepFacts{Epoch: 1, Step: 2, During: Stepping, LearningRate: 0.1,
			Error: "x"}, Spec: f.spec, Weights: f.weights, State: f.State(), Settings: []byte(`{"a":1}`), Batch: b}
	}
	return nil
}

func TestBadStepsReadBack(t *testing.T) {
	b := badStep(t)
	var first, second bytes.Buffer
	if err := b.Write(&first); err != nil {
		t.Fatal(err)
	}
	got, err := ReadBadStep(bytes.NewReader(first.Bytes()), int64(first.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Write(&second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("changed by writing and reading, %v", err)
	}
	if fmt.Sprint(got.Batch) != fmt.Sprint(b.Batch) || fmt.Sprint(got.State) != fmt.Sprint(b.State) ||
		got.BadStepFacts != b.BadStepFacts {
		t.Errorf("got %+v, want %+v", got, b)
	}
}

func FuzzReadBadStep(f *testing.F) {
	var good bytes.Buffer
	if err := badStep(f).Write(&good); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add(good.Bytes()[:good.Len()/2])
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := ReadBadStep(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := b.Write(&again); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadBadStep(bytes.NewReader(again.Bytes()), int64(again.Len())); err != nil {
			t.Fatalf("accepted once, refused after writing: %v", err)
		}
	})
}
