package remedy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/study"
)

// Resume says how a run that cannot go on is started again.
func Resume(err error) error {
	var damaged *run.DamagedError
	if errors.As(err, &damaged) {
		f := damaged.Folder
		hints := []string{"start it again with --config " + f.ConfigPath() + " --out " + f.Dir + " --force"}
		_, noSplit := f.Split()
		if _, err := f.Checkpoint(run.Best); err == nil && noSplit == nil {
			hints = append(hints, "the best weights are there: flowerctl export model.onnx --run "+f.Dir)
		}
		return shell.Fail(fmt.Errorf("--resume: %w", err), hints...)
	}
	var unstarted *run.NotStartedError
	if !errors.As(err, &unstarted) {
		var none *run.NoRunError
		if errors.As(err, &none) {
			return fmt.Errorf("--resume: %w", err)
		}
		return err
	}
	f := unstarted.Folder
	again := "start it again with --config " + f.ConfigPath() + " --out " + f.Dir + " --force"
	switch {
	case ofDisk(unstarted.Failure):
		again = "make room on the disk that has " + f.Dir + ", then " + again
	case unstarted.Failure != "":
		again += fmt.Sprintf(", and other settings, such as --lr %.3g", unstarted.LR/10)
	}
	return shell.Fail(fmt.Errorf("--resume: %w", err), again)
}

// Model is the error of a file that was to be a model: a folder that is a run has one to come.
func Model(err error, path string) error {
	if err == nil || path == "" || !(run.Folder{Dir: path}).Exists() {
		return err
	}
	return shell.Fail(err, path+" is a run: flowerctl export model.onnx --run "+path)
}

// ofDisk reports whether the text of an error, as a run's events have it, is that of a
// disk that is full or of a limit for files.
func ofDisk(text string) bool {
	for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EFBIG, syscall.EDQUOT} {
		if strings.Contains(text, e.Error()) {
			return true
		}
	}
	return false
}

// Stopped says how a run that was interrupted, or for which a disk had no room, can go on.
func Stopped(ctx context.Context, dir string, err error) error {
	var full *atomicfile.Full
	if errors.As(err, &full) {
		return shell.Fail(err, full.Room()+"; then "+goingOn(run.Folder{Dir: dir}))
	}
	var bad *train.NotFiniteError
	if errors.As(err, &bad) && bad.Kept != "" {
		hints := []string{"flowerctl train --replay " + bad.Kept + " names the first such value"}
		s, failed := run.Folder{Dir: dir}.Settings()
		if failed == nil && s.OnNaN != string(train.RollbackOnNaN) {
			hints = append(hints, "--on-nan rollback goes back, and on with half the learning rate")
		}
		return shell.Fail(err, hints...)
	}
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	where, _, more := strings.Cut(err.Error(), ": ")
	if !more { // between two epochs, or after the last
		where = "interrupted"
	}
	return shell.Fail(errors.New(where), "flowerctl train --resume "+dir+" goes on from there")
}

// goingOn is what goes on with a run whose files were read, or starts it again.
func goingOn(f run.Folder) string {
	if _, err := f.Resume(); err == nil {
		return "flowerctl train --resume " + f.Dir + " goes on from there"
	}
	if _, err := f.Settings(); err == nil {
		return "start it again with --config " + f.ConfigPath() + " --out " + f.Dir + " --force"
	}
	return "start it again: nothing was kept"
}

// Study says what to do about a folder that holds another run.
func Study(err error) error {
	var images *study.OtherImagesError
	var mismatch *study.MismatchError
	var nothing *study.NothingRunError
	switch {
	case errors.As(err, &images) && images.Want == "":
		return shell.Fail(fmt.Errorf("%w, and no --data is given", err),
			"--data "+images.Was+" goes on with it")
	case errors.As(err, &images):
		return shell.Fail(err, "remove the folder, or move it elsewhere")
	case errors.As(err, &nothing):
		return shell.Fail(err, "flowerctl reproduce --all runs them; --out DIR names a sweep's folder")
	case errors.As(err, &mismatch):
		return shell.Fail(err,
			"move the folder elsewhere; of one row, --force writes over it and --out names another")
	}
	return err
}
