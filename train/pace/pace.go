// Package pace measures how fast work goes now: over the last half minute, not since it
// began, so that the figure follows a machine that becomes slower or free. It imports
// nothing of this module. Start at [New].
package pace

import "time"

const (
	// window is the time that a rate is measured over.
	window = 30 * time.Second
	// apart is the least time between two samples.
	apart = time.Second
	// enough is the time after which a rate says something of what is left.
	enough = 2 * time.Second
)

// Pace counts what is done. It is for one goroutine.
type Pace struct {
	now     func() time.Time
	done    int64
	samples []sample // the first is as old as the window, or when the work began
}

// sample is how much was done at a time.
type sample struct {
	at   time.Time
	done int64
}

// New measures from now on.
func New() *Pace { return WithClock(time.Now) }

// WithClock measures by another clock, for tests.
func WithClock(now func() time.Time) *Pace {
	return &Pace{now: now, samples: []sample{{at: now()}}}
}

// Add counts n more as done.
func (p *Pace) Add(n int64) {
	p.done += n
	now := p.now()
	if now.Sub(p.samples[len(p.samples)-1].at) < apart {
		return
	}
	p.samples = append(p.samples, sample{now, p.done})
	p.forget(now)
}

// forget drops samples as long as the next one is as old as the window too.
func (p *Pace) forget(now time.Time) {
	old := 0
	for old+1 < len(p.samples) && now.Sub(p.samples[old+1].at) >= window {
		old++
	}
	p.samples = append(p.samples[:0], p.samples[old:]...)
}

// PerSecond is how much was done a second over the last half minute, or over the time
// since the last that was done before it where a piece of work takes longer. It falls
// while nothing is done.
func (p *Pace) PerSecond() float64 {
	now := p.now()
	p.forget(now)
	from := p.samples[0]
	if s := now.Sub(from.at).Seconds(); s > 0 {
		return float64(p.done-from.done) / s
	}
	return 0
}

// Left is how long n more will take at this pace. It is not known in the first two
// seconds, nor while nothing is done.
func (p *Pace) Left(n int64) (left time.Duration, known bool) {
	if p.now().Sub(p.samples[0].at) < enough {
		return 0, false
	}
	rate := p.PerSecond()
	seconds := float64(n) / rate
	if rate <= 0 || seconds > float64(1<<62)/float64(time.Second) {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}
