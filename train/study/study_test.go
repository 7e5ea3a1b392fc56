package study

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/lease"
	"github.com/flowerctl/flowerctl/train/run"
)

// planned are all rows, none of them begun.
func planned(t *testing.T) *Study {
	t.Helper()
	s, err := Open(Rows(), Options{Seed: 1 << 40}) // a seed that nobody has run
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Study) row(name string) *Attempt {
	for _, a := range s.Attempts {
		if a.Name() == name {
			return a
		}
	}
	return nil
}

func TestEveryRowOfTheStudyCanBeRun(t *testing.T) {
	if len(Rows()) != 23 {
		t.Errorf("%d rows, want 23", len(Rows()))
	}
	seen := map[string]bool{}
	for _, r := range planned(t).Attempts {
		if seen[r.Name()] {
			t.Errorf("%s: two rows", r.Name())
		}
		seen[r.Name()] = true
		p := r.Settings
		if p.LR != 1e-3 || p.Epochs != r.Limit || p.Patience != r.Patience || p.Batch != r.Batch || !slices.Equal(p.AuxWeight, run.Numbers{1}) {
			t.Errorf("%s: runs with %+v", r.Name(), p)
		}
	}
}

// TestTheCheapestRowComesNext: by operations at first, then by what was measured.
func TestTheCheapestRowComesNext(t *testing.T) {
	s := planned(t)
	for _, r := range s.Attempts {
		if _, measured := s.Cost(r); measured {
			t.Errorf("%s: nothing was measured", r.Name())
		}
	}
	gap, vgg := s.row("v7-gap/adam"), s.row("v5-vgg16/adagrad")
	cheap, _ := s.Cost(gap)
	dear, _ := s.Cost(vgg)
	if next := s.Next(); next == nil || dear < 10*cheap {
		t.Errorf("next is %v; v5-vgg16 costs %g, v7-gap %g", next, dear, cheap)
	}
	gap.Record = &run.Record{History: []train.Epoch{{Epoch: 1, Seconds: 20}, {Epoch: 2, Seconds: 22}}}
	if cost, measured := s.Cost(gap); !measured || cost != 61*21 { // of 63 epochs
		t.Errorf("v7-gap: %g s, %v, want 61 epochs of 21 s", cost, measured)
	}
	after, measured := s.Cost(vgg)
	if want := dear / (cheap / 63) * 21; !measured || after < 0.999*want || after > 1.001*want {
		t.Errorf("v5-vgg16: %g s, %v, want %g: as many times v7-gap's as it has operations", after, measured, want)
	}
	for _, r := range s.Attempts {
		r.Err = errors.New("failed")
	}
	if s.Next() != nil {
		t.Error("a row that failed comes again")
	}
}

func TestTablesSayWhatDiffersFromTheStudy(t *testing.T) {
	s := planned(t)
	r := s.row("v7-gap/adam")
	r.Folder.Dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(r.Folder.Dir, train.ReportFile), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		limit, drawn int
		state, notes string
	}{
		{2, 20, Ended, "drawn flowers; limited to 2 epochs, in the study to 150"},
		{2, 0, Ended, "limited to 2 epochs, in the study to 150"},
		{150, 0, Begun, Begun},
	} {
		was := r.Settings
		was.Epochs, was.Drawn = x.limit, x.drawn
		r.Record = &run.Record{Folder: r.Folder, Settings: was, Summary: &train.Summary{Epochs: 2, Stopped: train.AllEpochs},
			History: []train.Epoch{{Epoch: 1, Seconds: 2}, {Epoch: 2, Seconds: 2}}}
		for _, asked := range []int{2, 150} {
			r.Settings.Epochs = asked
			for _, row := range s.TableRows() {
				if row.Name() == r.Name() && (row.State != x.state || row.Notes != x.notes) {
					t.Errorf("limited to %d, asked for %d: got %q with notes %q, want %q with %q",
						x.limit, asked, row.State, row.Notes, x.state, x.notes)
				}
			}
		}
		r.Settings.Epochs = r.Limit
	}
}

// Several processes share the rows: one that another is at work on is left to it.
func TestARowThatIsAnothersIsLeftToIt(t *testing.T) {
	rows, err := Named([]string{"v7-gap/adam"})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "row")
	s, err := Open(rows, Options{Dir: dir, Drawn: 20, Epochs: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	l, err := lease.Keeper{}.Take(filepath.Join(dir, ".lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), nil); err != nil || s.Busy() != 1 || s.Ended() != 0 || s.Failures() != nil {
		t.Errorf("got %v, %d rows of others", err, s.Busy())
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if (run.Folder{Dir: dir}).Exists() {
		t.Error("the row was begun")
	}
}
