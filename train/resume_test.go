package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowerctl/flowerctl/fixtures/race"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

// TestResumeContinuesBitForBit stops a run at every batch, in training and in
// validation, and continues it.
func TestResumeContinuesBitForBit(t *testing.T) {
	variants := map[string]func(*Config){
		"adam":    func(*Config) {},
		"average": func(c *Config) { c.EMA = 0.9 },
		"plateau": func(c *Config) {
			c.Schedule = Schedule{Name: Plateau, Patience: 1, Factor: 0.5}
			c.LearningRate = 3
		},
		"one-cycle": func(c *Config) { c.Schedule = Schedule{Name: OneCycle}; c.Patience = 2 },
	}
	for name, change := range variants {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait for the disk most of the time
			base := t.TempDir()
			straight := fakeConfig(t, base)
			straight.Epochs = 4
			change(&straight)
			want := mustRun(t, straight)
			batches := len(want.History)*(5+3) + 3 // and three of the last evaluation
			for stop := 0; stop < batches; stop += everyStop {
				dir := t.TempDir()
				resumeAt(t, dir, stop, change)
				for _, file := range []string{BestFile, LastFile} {
					if !bytes.Equal(read(t, dir, file), read(t, base, file)) {
						t.Fatalf("stopped before batch %d: %s differs", stop, file)
					}
				}
				h, _, err := ReadHistory(bytes.NewReader(read(t, dir, HistoryFile)))
				if err != nil || !reflect.DeepEqual(withoutTimes(h), withoutTimes(want.History)) {
					t.Fatalf("stopped before batch %d: got history %+v, %v, want %+v", stop, h, err, want.History)
				}
			}
		})
	}
}

// everyStop is from which batch to which runs are stopped in tests that stop at each: with
// the race detector these are enough, and tests without it stop at all.
var everyStop = map[bool]int{false: 1, true: 5}[race.On]

// resumeAt runs until the given batch, then continues with new objects.
func resumeAt(t *testing.T, dir string, stop int, change func(*Config)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen := 0
	count := func(int, int) {
		if seen == stop {
			cancel()
		}
		seen++
	}
	cfg := fakeConfig(t, dir)
	cfg.Epochs = 4
	change(&cfg)
	for _, s := range []*Source{&cfg.Train, &cfg.Validation} {
		f := (*s).(fakeSource)
		f.onBatch = count
		*s = f
	}
	if _, err := Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped before batch %d: got error %v, want that it was cancelled", stop, err)
	}
	last, err := checkpoint.Load(filepath.Join(dir, LastFile))
	if err != nil {
		t.Fatal(err)
	}
	next := fakeConfig(t, dir)
	next.Stepper = newFake(t, "adam", 99) // other weights, which resuming replaces
	next.Epochs = 4
	next.Resume = last
	change(&next)
	mustRun(t, next)
}

// TestTheTimeBeforeAnInterruptionCounts: every batch, of five to train on and three
// to validate on, takes a second to deal out: also the one at which the run is
// interrupted, and those of the epoch that it passes over when it goes on.
func TestTheTimeBeforeAnInterruptionCounts(t *testing.T) {
	for stop, want := range map[int]float64{0: 9, 3: 12, 6: 10} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			run := func(resume *checkpoint.Checkpoint) (*Outcome, error) {
				seen := 0
				cfg := fakeConfig(t, dir)
				cfg.Epochs, cfg.Resume = 1, resume
				for _, s := range []*Source{&cfg.Train, &cfg.Validation} {
					f := (*s).(fakeSource)
					f.onBatch = func(int, int) {
						time.Sleep(time.Second)
						if resume == nil && seen == stop {
							cancel()
						}
						seen++
					}
					*s = f
				}
				return Run(ctx, cfg)
			}
			if _, err := run(nil); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			last, err := checkpoint.Load(filepath.Join(dir, LastFile))
			if err != nil {
				t.Fatal(err)
			}
			ctx = t.Context()
			o, err := run(last)
			if err != nil {
				t.Fatal(err)
			}
			if got := o.History[0].Seconds; got != want {
				t.Errorf("stopped at batch %d: got %v seconds, want %v", stop, got, want)
			}
		})
	}
}

