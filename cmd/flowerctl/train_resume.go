package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train"
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
