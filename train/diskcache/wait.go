package diskcache

import (
	"context"
	"errors"
	"os"
	"time"
)

// Wait locks a folder, which it makes, for this process alone until unlock is called.
// While another process has it, it calls waiting once and tries again until ctx ends.
// Where folders cannot be locked it goes on without.
func Wait(ctx context.Context, dir string, waiting func()) (unlock func(), err error) {
	for again := false; ; again = true {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
		f, err := os.Open(dir)
		if err != nil {
			return nil, err
		}
		err = Lock(f)
		if err == nil || errors.Is(err, errNoLocks) {
			return func() { f.Close() }, nil
		}
		f.Close()
		if !errors.Is(err, ErrHeld) {
			return nil, err
		}
		if !again && waiting != nil {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
