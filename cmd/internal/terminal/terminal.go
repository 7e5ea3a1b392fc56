// Package terminal shows how far work is: bars and counters where people look on,
// and lines where a log is kept.
package terminal

import (
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/flowerctl/flowerctl/train/pace"
	"github.com/flowerctl/flowerctl/train/table"
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

// DownloadBar shows how far a download is, on a terminal only.
type DownloadBar struct{ ticker }

// NewDownloadBar makes the bar of a download.
func NewDownloadBar(w io.Writer) *DownloadBar { return &DownloadBar{newTicker(w)} }

// Show writes how much is there; total is not known where it is not positive.
func (b *DownloadBar) Show(done, total int64) {
	const mib = 1 << 20
	switch {
	case !b.due() && (b.w == nil || done != total):
	case total > 0:
		b.write("%5.1f of %.1f MiB (%d %%)", float64(done)/mib, float64(total)/mib, done*100/total)
	default:
		b.write("%5.1f MiB", float64(done)/mib)
	}
}

// End starts a new line.
func (b *DownloadBar) End() { b.leave("\n") }

// Counter shows how many of a number of images are done, at the pace of the last half
// minute, on a terminal only.
type Counter struct {
	ticker
	n, of int
	pace  *pace.Pace
}

// NewCounter makes the counter of that many images; 0: it is not known how many.
func NewCounter(w io.Writer, of int) *Counter {
	return &Counter{ticker: newTicker(w), of: of, pace: pace.New()}
}

// Add counts n images more.
func (p *Counter) Add(n int) {
	p.n += n
	p.pace.Add(int64(n))
	if p.due() {
		p.write("%s\x1b[K", p.text())
	}
}

// text is the line. What is left is told once the pace is known.
func (p *Counter) text() string {
	if p.of == 0 {
		return fmt.Sprintf("%s, %s a second", table.Count(p.n, "image"), rateText(p.pace.PerSecond()))
	}
	text := fmt.Sprintf("%d of %s, %s a second", p.n, table.Count(p.of, "image"),
		rateText(p.pace.PerSecond()))
	if left, known := p.pace.Left(int64(p.of - p.n)); known && p.n < p.of {
		text += ", about " + table.Duration(left) + " left"
	}
	return text
}

// rateText is a rate with a decimal where it is small.
func rateText(rate float64) string {
	if rate < 10 {
		return fmt.Sprintf("%.1f", rate)
	}
	return fmt.Sprintf("%.0f", rate)
}

// Show is Add for callers that count themselves: done in place of what is more. It wipes the
// line when all are done.
func (p *Counter) Show(done, total int) {
	if p.Add(done - p.n); done == total {
		p.End()
	}
}

// Begin says how many images were done before, which are in no rate.
func (p *Counter) Begin(done int) { p.n = done }

// End wipes the line.
func (p *Counter) End() { p.leave("\r\x1b[K") }

// Counted yields all, and counts them on w where people look at w but not at out, where they
// are written.
func Counted[T any](w, out io.Writer, all iter.Seq2[T, error]) iter.Seq2[T, error] {
	if isTerminal(out) || !isTerminal(w) {
		return all
	}
	return counted(NewCounter(w, 0), all)
}

func counted[T any](p *Counter, all iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		defer p.End()
		for one, err := range all {
			if err == nil {
				p.Add(1)
			}
			if !yield(one, err) {
				return
			}
		}
	}
}
