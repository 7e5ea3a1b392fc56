// Package announce says in a terminal's words what a training begins with, what
// becomes of trainings that follow each other, and how a run ended.
package announce

import (
	"fmt"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/study"
	"github.com/flowerctl/flowerctl/train/table"
)

// Announcer tells of trainings that follow each other: those of the study, and of
// the networks of `verify --presets`.
type Announcer struct {
	*shell.Call
	*terminal.Training
}

// New makes an announcer that writes to the call's log.
func New(c *shell.Call) *Announcer {
	return &Announcer{Call: c, Training: terminal.NewTraining(c.Log)}
}

// Opened says what is trained on what.
func (a *Announcer) Opened(s *run.Session, again bool) error {
	a.Clear()
	a.Heads = s.Heads()
	return Describe(a.Call, s, !again)
}

// Log is a line about a network.
func (a *Announcer) Log(network, line string) {
	a.Clear()
	a.Say("%s: %s", network, line)
}

// Begin says which row comes, and how long it may take.
func (a *Announcer) Begin(s *study.Study, row *study.Attempt) {
	text := row.Name()
	if len(s.Attempts) > 1 {
		text += fmt.Sprintf(" (%d of %s done)", s.Ended(), table.Count(len(s.Attempts), "row"))
	}
	if n := row.EpochsDone(); n > 0 {
		text += fmt.Sprintf(", on from epoch %d", n)
	}
	if cost, measured := s.Cost(row); measured {
		text += ", about " + table.Seconds(cost)
	}
	a.Say("%s; logged in the study: validation accuracy %s", text, row.Logged())
}

// End says what became of a row that did not come to its end.
func (a *Announcer) End(row *study.Attempt, interrupted bool) {
	a.Clear()
	if interrupted {
		a.Say("%s stopped after %s; the same command goes on with it", row.Name(),
			table.Count(row.EpochsDone(), "epoch"))
	}
	if row.Err != nil {
		a.Say("%s: %s", row.Name(), shell.OneLine(row.Err))
	}
}
