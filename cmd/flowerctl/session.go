package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// describe says what a session trains on what; problems of images that were named
// before are left out.
func describe(c *call, s *run.Session, problems bool) error {
	set := s.Images.Set
	if problems {
		tellProblems(c, set)
	}
	parameters, _, err := s.Spec.Count()
	if err != nil {
		return err
	}
	size := s.Settings.Size
	c.say("%s, %d parameters, input %d x %d; %d training and %d validation images of %s (%s)",
		s.Settings.Name(), parameters, size, size, s.Training.Len(), s.Validation.Len(),
		strings.Join(set.Labels, ", "), set.SplitBy)
	tellUnvalidated(c, set)
	if s.Settings.Freeze == run.FreezeAll {
		c.say("few images a class, or asked so: the head alone is fitted; --freeze none trains all of the network")
	}
	if s.SmallBatch && s.Settings.Freeze != run.FreezeAll {
		c.say("few images: %d a step; --batch sets another number", s.Settings.Batch)
	}
	if s.Initial != nil {
		tellInitial(c, s.Settings.Init, s.Initial)
	}
	if run.Kernels() == "go" {
		c.say("kernels: Go; built with oneDNN (libdnnl-dev, see make) a step takes half to four fifths of the time")
	}
	return nil
}

// tellInitial says what weights the network starts from.
func tellInitial(c *call, from string, in *run.Initial) {
	text := "starting from " + from
	if len(in.Fresh) > 0 {
		text += ", but for " + strings.Join(in.Fresh, ", ")
	} else if in.ByName {
		text += ", the last layer by the names of the classes"
		if len(in.New) > 0 {
			text += ", and from nothing for " + strings.Join(in.New, ", ")
		}
	}
	c.say("%s", text)
	if in.Unnamed {
		c.say("warning: %s names no classes: its last layer is taken to have these, in this order", from)
	}
}

// tellProblems names a few of the files that were left out.
func tellProblems(c *call, set *data.Set) {
	const few = 5
	for i, p := range set.Problems {
		if i == few {
			c.say("and %d more: flowerctl data check %s lists them", len(set.Problems)-few, set.Dir)
			return
		}
		c.say("%s", p)
	}
}

// tellUnvalidated warns of classes that the folders give no image to validate on.
func tellUnvalidated(c *call, set *data.Set) {
	var names []string
	for class, n := range set.Counts(data.Val) {
		if n == 0 {
			names = append(names, set.Labels[class])
		}
	}
	if len(names) > 0 {
		c.say("warning: no validation image of %s: the validation accuracy is that of the other classes only",
			strings.Join(names, ", "))
	}
}

// tellSummary writes how the run in dir ended.
func tellSummary(c *call, asJSON bool, dir string, s train.Summary) error {
	if asJSON {
		return writeJSON(c.out, struct {
			Run string `json:"run"`
			train.Summary
		}{dir, s})
	}
	if s.Dead != nil {
		c.say("hint: flowerctl train --config %s%s", filepath.Join(dir, train.ConfigFile), adviceFlags(s.Dead.Advice))
	}
	switch u := s.Unseen; {
	case u != nil && u.Statistics:
		c.say("hint: flowerctl train --config %s --batchnorm auto", filepath.Join(dir, train.ConfigFile))
	case u != nil:
		c.say("hint: --init starts from a trained network")
	}
	_, err := fmt.Fprintf(c.out,
		"%s: validation accuracy %.1f %% (95 %% interval %.1f to %.1f, majority class %.1f %%), epoch %d of %d, %s\n",
		dir, 100*s.ValAccuracy, 100*s.ValInterval[0], 100*s.ValInterval[1], 100*s.MajorityRate,
		s.BestEpoch, s.Epochs, table.Seconds(s.Seconds))
	if err != nil || s.TestAccuracy == nil || s.TestInterval == nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%s: test accuracy %.1f %% (95 %% interval %.1f to %.1f), %d images\n",
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
