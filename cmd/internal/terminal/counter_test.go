package terminal

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train/pace"
)

// TestACounterTellsThePaceOfNow: what another process did before is in no rate, an hour
// ago is forgotten, and nothing is promised before there is a pace.
func TestACounterTellsThePaceOfNow(t *testing.T) {
	at := time.Unix(1000, 0)
	p := NewCounter(io.Discard, 10000)
	p.Begin(5000)
	p.pace = pace.WithClock(func() time.Time { return at })
	want := func(want string) {
		t.Helper()
		if got := p.text(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	want("5000 of 10000 images, 0.0 a second")
	for range 10 {
		at = at.Add(time.Second)
		p.Add(200)
	}
	want("7000 of 10000 images, 200 a second, about 15s left")
	for range 60 {
		at = at.Add(time.Second)
		p.Add(5)
	}
	want("7300 of 10000 images, 5.0 a second, about 9m00s left")
	at = at.Add(10 * time.Minute)
	want("7300 of 10000 images, 0.0 a second")
	p.Add(2700)
	want("10000 of 10000 images, 4.5 a second")
}

// TestNobodyIsShownACounterInALog: and a terminal gets no rest of a longer line.
func TestNobodyIsShownACounterInALog(t *testing.T) {
	var log bytes.Buffer
	p := NewCounter(&log, 10)
	p.Show(3, 10)
	p.Show(10, 10)
	if log.Len() > 0 {
		t.Errorf("got %q in a log, want nothing", log.String())
	}
	p = NewCounter(&log, 10)
	p.ticker = ticker{w: &log}
	p.Show(3, 10)
	p.End()
	if got := log.String(); got[0] != '\r' || !bytes.HasSuffix(log.Bytes(), []byte("\x1b[K\r\x1b[K")) {
		t.Errorf("got %q, want a line that is wiped", got)
	}
}

// TestResultsAreCounted: all of them are passed on, and the line is wiped.
func TestResultsAreCounted(t *testing.T) {
	all := func(yield func(int, error) bool) {
		for i := range 3 {
			if !yield(i, nil) {
				return
			}
		}
		yield(0, io.ErrUnexpectedEOF)
	}
	var log bytes.Buffer
	p := NewCounter(&log, 0)
	p.ticker = ticker{w: &log}
	sum := 0
	var last error
	for i, err := range counted(p, all) {
		sum, last = sum+i, err
	}
	if sum != 3 || last != io.ErrUnexpectedEOF || p.n != 3 {
		t.Errorf("got a sum of %d, %v and %d counted, want 3, an error and 3", sum, last, p.n)
	}
	got := log.String()
	if !strings.HasPrefix(got, "\r1 image, ") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("got %q, want a line that is wiped", got)
	}
	log.Reset()
	for range Counted(&log, io.Discard, all) {
	}
	if log.Len() > 0 {
		t.Errorf("got %q in a log, want nothing", log.String())
	}
}
