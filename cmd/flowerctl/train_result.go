package main

import (
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train"
)

// tell writes the result.
func (r *trainRun) tell(c *cli.Context, o *train.Outcome, labels []string) error {
	return tellSummary(c, r.dir, o.Summary(labels))
}

// tellSummary writes how the run in dir ended.
func tellSummary(c *cli.Context, dir string, s train.Summary) error {
	if c.Bool("json") {
		return writeJSON(c.App.Writer, struct {
			Run string `json:"run"`
			train.Summary
		}{dir, s})
	}
	if s.Dead != nil {
		talk(c, "hint: flowerctl train --config %s%s", filepath.Join(dir, train.ConfigFile), adviceFlags(s.Dead.Advice))
	}
	_, err := fmt.Fprintf(c.App.Writer,
		"%s: validation accuracy %.1f %% (95 %% interval %.1f to %.1f, majority class %.1f %%), epoch %d of %d, %s\n",
		dir, 100*s.ValAccuracy, 100*s.ValInterval[0], 100*s.ValInterval[1], 100*s.MajorityRate,
		s.BestEpoch, s.Epochs, seconds(s.Seconds))
	if err != nil || s.TestAccuracy == nil || s.TestInterval == nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s: test accuracy %.1f %% (95 %% interval %.1f to %.1f), %d images\n",
		dir, 100**s.TestAccuracy, 100*s.TestInterval[0], 100*s.TestInterval[1], s.TestImages)
	return err
}

// adviceFlags are the flags that follow the advice.
func adviceFlags(a train.Advice) (flags string) {
	if a.Initializer != "" {
		flags += " --initializer " + string(a.Initializer)
	}
	if a.Optimizer != "" {
		flags += " --optimizer " + a.Optimizer
	}
	if a.LearningRate > 0 {
		flags += fmt.Sprintf(" --lr %.3g", a.LearningRate)
	}
	return flags
}
