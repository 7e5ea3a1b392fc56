package remedy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/study"
)

// Resume says how a run that cannot go on is started again.
func Resume(err error) error {
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

// ofDisk reports whether the text of an error, as a run's events have it, is that of a
// disk that is full or of a limit for files.
func ofDisk(text string) bool {
	for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EFBIG, syscall.EDQUOT} {
		if strings.HasSuffix(text, e.Error()) || strings.Contains(text, e.Error()+" (") {
			return true
		}
	}
	return false
}

// Stopped says how a run that was interrupted can go on.
func Stopped(ctx context.Context, dir string, err error) error {
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	where, _, more := strings.Cut(err.Error(), ": ")
	if !more { // between two epochs, or after the last
		where = "interrupted"
	}
	return shell.Fail(errors.New(where), "flowerctl train --resume "+dir+" goes on from there")
}

// Study says what to do about a folder that holds another run.
func Study(err error) error {
	var images *study.OtherImagesError
	var mismatch *study.MismatchError
	switch {
	case errors.As(err, &images) && images.Want == "":
		return shell.Fail(fmt.Errorf("%w, and no --data is given", err),
			"--data "+images.Was+" goes on with it")
	case errors.As(err, &images):
		return shell.Fail(err, "remove the folder, or move it elsewhere")
	case errors.As(err, &mismatch):
		return shell.Fail(err,
			"move the folder elsewhere; of one row, --force writes over it and --out names another")
	}
	return err
}
