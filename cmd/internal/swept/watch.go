package swept

import (
	"fmt"

	"github.com/flowerctl/flowerctl/cmd/internal/announce"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/sweep"
	"github.com/flowerctl/flowerctl/train/table"
)

// watch tells of the trials of a sweep.
type watch struct {
	*announce.Announcer
	failed map[int]bool // trials that it has told of
}

func newWatch(c *shell.Call) *watch { return &watch{announce.New(c), map[int]bool{}} }

// Begin says which trial comes.
func (w *watch) Begin(s *sweep.Sweep, t *sweep.Trial, epochsDone int) {
	w.Clear()
	text := fmt.Sprintf("trial %d of %d (%d have ended): %s", t.Number, len(s.Plan.Trials), s.Ended(),
		t)
	if t.Settings.Fold > 0 {
		text += fmt.Sprintf("; fold %d", t.Settings.Fold)
	}
	text += fmt.Sprintf("; seed %d", t.Settings.Seed)
	if epochsDone > 0 {
		text += fmt.Sprintf(", on from epoch %d", epochsDone)
	}
	w.Say("%s", text)
}

// Opened says of the first trial what is trained on what.
func (w *watch) Opened(s *run.Session, again bool) error {
	w.Clear()
	w.Heads = s.Heads()
	if again {
		return nil
	}
	return announce.Describe(w.Call, s, true)
}

// End says what became of a trial.
func (w *watch) End(s *sweep.Sweep, r sweep.Row) {
	w.Clear()
	w.Say("%s", r.Line(s.Plan.Figure))
	w.failed[r.Trial] = r.State == sweep.Failed
}

// Waiting says for what the process waits.
func (w *watch) Waiting(trials int) {
	w.Clear()
	w.Say("waiting: other processes are at work on %s", table.Count(trials, "trial"))
}
