package sweep

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/lease"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/table"
)

// The files of a sweep that has ended; SuccessFile is the last, and comes only where no trial
// failed.
const (
	ResultFile  = "result.json"
	TableFile   = "sweep.csv"
	SuccessFile = "_SUCCESS"
)

// State is what became of a trial.
type State string

// The states.
const (
	ToBegin State = "to begin"
	Begun   State = "begun"   // nobody is at work on it now
	AtWork  State = "at work" // of a process that is there, as far as can be told
	Ended   State = "ended"
	LeftOut State = "left out" // by halving: other settings were better
	Failed  State = "failed"
)

// Result is what came out of a sweep. Its JSON is result.json, and what `flowerctl sweep
// --json` prints.
type Result struct {
	Sweep    string   `json:"sweep"` // its folder
	Plan     string   `json:"plan"`  // SHA-256
	Figure   Figure   `json:"figure"`
	Halving  *Halving `json:"halving,omitempty"`
	Round    int      `json:"round,omitempty"` // of halving, from 1
	Complete bool     `json:"complete"`        // no trial is left
	// Best are the best settings, by the mean of the figure over their trials; nil where no
	// settings have all of theirs ended.
	Best   *Point   `json:"best"`
	Points []Point  `json:"points"`
	Tried  []string `json:"tried"`
	Trials []Row    `json:"trials"`
}

// Point is settings that were tried.
type Point struct {
	Point     int               `json:"point"`
	Tried     map[string]string `json:"tried"`
	Trials    []int             `json:"trials"`
	Mean      *float64          `json:"mean"`      // of the figure; null before all have ended
	Deviation *float64          `json:"deviation"` // of several trials, n-1
	// Run is the run with the best figure of its trials, and Interval that of its
	// validation accuracy, 95 %.
	Run      string     `json:"run,omitempty"`
	Interval [2]float64 `json:"val_interval"`
}

// Row is a trial.
type Row struct {
	Trial       int               `json:"trial"`
	Run         string            `json:"run"`
	State       State             `json:"state"`
	Point       int               `json:"point"`
	Tried       map[string]string `json:"tried"`
	Seed        uint64            `json:"seed"`
	Fold        int               `json:"fold,omitempty"`
	Epochs      int               `json:"epochs"`
	BestEpoch   int               `json:"best_epoch"`
	Value       *float64          `json:"value"` // of the figure, at the best epoch
	ValAccuracy *float64          `json:"val_accuracy"`
	ValInterval [2]float64        `json:"val_interval"`
	Test        *float64          `json:"test_accuracy,omitempty"`
	Seconds     float64           `json:"seconds"`
	Reason      string            `json:"reason,omitempty"` // why it failed

	permanent, mine bool
}

// Result reads what came out by now. Of a sweep whose trials have all ended it writes the
// files; which settings are best is decided by validation images, never by test images.
func (s *Sweep) Result() (*Result, error) {
	r, err := s.result(false)
	if err != nil || !r.Complete {
		return r, err
	}
	success := filepath.Join(s.Dir, SuccessFile)
	if err := os.Remove(success); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	err = atomicfile.Write(filepath.Join(s.Dir, TableFile), r.lines().WriteCSV)
	if err == nil {
		err = train.WriteJSON(filepath.Join(s.Dir, ResultFile), r)
	}
	if err == nil && len(r.Failures()) == 0 {
		err = atomicfile.WriteBytes(success, nil)
	}
	return r, err
}

// result is what came out by now; working says that leases are looked at.
func (s *Sweep) result(working bool) (*Result, error) {
	all, err := s.progress()
	if err != nil {
		return nil, err
	}
	goals, round := s.goals(all)
	r := &Result{Sweep: s.Dir, Plan: s.Plan.SHA256, Figure: s.Plan.Figure, Halving: s.Plan.Halving,
		Tried: s.Plan.Tried, Complete: true}
	if r.Halving != nil {
		r.Round = round
	}
	for i := range s.Plan.Trials {
		t := &s.Plan.Trials[i]
		row := s.row(t, all[i])
		reached := goals[i].reached(all[i])
		r.Complete = r.Complete && reached
		switch {
		case row.State == Failed || row.State == Ended:
		case reached && r.Halving != nil && goals[i].epochs < r.Halving.Epochs[round-1]:
			row.State = LeftOut
		case working:
			if holder, err := (lease.Keeper{}).Held(s.lock(t)); err != nil {
				return nil, err
			} else if holder != nil {
				row.State = AtWork
			}
		}
		r.Trials = append(r.Trials, row)
	}
	r.rank()
	return r, nil
}

