package compare

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/run"
)

// ranRun is a run of a seed with as many epochs that has ended.
func ranRun(dir string, seed uint64, epochs int, change func(*run.Record)) *run.Record {
	r := &run.Record{Folder: run.Folder{Dir: dir}, Settings: run.Defaults(), Classes: 5, Images: 40}
	r.Settings.Arch, r.Settings.Size, r.Settings.Seed = "tiny", 32, seed
	for i := range epochs {
		r.History = append(r.History, train.Epoch{Epoch: i + 1, ValAccuracy: 0.5, Accuracy: 0.5})
	}
	r.Summary = &train.Summary{Epochs: epochs, ValAccuracy: 0.5}
	if change != nil {
		change(r)
	}
	return r
}

// on is a change to a run on photographs.
func on(folder, content string) func(*run.Record) {
	return func(r *run.Record) { r.Settings.Data, r.Settings.Drawn, r.Content = folder, 0, content }
}

func comparisonOf(t *testing.T, records ...*run.Record) *Comparison {
	t.Helper()
	c, err := New(records)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRunsOnOtherImagesAreNoSeeds(t *testing.T) {
	records := []*run.Record{ranRun("a", 1, 2, on("x", "pair")), ranRun("b", 2, 2, on("y", "three")), ranRun("c", 3, 2, nil)}
	c := comparisonOf(t, records...)
	if len(c.Groups) != 0 {
		t.Errorf("got groups %+v, want none", c.Groups)
	}
	for i, r := range c.contenders() {
		if r.Name != records[i].Dir || r.Style != i {
			t.Errorf("%s is drawn as %q in style %d, want a style of its own", records[i].Dir, r.Name, r.Style)
		}
	}
	// The folder may have moved.
	records = []*run.Record{ranRun("a", 1, 2, on("x", "pair")), ranRun("b", 2, 2, on("y", "pair")), ranRun("c", 2, 2, nil)}
	c = comparisonOf(t, records...)
	if len(c.Groups) != 1 || !slices.Equal(c.Groups[0].Runs, []string{"a", "b"}) {
		t.Fatalf("got groups %+v, want one of a and b", c.Groups)
	}
	if c.Runs[0].Settings != "--data x" || c.Groups[0].Settings != "" {
		t.Errorf("one run has settings %q, the group %q, want those of a folder, and none", c.Runs[0].Settings, c.Groups[0].Settings)
	}
	runs := c.contenders()
	if runs[0].Name != "a and 1 more of other seeds" || runs[1].Style != runs[0].Style || runs[2].Style == runs[0].Style {
		t.Errorf("the runs are drawn as %+v", runs)
	}
}

func TestASeedCountsOnce(t *testing.T) {
	c := comparisonOf(t, ranRun("a", 1, 2, nil), ranRun("b", 1, 4, nil), ranRun("c", 2, 4, nil))
	if len(c.Groups) != 1 || !slices.Equal(c.Groups[0].Runs, []string{"b", "c"}) || !slices.Equal(c.Groups[0].Seeds, []uint64{1, 2}) {
		t.Errorf("got groups %+v, want one of b and c", c.Groups)
	}
	if want := "a has seed 1 as b has"; !strings.Contains(strings.Join(c.Notes, "\n"), want) {
		t.Errorf("the notes %q do not say %q", c.Notes, want)
	}
	if c = comparisonOf(t, ranRun("a", 3, 4, nil), ranRun("b", 3, 4, nil)); len(c.Groups) != 0 {
		t.Errorf("one seed has the mean %+v", c.Groups)
	}
}

func TestRunsThatHaveNotEndedAreInNoMean(t *testing.T) {
	stopped := func(r *run.Record) { r.Summary = nil }
	c := comparisonOf(t, ranRun("a", 1, 4, nil), ranRun("b", 2, 4, stopped), ranRun("c", 1, 9, stopped))
	if len(c.Groups) != 0 {
		t.Errorf("got groups %+v, want none", c.Groups)
	}
	for _, want := range []string{"b has not ended", "c has not ended"} {
		if !strings.Contains(strings.Join(c.Notes, "\n"), want) {
			t.Errorf("the notes %q do not say %q", c.Notes, want)
		}
	}
}

func TestSettingsThatDifferAreFlags(t *testing.T) {
	change := func(lr float64, policy string, strict bool) func(*run.Record) {
		return func(r *run.Record) {
			r.Settings.LR, r.Settings.Augment, r.Settings.Strict = lr, policy, strict
		}
	}
	c := comparisonOf(t, ranRun("a", 1, 2, change(0.01, "light", false)), ranRun("b", 2, 2, change(1e-3, "", true)))
	for i, want := range []string{"--augment light --lr 0.01", "--strict --augment none --lr 0.001"} {
		if c.Runs[i].Settings != want {
			t.Errorf("run %d: got settings %q, want %q", i, c.Runs[i].Settings, want)
		}
	}
	c = comparisonOf(t, ranRun("a", 1, 2, on("my photos", "x")), ranRun("b", 2, 2, nil))
	for i, want := range []string{`--data "my photos"`, "--drawn 1000"} {
		if c.Runs[i].Settings != want {
			t.Errorf("run %d: got settings %q, want %q", i, c.Runs[i].Settings, want)
		}
	}
	c = comparisonOf(t, ranRun("a", 1, 2, nil), ranRun("b", 2, 2, func(r *run.Record) { r.Settings.Optimizer = "adamw" }))
	if c.Runs[0].Settings+c.Runs[1].Settings != "" {
		t.Errorf("what has a column of its own is there again: %q, %q", c.Runs[0].Settings, c.Runs[1].Settings)
	}
}

// TestFoldsAreSummedUpLikeSeeds: with the mean of their tests.
func TestFoldsAreSummedUpLikeSeeds(t *testing.T) {
	fold := func(k int, test float64) func(*run.Record) {
		return func(r *run.Record) {
			r.Settings.Folds, r.Settings.Fold, r.Summary.TestAccuracy = 2, k, &test
		}
	}
	c := comparisonOf(t, ranRun("cv/fold-1", 1, 2, fold(1, 0.6)), ranRun("cv/fold-2", 1, 2, fold(2, 0.8)), ranRun("a", 1, 2, nil))
	if len(c.Groups) != 1 || !slices.Equal(c.Groups[0].Folds, []int{1, 2}) || c.Groups[0].Test == nil {
		t.Fatalf("got groups %+v, want one of two folds", c.Groups)
	}
	if mean, d := *c.Groups[0].Test, *c.Groups[0].TestDeviation; mean < 0.6999 || mean > 0.7001 || d < 0.1414 || d > 0.1415 {
		t.Errorf("got mean %g, deviation %g, want 0.7 and 0.1414", mean, d)
	}
	if name := c.contenders()[0].Name; name != "cv/fold-1 and 1 more of other folds" {
		t.Errorf("got %q", name)
	}
	var text strings.Builder
	for _, table := range c.Tables() {
		if err := table.WriteText(&text); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(text.String(), "70.0 %, deviation 14.1") || !strings.Contains(text.String(), "--folds 2 --fold 1") {
		t.Errorf("got %s", text.String())
	}
}
