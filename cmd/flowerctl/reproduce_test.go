package main

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train"
)

// planned are all rows, none of them begun.
func planned(t *testing.T) *study {
	t.Helper()
	c := cli.NewContext(cli.NewApp(), flag.NewFlagSet("", flag.ContinueOnError), nil)
	s := &study{c: c}
	for _, r := range studyRows {
		p, err := resolve(r.settings(c))
		if err != nil {
			t.Fatalf("%s: %v", r.name(), err)
		}
		s.rows = append(s.rows, &rowRun{studyRow: r, plan: p})
	}
	return s
}

func (s *study) row(name string) *rowRun {
	for _, r := range s.rows {
		if r.name() == name {
			return r
		}
	}
	return nil
}

func TestEveryRowOfTheStudyCanBeRun(t *testing.T) {
	if len(studyRows) != 23 {
		t.Errorf("%d rows, want 23", len(studyRows))
	}
	seen := map[string]bool{}
	for _, r := range planned(t).rows {
		if seen[r.name()] {
			t.Errorf("%s: two rows", r.name())
		}
		seen[r.name()] = true
		p := r.plan
		if p.LR != 1e-3 || p.Epochs != r.Limit || p.Patience != r.Patience || p.Batch != r.Batch || !slices.Equal(p.AuxWeight, headWeights{1}) {
			t.Errorf("%s: runs with %+v", r.name(), p.settings)
		}
	}
}

// TestTheCheapestRowComesNext: by operations at first, then by what was measured.
func TestTheCheapestRowComesNext(t *testing.T) {
	s := planned(t)
	for _, r := range s.rows {
		if _, measured := s.cost(r); measured {
			t.Errorf("%s: nothing was measured", r.name())
		}
	}
	gap, vgg := s.row("v7-gap/adam"), s.row("v5-vgg16/adagrad")
	cheap, _ := s.cost(gap)
	dear, _ := s.cost(vgg)
	if next := s.next(); next == nil || dear < 10*cheap {
		t.Errorf("next is %v; v5-vgg16 costs %g, v7-gap %g", next, dear, cheap)
	}
	gap.record = &runRecord{history: []train.Epoch{{Epoch: 1, Seconds: 20}, {Epoch: 2, Seconds: 22}}}
	if cost, measured := s.cost(gap); !measured || cost != 61*21 { // of 63 epochs
		t.Errorf("v7-gap: %g s, %v, want 61 epochs of 21 s", cost, measured)
	}
	after, measured := s.cost(vgg)
	if want := dear / (cheap / 63) * 21; !measured || after < 0.999*want || after > 1.001*want {
		t.Errorf("v5-vgg16: %g s, %v, want %g: as many times v7-gap's as it has operations", after, measured, want)
	}
	for _, r := range s.rows {
		r.err = errors.New("failed")
	}
	if s.next() != nil {
		t.Error("a row that failed comes again")
	}
}

func TestTablesSayWhatDiffersFromTheStudy(t *testing.T) {
	s := planned(t)
	r := s.row("v7-gap/adam")
	r.dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(r.dir, train.ReportFile), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		limit, drawn int
		state, notes string
	}{
		{2, 20, rowEnded, "drawn flowers; limited to 2 epochs, in the study to 150"},
		{2, 0, rowEnded, "limited to 2 epochs, in the study to 150"},
		{150, 0, rowBegun, rowBegun},
	} {
		was := r.plan.settings
		was.Epochs, was.Drawn = x.limit, x.drawn
		r.record = &runRecord{dir: r.dir, settings: was, summary: &train.Summary{Epochs: 2, Stopped: train.AllEpochs},
			history: []train.Epoch{{Epoch: 1, Seconds: 2}, {Epoch: 2, Seconds: 2}}}
		for _, asked := range []int{2, 150} {
			r.plan.Epochs = asked
			for _, row := range s.tableRows() {
				if row.name() == r.name() && (row.State != x.state || row.Notes != x.notes) {
					t.Errorf("limited to %d, asked for %d: got %q with notes %q, want %q with %q",
						x.limit, asked, row.State, row.Notes, x.state, x.notes)
				}
			}
		}
		r.plan.Epochs = r.Limit
	}
}
