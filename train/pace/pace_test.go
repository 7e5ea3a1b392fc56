package pace

import (
	"math"
	"testing"
	"time"
)

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(seconds float64) { c.at = c.at.Add(time.Duration(seconds * 1e9)) }
func begun() (c *clock, p *Pace) {
	c = &clock{time.Unix(1000, 0)}
	return c, WithClock(c.now)
}

func near(got, want, within float64) bool { return math.Abs(got-want) <= within }

// TestARateIsOfTheLastHalfMinute: after an hour at 100 a second and a minute at 10, it is
// 10, and what is left is reckoned with that.
func TestARateIsOfTheLastHalfMinute(t *testing.T) {
	c, p := begun()
	for range 36000 {
		c.pass(0.1)
		p.Add(10)
	}
	if got := p.PerSecond(); !near(got, 100, 1) {
		t.Errorf("got %g a second, want 100", got)
	}
	for range 60 {
		c.pass(1)
		p.Add(10)
	}
	if got := p.PerSecond(); !near(got, 10, 0.01) {
		t.Errorf("after a minute at 10: got %g a second", got)
	}
	if left, known := p.Left(600); !known || !near(left.Seconds(), 60, 0.1) {
		t.Errorf("600 are left: got %v, %v, want a minute", left, known)
	}
	if n := len(p.samples); n > 32 {
		t.Errorf("got %d samples, want a window of them", n)
	}
}

// TestARateFallsWhileNothingIsDone: what hangs is seen.
func TestARateFallsWhileNothingIsDone(t *testing.T) {
	c, p := begun()
	for range 100 {
		c.pass(1)
		p.Add(6)
	}
	before := p.PerSecond()
	c.pass(20)
	if got := p.PerSecond(); got >= before || got <= 0 {
		t.Errorf("after 20 idle seconds: got %g, want less than %g and more than 0", got, before)
	}
	c.pass(100)
	if got := p.PerSecond(); got != 0 {
		t.Errorf("after two idle minutes: got %g, want 0", got)
	}
	if left, known := p.Left(1); known {
		t.Errorf("nothing is done: got %v left, want not known", left)
	}
	if left, known := p.Left(0); known {
		t.Errorf("nothing is done, nothing is left: got %v, want not known", left)
	}
}

// TestSlowWorkHasARate: where a piece takes longer than the window, it is the piece's.
func TestSlowWorkHasARate(t *testing.T) {
	c, p := begun()
	for range 3 {
		c.pass(90)
		p.Add(9)
		if got := p.PerSecond(); !near(got, 0.1, 1e-9) {
			t.Errorf("got %g a second, want 0.1", got)
		}
	}
}

// TestNothingIsPromisedAtFirst: a second says nothing of hours.
func TestNothingIsPromisedAtFirst(t *testing.T) {
	c, p := begun()
	if got := p.PerSecond(); got != 0 {
		t.Errorf("at once: got %g, want 0", got)
	}
	c.pass(1)
	p.Add(1)
	if left, known := p.Left(1000); known {
		t.Errorf("after a second: got %v left, want not known", left)
	}
	c.pass(1)
	p.Add(1)
	if left, known := p.Left(1000); !known || left != 1000*time.Second {
		t.Errorf("after two seconds: got %v left, %v, want 1000 s", left, known)
	}
}
