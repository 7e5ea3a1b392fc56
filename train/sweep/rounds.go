package sweep

import (
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/run"
)

// progress is how far a trial is.
type progress struct {
	record  *run.Record // nil where it was not begun
	ended   bool
	failure *Failure
}

func (p *progress) epochs() int {
	if p.record == nil {
		return 0
	}
	return len(p.record.History)
}

// look reads how far a trial is.
func (s *Sweep) look(t *Trial) (p *progress, err error) {
	if known := s.done[t.Number]; known != nil {
		return known, nil
	}
	p = new(progress)
	if f := s.Folder(t); f.Exists() {
		if p.record, err = f.Record(); err != nil {
			return nil, err
		}
		// A process that was killed before the report goes on, and writes it.
		if sum := p.record.Summary; sum != nil && f.Reported() {
			p.ended = sum.Stopped == train.NoBetter || p.epochs() >= p.record.Settings.Epochs
		}
	}
	if p.failure, err = s.failure(t); err != nil {
		return nil, err
	}
	if p.failure != nil && *p.failure == s.before[t.Number] {
		p.failure = nil // it is tried again
	}
	if p.ended {
		s.done[t.Number] = p
	}
	return p, nil
}

// progress is that of all trials.
func (s *Sweep) progress() (all []*progress, err error) {
	for i := range s.Plan.Trials {
		p, err := s.look(&s.Plan.Trials[i])
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// goal is how far a trial is to go: after so many epochs it is compared, or at last it ends.
type goal struct {
	epochs int
	last   bool
}

// reached says whether nothing is left to do for it.
func (g goal) reached(p *progress) bool {
	return p.ended || p.failure != nil || !g.last && p.epochs() >= g.epochs
}

// goals are those of all trials as they are now, and in which round of halving the sweep is,
// from 1. They depend on nothing but the histories and failures of the trials, so that all
// processes find the same.
func (s *Sweep) goals(all []*progress) (goals []goal, round int) {
	goals = make([]goal, len(all))
	h := s.Plan.Halving
	if h == nil {
		for i := range goals {
			goals[i].last = true
		}
		return goals, 1
	}
	alive := make([]int, s.Plan.Points)
	for i := range alive {
		alive[i] = i + 1
	}
	for r, epochs := range h.Epochs {
		reached := true
		for i := range s.Plan.Trials {
			if slices.Contains(alive, s.Plan.Trials[i].Point) {
				goals[i] = goal{epochs, epochs == h.last()}
				reached = reached && goals[i].reached(all[i])
			}
		}
		if round = r + 1; !reached || epochs == h.last() {
			break
		}
		alive = s.goOn(alive, epochs, all)
	}
	return goals, round
}

// goOn are the points that do, of those that were trained for so many epochs.
func (s *Sweep) goOn(points []int, epochs int, all []*progress) []int {
	means := map[int]float64{}
	var ranked []int
	for _, point := range points {
		values, complete := s.values(point, epochs, all)
		if complete {
			means[point], _ = metrics.MeanDeviation(values)
			ranked = append(ranked, point)
		}
	}
	slices.SortStableFunc(ranked, func(a, b int) int { return s.order(means[a], means[b]) })
	return ranked[:min(len(ranked), s.Plan.Halving.left(len(points)))]
}

// order puts the better of two figures first.
func (s *Sweep) order(a, b float64) int {
	switch f := s.Plan.Figure; {
	case f.better(a, b):
		return -1
	case f.better(b, a):
		return 1
	}
	return 0
}

// values are the figures of the trials of a point after so many epochs; complete says that
// none failed before, and none is still to come there.
func (s *Sweep) values(point, epochs int, all []*progress) (values []float64, complete bool) {
	complete = true
	for i := range s.Plan.Trials {
		if s.Plan.Trials[i].Point != point {
			continue
		}
		if p := all[i]; !p.ended && p.epochs() < epochs {
			complete = false
			continue
		}
		values = append(values, s.value(all[i], epochs))
	}
	return values, complete
}

// value is the figure of a trial after so many epochs, NaN where there is none.
func (s *Sweep) value(p *progress, epochs int) float64 {
	if p.record == nil {
		return math.NaN()
	}
	e, ok := best(p.record.History, train.Monitor(p.record.Settings.Monitor), epochs)
	if !ok {
		return math.NaN()
	}
	return s.Plan.Figure.of(e)
}
