package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// isTerminal says whether people look at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// downloadBar shows how far a download is, on a terminal only.
type downloadBar struct {
	w     io.Writer // nil: nobody looks
	last  time.Time
	shown bool
}

func newDownloadBar(w io.Writer) *downloadBar {
	if !isTerminal(w) {
		w = nil
	}
	return &downloadBar{w: w}
}

// show writes over its last line, ten times a second at most.
func (b *downloadBar) show(done, total int64) {
	if b.w == nil || time.Since(b.last) < 100*time.Millisecond && done != total {
		return
	}
	b.last, b.shown = time.Now(), true
	const mib = 1 << 20
	if total > 0 {
		fmt.Fprintf(b.w, "\r%5.1f of %.1f MiB (%d %%)", float64(done)/mib, float64(total)/mib, done*100/total)
		return
	}
	fmt.Fprintf(b.w, "\r%5.1f MiB", float64(done)/mib)
}

// end leaves the line.
func (b *downloadBar) end() {
	if b.shown {
		fmt.Fprintln(b.w)
	}
	b.shown = false
}

// counter shows how many of a number of images are done, on a terminal only.
type counter struct {
	w       io.Writer // nil: nobody looks
	n, of   int
	started time.Time
	last    time.Time
}

func newCounter(w io.Writer, of int) *counter {
	if !isTerminal(w) {
		w = nil
	}
	return &counter{w: w, of: of, started: time.Now()}
}

// add counts, and writes over the last line ten times a second at most.
func (p *counter) add(n int) {
	p.n += n
	if p.w == nil || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	fmt.Fprintf(p.w, "\r%d of %d images, %.0f a second ", p.n, p.of, float64(p.n)/time.Since(p.started).Seconds())
}

// end wipes the line.
func (p *counter) end() {
	if p.w != nil && !p.last.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.last = time.Time{}
	}
}

// counted is a number with its noun: "1 file", "2 files".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// printable is a file's name on one line, its control characters as \n or \x1b: a
// name must not split a line of text, nor command the terminal. Those that turn the
// direction of writing, and bytes that are no UTF-8, count too.
func printable(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch _, size := utf8.DecodeRuneInString(name[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, "\\x%02x", name[i])
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