// row is a trial, without what other trials and processes decide.
func (s *Sweep) row(t *Trial, p *progress) Row {
	row := Row{Trial: t.Number, Run: s.Folder(t).Dir, State: ToBegin, Point: t.Point, Tried: t.Tried,
		Seed: t.Settings.Seed, Fold: t.Settings.Fold, mine: s.mine(t)}
	if p.failure != nil {
		row.State, row.Reason, row.permanent = Failed, p.failure.Reason, p.failure.Permanent
	}
	if p.record == nil {
		return row
	}
	switch {
	case row.State == Failed:
	case p.ended:
		row.State = Ended
	default:
		row.State = Begun
	}
	row.Epochs, row.Seconds = p.epochs(), p.record.Seconds()
	e, ok := best(p.record.History, train.Monitor(p.record.Settings.Monitor), row.Epochs)
	if !ok {
		return row
	}
	row.BestEpoch, row.ValAccuracy = e.Epoch, &e.ValAccuracy
	if v := s.Plan.Figure.of(e); !math.IsNaN(v) && !math.IsInf(v, 0) {
		row.Value = &v
	}
	if p.record.Images > 0 {
		right := int(math.Round(e.ValAccuracy * float64(p.record.Images)))
		row.ValInterval[0], row.ValInterval[1] = metrics.Wilson(right, p.record.Images)
	}
	if p.record.Summary != nil {
		row.Test = p.record.Summary.TestAccuracy
	}
	return row
}

// rank sums up the trials of each point, and finds the best. Settings that halving left out
// had fewer epochs: they are not compared with those that ended.
func (r *Result) rank() {
	last := r.Trials[len(r.Trials)-1].Point
	for n := 1; n <= last; n++ {
		p := Point{Point: n}
		var values []float64
		var top *Row
		for i := range r.Trials {
			row := &r.Trials[i]
			if row.Point != n {
				continue
			}
			p.Tried, p.Trials = row.Tried, append(p.Trials, row.Trial)
			if row.State != Ended || row.Value == nil {
				continue
			}
			values = append(values, *row.Value)
			if top == nil || r.Figure.better(*row.Value, *top.Value) {
				top = row
			}
		}
		if len(values) == len(p.Trials) {
			mean, deviation := metrics.MeanDeviation(values)
			p.Mean, p.Run, p.Interval = &mean, top.Run, top.ValInterval
			if len(values) > 1 {
				p.Deviation = &deviation
			}
		}
		r.Points = append(r.Points, p)
	}
	for i := range r.Points {
		if p := &r.Points[i]; p.Mean != nil && (r.Best == nil || r.Figure.better(*p.Mean, *r.Best.Mean)) {
			r.Best = p
		}
	}
}

// Failures are the trials that failed.
func (r *Result) Failures() []Row {
	return slices.DeleteFunc(slices.Clone(r.Trials), func(row Row) bool { return row.State != Failed })
}

// Err is nil where no trial failed, of those of this process's shard: a [*permanent.Error]
// where none of those that did would do otherwise another time.
func (r *Result) Err() error {
	failures := slices.DeleteFunc(r.Failures(), func(row Row) bool { return !row.mine })
	if len(failures) == 0 {
		return nil
	}
	err := fmt.Errorf("%d of %s failed, such as %s", len(failures),
		table.Count(len(r.Trials), "trial"),
		failures[0].Run)
	if slices.ContainsFunc(failures, func(row Row) bool { return !row.permanent }) {
		return err
	}
	return &permanent.Error{Err: err}
}
