package run

import (
	"errors"
	"fmt"
	"os"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/lease"
)

// BusyError says that another process is at work on a run.
type BusyError struct {
	Dir string
	lease.Holder
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%s: process %d on %s is training there", e.Dir, e.PID, e.Host)
}

// Hint says what can be done.
func (e *BusyError) Hint() string { return "wait for it, or stop it first; or another folder" }

// LeasePath is that of the lease on the folder: whoever has it may write there.
func (f Folder) LeasePath() string { return f.path(".lock") }

// Hold takes the lease on the folder, which is made if need be. Where another process has it
// the error is a [*BusyError].
func (f Folder) Hold() (*lease.Lease, error) {
	l, err := lease.Keeper{}.Take(f.LeasePath())
	var held *lease.HeldError
	if errors.As(err, &held) {
		return nil, &BusyError{f.Dir, held.Holder}
	}
	return l, err
}

// unchanged is an error where the checkpoint of a run that goes on is not the one that was
// read: another process has trained there in between.
func (r *Resume) unchanged(f Folder) error {
	if r == nil || r.read == nil {
		return nil
	}
	now, err := os.Stat(f.path(train.LastFile))
	if err == nil && os.SameFile(now, r.read) && now.ModTime().Equal(r.read.ModTime()) {
		return nil
	}
	return fmt.Errorf("%s: another process has written %s since it was read: start again", f.Dir,
		train.LastFile)
}
