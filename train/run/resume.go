package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
)

// Resume is what a run needs to go on: its last checkpoint and its split.
type Resume struct {
	Checkpoint *checkpoint.Checkpoint
	Split      *data.Set
	// Epochs is how many the run was to have; 0 where that is not known.
	Epochs int

	read os.FileInfo // of the file of Checkpoint, as it was read
}

// NotStartedError says that a run has nothing to go on from: an error ended it in
// its first epoch, which the same settings would meet again, or it was stopped
// before its first step.
type NotStartedError struct {
	Folder Folder
	// Failure is the error that ended it, "" for none, and LR its learning rate.
	Failure string
	LR      float64
	missing *NoCheckpointError
}

func (e *NotStartedError) Error() string {
	if e.Failure != "" {
		return fmt.Sprintf("%s ended in its first epoch: %s", e.Folder.Dir, e.Failure)
	}
	return fmt.Sprintf("%s has no %s, so no step was finished there", e.Folder.Dir, e.missing.Name)
}

// DamagedError says that a file that a run needs to go on cannot be read.
type DamagedError struct {
	Folder Folder
	Err    error
}

func (e *DamagedError) Error() string { return e.Err.Error() }

func (e *DamagedError) Unwrap() error { return e.Err }

// damaged is err as a [*DamagedError], unless it is that the file may not be read: it may be
// as it should.
func damaged(f Folder, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	return &DamagedError{f, err}
}

// Resume reads what the run needs to go on. Where there is nothing the error is a
// [*NotStartedError], where a file is damaged or gone a [*DamagedError].
func (f Folder) Resume() (*Resume, error) {
	read, err := os.Stat(f.path(train.LastFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	last, err := f.Checkpoint(Last)
	var missing *NoCheckpointError
	if errors.As(err, &missing) {
		e := &NotStartedError{Folder: f, missing: missing}
		if was, err := f.Record(); err == nil {
			e.Failure, e.LR = was.Failed, was.Settings.LR
		}
		return nil, e
	}
	if err != nil {
		return nil, damaged(f, err)
	}
	split, err := f.Split()
	if err != nil {
		return nil, damaged(f, err)
	}
	split.SplitBy = last.Training.Split
	settings, err := f.Settings()
	if err != nil {
		return nil, err
	}
	return &Resume{Checkpoint: last, Split: split, Epochs: settings.Epochs, read: read}, nil
}
