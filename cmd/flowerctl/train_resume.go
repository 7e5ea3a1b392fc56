package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/checkpoint"
)

// resumable refuses settings that would make a run another one.
func resumable(c *cli.Context) error {
	for _, o := range trainOptions() {
		may := slices.Contains([]string{"epochs", "patience", "threads", "data"}, o.name)
		if c.IsSet(o.name) && !may {
			return usagef("--resume: takes no --%s: with it, it would be another run", o.name)
		}
	}
	return nil
}

// load reads what a run needs to go on.
func (r *trainRun) load() (err error) {
	r.resume, err = checkpoint.Load(filepath.Join(r.dir, train.LastFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r.nothingToResume()
	}
	if err != nil {
		return err
	}
	r.split, err = splitOf(filepath.Join(r.dir, train.SplitFile))
	if err == nil {
		r.split.SplitBy = r.resume.Training.Split
	}
	return err
}

// nothingToResume is the error of a run without last.ckpt: one that an error ended
// in its first epoch, which the same settings would meet again, or that was stopped
// before its first step.
func (r *trainRun) nothingToResume() error {
	again := "start it anew with --config " + filepath.Join(r.dir, train.ConfigFile) + " --out " + r.dir + " --force"
	was, err := readRun(r.dir)
	if err == nil && was.failed != "" {
		return fail(fmt.Errorf("--resume: %s ended in its first epoch: %s", r.dir, was.failed),
			fmt.Sprintf("%s, and other settings, such as --lr %.3g", again, was.settings.LR/10))
	}
	return fail(fmt.Errorf("--resume: %s has no %s, so no step was finished there", r.dir, train.LastFile), again)
}
