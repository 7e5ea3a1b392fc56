package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/flowerctl/flowerctl/train/table"
)

// The exit codes. Scripts rely on them.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2 // asked wrongly: a flag, a name, a missing argument
	exitDifference = 3 // verify found a difference
	exitNoDevice   = 4 // the asked device is not there
)

// failure is an error with how to exit and what the user can do about it.
// Libraries return plain errors; commands add these.
type failure struct {
	error
	code  int
	hints []string // one line each
}

func (f *failure) Unwrap() error { return f.error }

// fail adds hints to an error; the exit code stays, or is 1.
func fail(err error, hints ...string) error {
	return failWith(codeOf(err), err, hints...)
}

// failWith gives an error its exit code and hints, before those it has.
func failWith(code int, err error, hints ...string) error {
	if err == nil {
		return nil
	}
	var inner *failure
	if errors.As(err, &inner) {
		hints = append(hints, inner.hints...)
	}
	return &failure{error: err, code: code, hints: hints}
}

// usagef is an error in how the program was called: exit code 2.
func usagef(format string, args ...any) error {
	return &failure{error: fmt.Errorf(format, args...), code: exitUsage}
}

// codeOf is the exit code that err asks for.
func codeOf(err error) int {
	var f *failure
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &f):
		return f.code
	default:
		return exitFailed
	}
}

// printError prints err as users see it, and returns the exit code.
//
//	flowerctl predict: cat.txt: not an image (text/plain)
//	hint: JPEG, PNG, GIF, WebP, BMP and TIFF are read
func printError(w io.Writer, command string, err error) int {
	if err == nil {
		return exitDone
	}
	err = remedied(err)
	fmt.Fprintf(w, "%s: %s\n", command, oneLine(err))
	for _, hint := range hintsOf(err) {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
	return codeOf(err)
}

// oneLine is an error's text without line breaks, which joined errors and
// native libraries put in, and without control characters.
func oneLine(err error) string {
	lines := strings.FieldsFunc(plainText(err), func(r rune) bool { return r == '\n' || r == '\r' })
	return table.Printable(strings.Join(lines, "; "))
}

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
