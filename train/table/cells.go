package table

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Percent is a share as people read it: 0.801 is "80.1 %".
func Percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// Seconds is a number of seconds as [Duration] writes it.
func Seconds(s float64) string { return Duration(time.Duration(s * float64(time.Second))) }

// Duration is a time as people read it: 0.5s, 42s, 3m10s, 2h05m.
func Duration(d time.Duration) string {
	s := int(math.Round(d.Seconds()))
	switch {
	case s < 1 && d > 0:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	}
	return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
}

// OneLine is text without line breaks, which become "; ", and otherwise [Printable].
func OneLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	return Printable(strings.Join(lines, "; "))
}

// Printable is text on one line, its control characters as \n or \x1b: the name of a
// file must not split a line, nor command the terminal. Characters that change the
// direction of writing, and bytes that are not UTF-8, are replaced too.
func Printable(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch _, size := utf8.DecodeRuneInString(text[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, "\\x%02x", text[i])
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Bytes is a size in kB, MB, GB or TB, whichever is one or more.
func Bytes(n int64) string {
	switch {
	case n >= 1e12:
		return fmt.Sprintf("%.1f TB", float64(n)/1e12)
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return Megabytes(n)
}

// Megabytes is a size in kB, or in MB from one on.
func Megabytes(n int64) string {
	if n < 1e6 {
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
