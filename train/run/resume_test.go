package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"
)

// TestWhatMayNotBeReadIsNotDamaged: its remedy is another than to write over the run.
func TestWhatMayNotBeReadIsNotDamaged(t *testing.T) {
	for err, want := range map[error]bool{fs.ErrPermission: false, io.ErrUnexpectedEOF: true} {
		var is *DamagedError
		if got := errors.As(damaged(Folder{"a"}, fmt.Errorf("a: %w", err)), &is); got != want {
			t.Errorf("%v: damaged %t, want %t", err, got, want)
		}
	}
}
