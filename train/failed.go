package train

import (
	"context"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/table"
)

// failed writes the files of a run that stops and returns an error that says where
// it stopped. If it was not cancelled, and the disk has room, the epochs before have an
// outcome.
func (l *loop) failed(ctx context.Context, err error) (*Outcome, error) {
	where := l.done()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil, l.interrupted(where, err)
	}
	if noRoom(err) {
		return nil, l.outOfRoom(where, err)
	}
	var bad *NotFiniteError
	if errors.As(err, &bad) {
		at := l.bad(bad)
		where = at.Where()
	}
	if n := l.state.Rollbacks; n > 0 {
		err = fmt.Errorf("%w (after going back %s)", err, table.Count(n, "time"))
	}
	log := l.folder.log(event{Event: "error", Epoch: l.state.Epoch, Step: l.state.Step,
		Text: where + ": " + err.Error()})
	if last := l.folder.lastGood(); last != "" {
		err = fmt.Errorf("%w (the last good checkpoint is %s)", err, last)
	}
	err = errors.Join(fmt.Errorf("%s: %w", where, err), log)
	if l.state.Best.Epoch == 0 || len(l.history) != l.state.Epoch { // nothing complete
		return nil, err
	}
	o, outcomeErr := l.outcome(ctx, Failed)
	if outcomeErr != nil {
		return nil, errors.Join(err, fmt.Errorf("the epochs before: %w", outcomeErr))
	}
	return o, err
}

// done says how far the run is.
func (l *loop) done() string {
	switch s := &l.state; {
	case s.Step > 0:
		return fmt.Sprintf("after step %d of epoch %d", s.Step, s.Epoch+1)
	case s.Epoch > 0:
		return fmt.Sprintf("after epoch %d", s.Epoch)
	}
	return "before the first step"
}

// interrupted saves the run where it is.
func (l *loop) interrupted(where string, err error) error {
	if l.state.Step == l.rates.steps {
		l.state.Still = l.still()
	}
	save := errors.Join(l.saveLast(), l.folder.log(event{Event: "interrupted",
		Epoch: l.state.Epoch, Step: l.state.Step}))
	if noRoom(save) {
		return l.outOfRoom("stopped "+where, save)
	}
	if save != nil {
		return fmt.Errorf("stopped %s, and its checkpoint could not be written: %w", where, save)
	}
	return fmt.Errorf("stopped %s: %w", where, err)
}

// outOfRoom says what there is to go on from where a disk has no room. That is nothing
// that the run did wrong: with room it goes on as after an interruption.
func (l *loop) outOfRoom(where string, err error) error {
	var full *atomicfile.Full
	errors.As(err, &full)
	log := l.folder.log(event{Event: "interrupted", Epoch: l.state.Epoch, Step: l.state.Step,
		Text: err.Error()})
	if noRoom(log) {
		log = nil // the file of the event is on that disk
	}
	last := l.folder.lastGood()
	if last == "" {
		last = "there is no checkpoint to go on from"
	} else {
		last = "the last good checkpoint is " + last
	}
	return errors.Join(fmt.Errorf("%s: %w (%s)", where, full, last), log)
}

// noRoom says whether err is about a disk that is full.
func noRoom(err error) bool {
	var full *atomicfile.Full
	return errors.As(err, &full)
}
