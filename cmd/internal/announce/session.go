package announce

import (
	"fmt"
	"path/filepath"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
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
	switch {
	case s.Settings.Freeze == run.FreezeAll:
		c.Say("the head alone is fitted; --freeze none trains all of the network")
	case s.SmallBatch:
		c.Say("few images: %d a step; --batch sets another number", s.Settings.Batch)
	}
	return err
}

// problems names a few of the files that were left out.
func problems(c *shell.Call, set *data.Set) {
	const few = 5
	for i, p := range set.Problems {
		if i == few {
			c.Say("and %d more: flowerctl data check %s lists them", len(set.Problems)-few, set.Dir)
			return
		}
		c.Say("%s", p)
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
