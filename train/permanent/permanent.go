// Package permanent has the error of jobs that a scheduler starts again when they fail: one
// that starting again cannot mend. It imports nothing of this module, so that every package
// may use it.
package permanent

import "fmt"

// Error is an error that doing the same again cannot mend.
type Error struct {
	Err    error
	Remedy string // what can, in a line; may be empty
}

// Errorf is an [*Error] with such a text, and what mends it.
func Errorf(remedy, format string, args ...any) error {
	return &Error{fmt.Errorf(format, args...), remedy}
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap is the error itself.
func (e *Error) Unwrap() error { return e.Err }

// Hint is the remedy.
func (e *Error) Hint() string { return e.Remedy }
