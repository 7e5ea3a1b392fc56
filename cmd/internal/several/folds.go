// Package several does what the command train does with more than one training: a
// cross-validation and a learning curve. Start at [CrossValidate] and [Curve].
package several

import (
	"github.com/flowerctl/flowerctl/cmd/internal/announce"
	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/run/folds"
)

// CrossValidate is `train --folds`; with again it goes on with what is in ro.Dir.
func CrossValidate(c *shell.Call, s run.Settings, ro run.Options, again, asJSON bool) error {
	watch := &foldsWatch{Call: c, Training: terminal.NewTraining(c.Log), of: s.Folds}
	result, err := folds.Run(c.Ctx, s, ro, again, watch)
	watch.Clear()
	if err != nil {
		return remedy.Stopped(c.Ctx, ro.Dir, err)
	}
	return c.Write(asJSON, result, result)
}

// foldsWatch tells of a cross-validation.
type foldsWatch struct {
	*shell.Call
	*terminal.Training
	of        int
	described bool
}

// Opened says what is trained on what; of the folds after the first, how they are
// divided.
func (f *foldsWatch) Opened(fold int, s *run.Session, again bool) error {
	f.Clear()
	f.Heads = s.Heads()
	if !f.described {
		f.described = true
		return announce.Describe(f.Call, s, !again)
	}
	f.Say("%s: %d training, %d validation and %d test images", s.Images.Set.SplitBy, s.Training.Len(),
		s.Validation.Len(), s.Test.Len())
	return nil
}

// Done says how a training did.
func (f *foldsWatch) Done(one *folds.Fold, before bool) {
	f.Clear()
	note := ""
	if before {
		note = ", finished before"
	}
	f.Say("fold %d of %d: %s%s", one.Fold, f.of, one, note)
}