func TestWrongResumesAreRefused(t *testing.T) {
	dir := t.TempDir()
	mustRun(t, fakeConfig(t, dir))
	load := func(name string) *checkpoint.Checkpoint {
		c, err := checkpoint.Load(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for want, change := range map[string]func(*Config){
		"for inference only":      func(c *Config) { c.Resume = load(BestFile) },
		"images or their split":   func(c *Config) { c.Facts.Training.DataDigest = "other" },
		"seed 1 and optimizer":    func(c *Config) { c.Facts.Training.Seed = 2 },
		"5 batches an epoch, now": func(c *Config) { c.Train = fakeSource{images: fakeImages(40, 1), batch: 4} },
		"without a folder":        func(c *Config) { c.Dir = "" },
		"no average of logits":    func(c *Config) { c.EMA = 0.5 },
		"has 0 epochs":            func(c *Config) { c.Dir = t.TempDir() },
		"the checkpoint's loop":   func(c *Config) { c.Resume.Loop = json.RawMessage(`{"state":3}`) },
		"loop is at epoch -1":     func(c *Config) { c.Resume.Loop = json.RawMessage(`{"steps":5,"state":{"epoch":-1}}`) },
		"is of optimizer adam":    func(c *Config) { c.Stepper = newFake(t, "sgd", 1) },
		"logits.bias has shape":   func(c *Config) { c.Resume.Weights["logits.bias"] = model.Weights{}["x"] },
	} {
		cfg := fakeConfig(t, dir)
		cfg.Resume = load(LastFile)
		change(&cfg)
		if _, err := Run(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

// stepProbe finds gradients only after a step, as in a process that has just started.
type stepProbe struct {
	fakeProbe
	*fakeStepper
	start uint64
}

func (p stepProbe) ZeroGradients() []string {
	if p.step == p.start {
		return []string{"logits"}
	}
	return p.fakeProbe.ZeroGradients()
}

// TestStoppedWhileValidating: five epochs in a row are stopped while they validate. The
// counters end as in the run that never stopped, with a network that learns and with
// one that has a layer without gradients.
func TestStoppedWhileValidating(t *testing.T) {
	for _, zero := range []string{"", "logits"} {
		config := func(dir string) Config {
			cfg := fakeConfig(t, dir)
			cfg.LearningRate = 1e-4 // accuracies stay under 0.9
			cfg.Probe = stepProbe{fakeProbe{zero: zero}, cfg.Stepper.(*fakeStepper), 0}
			return cfg
		}
		straight, dir := t.TempDir(), t.TempDir()
		want := mustRun(t, config(straight))
		var last *checkpoint.Checkpoint
		for range 5 {
			ctx, cancel := context.WithCancel(t.Context())
			cfg := config(dir)
			trained := 0
			cfg.Train = counting(cfg.Train, func() { trained++ })
			cfg.Validation = counting(cfg.Validation, func() {
				if last == nil || trained > 0 {
					cancel()
				}
			})
			if last != nil {
				cfg.Resume = last
				cfg.Probe = stepProbe{fakeProbe{zero: zero}, cfg.Stepper.(*fakeStepper), stepsOf(t, last)}
			}
			if _, err := Run(ctx, cfg); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			var err error
			if last, err = checkpoint.Load(filepath.Join(dir, LastFile)); err != nil {
				t.Fatal(err)
			}
			s := savedLoop(t, last)
			if s.State.Step != s.Steps {
				t.Fatalf("stopped at step %d of %d, want in the validation", s.State.Step, s.Steps)
			}
			stuck := 0
			if zero != "" {
				stuck = s.State.Epoch
			}
			if s.State.Stuck != stuck {
				t.Errorf("zero %q: stuck for %d epochs of %d, want %d", zero, s.State.Stuck, s.State.Epoch, stuck)
			}
		}
		cfg := config(dir)
		cfg.Resume = last
		cfg.Probe = stepProbe{fakeProbe{zero: zero}, cfg.Stepper.(*fakeStepper), stepsOf(t, last)}
		got := mustRun(t, cfg)
		if (want.Dead != nil) != (zero != "") || !reflect.DeepEqual(got.Dead, want.Dead) {
			t.Errorf("zero %q: dead is %+v, want %+v", zero, got.Dead, want.Dead)
		}
		if !bytes.Equal(read(t, dir, LastFile), read(t, straight, LastFile)) {
			t.Errorf("zero %q: %s is not that of the run that never stopped", zero, LastFile)
		}
		for _, e := range got.History {
			if !(e.ImagesPerSecond > 0) {
				t.Errorf("zero %q: epoch %d: %g images per second", zero, e.Epoch, e.ImagesPerSecond)
			}
		}
	}
}

// counting is the source with a call before each batch.
func counting(s Source, before func()) Source {
	f := s.(fakeSource)
	f.onBatch = func(int, int) { before() }
	return f
}

func savedLoop(t *testing.T, c *checkpoint.Checkpoint) (s saved) {
	t.Helper()
	if err := json.Unmarshal(c.Loop, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func stepsOf(t *testing.T, c *checkpoint.Checkpoint) uint64 { return savedLoop(t, c).Stepper }
