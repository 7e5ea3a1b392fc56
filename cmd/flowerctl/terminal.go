package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// isTerminal says whether people look at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// ticker is a line on a terminal that is written over ten times a second at most.
type ticker struct {
	w    io.Writer // nil: nobody looks
	last time.Time // zero: there is no line
}

func newTicker(w io.Writer) ticker {
	if !isTerminal(w) {
		return ticker{}
	}
	return ticker{w: w}
}

// due says whether a line is to be written now.
func (t *ticker) due() bool { return t.w != nil && time.Since(t.last) >= 100*time.Millisecond }

func (t *ticker) write(format string, args ...any) {
	t.last = time.Now()
	fmt.Fprintf(t.w, "\r"+format, args...)
}

// leave ends the line with text, where there is one.
func (t *ticker) leave(text string) {
	if !t.last.IsZero() {
		io.WriteString(t.w, text)
	}
	t.last = time.Time{}
}

// downloadBar shows how far a download is, on a terminal only.
type downloadBar struct{ ticker }

func newDownloadBar(w io.Writer) *downloadBar { return &downloadBar{newTicker(w)} }

// show writes how much is there; total is not known where it is not positive.
func (b *downloadBar) show(done, total int64) {
	const mib = 1 << 20
	switch {
	case !b.due() && (b.w == nil || done != total):
	case total > 0:
		b.write("%5.1f of %.1f MiB (%d %%)", float64(done)/mib, float64(total)/mib, done*100/total)
	default:
		b.write("%5.1f MiB", float64(done)/mib)
	}
}

// end starts a new line.
func (b *downloadBar) end() { b.leave("\n") }

// counter shows how many of a number of images are done, on a terminal only.
type counter struct {
	ticker
	n, of   int
	started time.Time
}

func newCounter(w io.Writer, of int) *counter {
	return &counter{ticker: newTicker(w), of: of, started: time.Now()}
}

// add counts n images more.
func (p *counter) add(n int) {
	if p.n += n; p.due() {
		rate := float64(p.n) / time.Since(p.started).Seconds()
		p.write("%d of %d images, %.0f a second ", p.n, p.of, rate)
	}
}

// end wipes the line.
func (p *counter) end() { p.leave("\r\x1b[K") }

// counted is a number with its noun: "1 file", "2 files".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
