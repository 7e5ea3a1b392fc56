package shell

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/flowerctl/flowerctl/train/table"
)

// The exit codes. Scripts rely on them.
const (
	ExitDone       = 0
	ExitFailed     = 1
	ExitUsage      = 2  // asked wrongly: a flag, a name, a missing argument
	ExitDifference = 3  // verify found a difference
	ExitNoDevice   = 4  // the asked device is not there
	ExitNoRetry    = 42 // of a shard: failed, and trying again will not help
)

// failure is an error with how to exit and what the user can do about it.
// Libraries return plain errors; commands add these.
type failure struct {
	error
	code  int
	hints []string // one line each
}

func (f *failure) Unwrap() error { return f.error }

// Fail adds hints to an error; the exit code stays, or is 1.
func Fail(err error, hints ...string) error {
	return FailWith(codeOf(err), err, hints...)
}

// FailWith gives an error its exit code and hints, before those it has.
func FailWith(code int, err error, hints ...string) error {
	if err == nil {
		return nil
	}
	var inner *failure
	if errors.As(err, &inner) {
		hints = append(hints, inner.hints...)
	}
	return &failure{error: err, code: code, hints: hints}
}

// Usagef is an error in how the program was called: exit code 2.
func Usagef(format string, args ...any) error {
	return &failure{error: fmt.Errorf(format, args...), code: ExitUsage}
}

// codeOf is the exit code that err asks for.
func codeOf(err error) int {
	var f *failure
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &f):
		return f.code
	default:
		return ExitFailed
	}
}

// IsUsage says whether an error is in how the program was called.
func IsUsage(err error) bool { return codeOf(err) == ExitUsage }

// PrintError prints err as users see it, and returns the exit code.
//
//	flowerctl predict: cat.txt: not an image (text/plain)
//	hint: JPEG, PNG, GIF, WebP, BMP and TIFF are read
func PrintError(w io.Writer, command string, err error) int {
	if err == nil {
		return ExitDone
	}
	fmt.Fprintf(w, "%s: %s\n", command, OneLine(err))
	for _, hint := range hintsOf(err) {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
	return codeOf(err)
}

// OneLine is an error's text without line breaks, which joined errors and
// native libraries put in, and without control characters.
func OneLine(err error) string { return table.OneLine(PlainText(err)) }

// hintsOf are the hints of a failure, or what an error of a library that knows
// the remedy itself offers.
func hintsOf(err error) []string {
	var f *failure
	if errors.As(err, &f) && len(f.hints) > 0 {
		return f.hints
	}
	var remedied interface{ Hint() string }
	if errors.As(err, &remedied) && remedied.Hint() != "" {
		return []string{remedied.Hint()}
	}
	return nil
}

// Reword gives an error another text; it stays the same error to whoever asks for
// its kind.
func Reword(err error, text string) error { return &reworded{text, err} }

type reworded struct {
	text string
	error
}

func (r *reworded) Error() string { return r.text }
func (r *reworded) Unwrap() error { return r.error }

// PlainText is an error's text with the file first: "x.onnx: no such file or
// directory" in place of "open x.onnx: no such file or directory".
func PlainText(err error) string {
	text := err.Error()
	var at *fs.PathError
	if errors.As(err, &at) {
		text = strings.Replace(text, at.Error(), fmt.Sprintf("%s: %v", at.Path, at.Err), 1)
	}
	return text
}
