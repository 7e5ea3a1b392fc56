package sweep

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/lease"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/run"
)

func TestTheShareThatGoesOnIsRoundedUp(t *testing.T) {
	for _, c := range []struct {
		keep    float64
		n, want int
	}{{1. / 3, 9, 3}, {1. / 3, 10, 4}, {0.1, 30, 3}, {0.55, 100, 55}, {0.01, 3, 1}, {0.99, 2, 2}} {
		if got := (&Halving{Keep: c.keep}).left(c.n); got != c.want {
			t.Errorf("%g of %d: got %d, want %d", c.keep, c.n, got, c.want)
		}
	}
}

// Trials on which processes ended without a word come last.
func TestTrialsOfCrashesComeLast(t *testing.T) {
	f := file(t, ", epochs: 1", "method: grid\nsettings: {lr: [0.1, 0.01, 0.001]}\n")
	s, err := Open(t.Context(), f, Options{Dir: filepath.Join(t.TempDir(), "out")})
	if err != nil {
		t.Fatal(err)
	}
	l, err := lease.Keeper{}.Take(s.lock(&s.Plan.Trials[0])) // and does not give it back
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	left, err := s.left()
	if err != nil || len(left) != 3 || left[0].Number != 2 || left[1].Number != 3 || left[2].Number != 1 {
		t.Errorf("got %v, %v", left, err)
	}
}

// What depends on a machine's memory may be another on another one.
func TestFailuresOfSettingsAreForGood(t *testing.T) {
	memory := new(nn.MemoryError)
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&run.SettingError{Fields: []string{"lr"}, Err: errors.New("wrong")}, true},
		{&run.SettingError{Fields: []string{"batch"}, Err: memory}, false},
		{&train.NotFiniteError{Err: errors.New("NaN")}, true},
		{memory, false},
		{errors.New("the disk"), false},
	} {
		if f := failed(&Trial{Number: 3}, c.err); f.Permanent != c.want || f.Trial != 3 {
			t.Errorf("%T: got %+v, want for good: %t", c.err, f, c.want)
		}
	}
}

// A trial whose patience is at its end has ended, before its last epoch.
func TestATrialThatGetsNoBetterHasEnded(t *testing.T) {
	f := parsed(t, "base: {arch: tiny, size: 32, drawn_images: 30, threads: 1, val: 0.5, epochs: 9, patience: 1, "+
		"patience_steps: 0}\nmethod: grid\nsettings: {lr: [1e-12]}\n")
	s, err := Open(t.Context(), f, Options{Dir: filepath.Join(t.TempDir(), "out")})
	if err != nil {
		t.Fatal(err)
	}
	left, err := s.left()
	if err != nil || len(left) != 1 {
		t.Fatalf("got %v, %v", left, err)
	}
	if _, err := s.work(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	if p, err := s.look(left[0].Trial); err != nil || !p.ended || p.epochs() != 2 {
		t.Errorf("got %+v, %v", p, err)
	}
}
