package nn

import (
	"slices"
	"time"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// The steps by which it is decided how threads wait. After firstTrial steps, and then every
// nextTrial, trialSteps steps are done in both ways in turns; the other way is taken where its
// median is less than better times that of the way so far.
const (
	firstTrial = 24
	nextTrial  = 200
	trialSteps = 16
	better     = 0.97
	// shortest is how long a step takes at least for which there are trials: starting and
	// ending threads takes up to 0.1 ms.
	shortest = 5 * time.Millisecond
)

// waiting chooses how the threads of an engine wait, by what steps take. Which way is faster
// depends on the other programs on the machine, which come and go.
type waiting struct {
	engine kernel.Yielder // nil: there is no choice
	yields bool           // the way so far
	now    bool           // the way of the last step
	until  int            // steps before the next trial; in a trial 0
	times  [2][]time.Duration
}

func newWaiting(engine any) waiting {
	y, _ := engine.(kernel.Yielder)
	return waiting{engine: y, until: firstTrial}
}

// before comes before a step. Where a way cannot be taken, for lack of threads, there is no
// choice any more: a training is not ended for that.
func (w *waiting) before() {
	if w.engine == nil {
		return
	}
	w.now = w.yields
	if w.until == 0 && (len(w.times[0])+len(w.times[1]))%2 == 1 {
		w.now = !w.now
	}
	if w.engine.Yield(w.now) != nil {
		w.engine = nil
	}
}

// after comes after a step, which took so long.
func (w *waiting) after(took time.Duration) {
	switch {
	case w.engine == nil:
		return
	case w.until > 0:
		if w.until--; w.until == 0 && took < shortest {
			w.until = nextTrial
		}
		return
	}
	other := 0
	if w.now != w.yields {
		other = 1
	}
	w.times[other] = append(w.times[other], took)
	if len(w.times[0])+len(w.times[1]) < trialSteps {
		return
	}
	if float64(median(w.times[1])) < better*float64(median(w.times[0])) {
		w.yields = !w.yields
	}
	w.times[0], w.times[1] = w.times[0][:0], w.times[1][:0]
	w.until = nextTrial
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
