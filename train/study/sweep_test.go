package study

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/sweep"
)

// begun is a new sweep of a file with the text.
func begun(t *testing.T, text string) *sweep.Sweep {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "study.yaml")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := sweep.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sweep.Open(t.Context(), f, sweep.Options{Dir: filepath.Join(dir, "out")})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestASweepOfTheStudyHasItsRuns, the cheapest first; its folder is read back as the rows'.
func TestASweepOfTheStudyHasItsRuns(t *testing.T) {
	threads := 1
	s, err := Open(Rows(), Options{Seed: 1 << 40, Drawn: 50, Threads: &threads})
	if err != nil {
		t.Fatal(err)
	}
	text := new(strings.Builder)
	if err := s.WriteSweep(text); err != nil {
		t.Fatal(err)
	}
	swept := begun(t, text.String())
	if n := len(swept.Plan.Trials); n != len(s.Attempts) {
		t.Fatalf("%d trials, want %d", n, len(s.Attempts))
	}
	last := 0.0
	for i := range swept.Plan.Trials {
		trial := &swept.Plan.Trials[i]
		a := s.row(trial.Settings.Arch + "/" + trial.Settings.Optimizer)
		if d := run.Differences(&trial.Settings, &a.Settings); len(d) > 0 {
			t.Errorf("%s: got %+v", a.Name(), d)
		}
		cost, _ := s.Cost(a)
		if cost < last {
			t.Errorf("%s costs less than the one before", a.Name())
		}
		last = cost
	}
	read, err := Open(Rows()[1:3], Options{Seed: 1, Numbers: true, Sweep: swept.Dir})
	if err != nil || len(read.Attempts) != 2 {
		t.Fatalf("got %+v, %v", read, err)
	}
	for i := range swept.Plan.Trials {
		trial := &swept.Plan.Trials[i]
		a := read.row(trial.Settings.Arch + "/" + trial.Settings.Optimizer)
		if a != nil && a.Folder != swept.Folder(trial) {
			t.Errorf("%s: got folder %s, want %s", a.Name(), a.Folder.Dir, swept.Folder(trial).Dir)
		}
	}
}

func TestOfSeveralSeedsTheFirstIsTheRows(t *testing.T) {
	swept := begun(t, "method: list\nseeds: [5, 6]\nsettings:\n  - {arch: v7-base, optimizer: adam}\n")
	read, err := Open(Rows(), Options{Numbers: true, Sweep: swept.Dir})
	if err != nil || len(read.Attempts) != 1 {
		t.Fatalf("got %+v, %v", read, err)
	}
	if first := swept.Folder(&swept.Plan.Trials[0]); read.Attempts[0].Folder != first {
		t.Errorf("got %s, want %s", read.Attempts[0].Folder.Dir, first.Dir)
	}
}

func TestASweepOfOtherNetworksIsNoStudy(t *testing.T) {
	swept := begun(t, "method: list\nsettings:\n  - {arch: tiny, optimizer: adam, drawn_images: 20}\n")
	_, err := Open(Rows(), Options{Numbers: true, Sweep: swept.Dir})
	if err == nil || !strings.Contains(err.Error(), "no trial of the sweep is a row of the study") {
		t.Errorf("got %v", err)
	}
}
