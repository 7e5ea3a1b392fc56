package announce

import (
	"fmt"
	"path/filepath"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// Describe says what a session trains on what, and names the images that cannot be
// used where names is set.
func Describe(c *shell.Call, s *run.Session, names bool) error {
	if names {
		problems(c, s.Images.Set)
	}
	lines, err := s.Describe()
	for _, line := range lines {
		c.Say("%s", line)
	}
	switch freeze := s.Settings.Freeze; {
	case s.Extracts() != "" && s.Settings.Hidden > 0:
		c.Say("a head with %d hidden units is trained on the features", s.Settings.Hidden)
	case s.Extracts() != "":
		c.Say("a linear head is fitted to the features; --hidden 256 puts a layer between")
	case freeze == run.FreezeAll:
		c.Say("the head alone is fitted; --freeze none trains all of the network")
	case s.FromBase() && freeze != "":
		c.Say("the head is fitted, then all after %s is trained; --freeze none trains all of the "+
			"network, --freeze all the head alone", freeze)
	case s.FromBase():
		c.Say("the head is fitted, then all of the network is trained")
	}
	if s.SmallBatch && s.Settings.Freeze != run.FreezeAll {
		c.Say("few images: %d a step; --batch sets another number", s.Settings.Batch)
	}
	if s.AutoBatch {
		c.Say("%d images a step, as many as memory holds and leave 8 steps an epoch or more; the "+
			"learning rate is the same for any number", s.Settings.Batch)
	}
	return err
}

// problems names a few of the files that were left out.
func problems(c *shell.Call, set *data.Set) {
	const few = 5
	for i, p := range set.Problems {
		if i == few {
			if more := len(set.Problems) - few; set.List != "" {
				c.Say("and %d more of %s", more, set.List)
			} else {
				c.Say("and %d more: flowerctl data check %s lists them", more, set.Dir)
			}
			return
		}
		c.Say("%s", table.Printable(p.String()))
	}
}

// Tuned says how the penalty of a head on features was chosen, and what training more
// than the head was good for, where it was not.
func Tuned(c *shell.Call, s *run.Session, best int) {
	if h := s.Head; h != nil && s.Extracts() != "" {
		if len(h.Tried) == 0 {
			c.Say("a class has one training image: its penalty, %g, was not tried on others", h.Penalty)
		} else {
			c.Say("penalty %g, the best of %d in cross-validation on the training images", h.Penalty,
				len(h.Tried))
		}
	}
	if s.FromBase() && s.Settings.Freeze != run.FreezeAll && best == 1 && s.Settings.Epochs > 1 {
		c.Say("the head alone answers the validation images best: its weights are kept")
	}
}

// Summary writes how the run in dir ended.
func Summary(c *shell.Call, asJSON bool, dir string, s train.Summary) error {
	if asJSON {
		return shell.WriteJSON(c.Out, struct {
			Run string `json:"run"`
			train.Summary
		}{dir, s})
	}
	if s.Dead != nil {
		c.Say("hint: flowerctl train --config %s%s", filepath.Join(dir, train.ConfigFile),
			adviceFlags(s.Dead.Advice))
	}
	switch u := s.Unseen; {
	case u != nil && u.Statistics:
		c.Say("hint: flowerctl train --config %s --batchnorm auto", filepath.Join(dir, train.ConfigFile))
	case u != nil:
		c.Say("hint: --from starts from a network that exists, which needs few images")
	}
	return s.WriteText(c.Out, dir)
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
