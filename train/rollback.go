package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
)

// OnNaN says what a run does when a step, or a validation, comes to a value that is not
// finite.
type OnNaN string

// The ways.
const (
	// StopOnNaN ends the run with an error.
	StopOnNaN OnNaN = "stop"
	// RollbackOnNaN goes back to the end of the last epoch, or to the start, and on from
	// there with half the learning rate: [MostRollbacks] times at most in a run, then the
	// run ends as with StopOnNaN.
	RollbackOnNaN OnNaN = "rollback"
)

// MostRollbacks is how often a run goes back at most.
const MostRollbacks = 3

// OnNaNs lists the ways, the default first.
func OnNaNs() []OnNaN { return []OnNaN{StopOnNaN, RollbackOnNaN} }

// goodFile is the last.ckpt of the end of an epoch, kept while last.ckpt is of a moment
// within the next one.
const goodFile = "good.ckpt"

// RollbackFiles are the names of the files in a run's folder that it has where it came to
// values that are not finite.
func RollbackFiles(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() == goodFile || isBadStepFile(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// slowdown is what rollbacks have made of the learning rate.
func (s *state) slowdown() float64 { return math.Pow(0.5, float64(s.Rollbacks)) }

// keepBad writes the step at fault into the run's folder, with the weights and the state
// as they are, which are those before it: see [BadStep]. path is "" where there is none.
func (l *loop) keepBad(bad *NotFiniteError) (path string, err error) {
	if l.Dir == "" || bad.Batch == nil {
		return "", nil
	}
	b := BadStep{Spec: l.Facts.Spec, Weights: l.Stepper.Weights(), State: l.Stepper.State(),
		Settings: l.Settings, Batch: bad.Batch, BadStepFacts: l.bad(bad)}
	name := b.File(l.state.Rollbacks)
	if err := l.folder.write(name, b.Write); err != nil {
		return "", err
	}
	return l.folder.path(name), nil
}

// bad are the facts of the step at fault.
func (l *loop) bad(bad *NotFiniteError) BadStepFacts {
	s := &l.state
	b := BadStepFacts{Epoch: s.Epoch + 1, Step: s.Step, During: bad.During, Error: bad.Error()}
	if bad.During == Stepping {
		b.Step, b.LearningRate = s.Step+1, l.rate(s.Step)
	}
	return b
}

// rolledBack goes back where the run may, after an error of an epoch, and says whether it
// has.
func (l *loop) rolledBack(failure error) (bool, error) {
	var bad *NotFiniteError
	if !errors.As(failure, &bad) || l.OnNaN != RollbackOnNaN || l.state.Rollbacks >= MostRollbacks {
		return false, nil
	}
	was, at := l.state, l.bad(bad)
	good, err := l.lastEpochEnd()
	if err == nil {
		err = l.take(good)
	}
	if err != nil {
		return false, fmt.Errorf("going back to the last good checkpoint: %w", err)
	}
	s := &l.state
	s.Rollbacks, l.noGradients = was.Rollbacks+1, false
	if s.Epoch == was.Epoch {
		s.Spent = was.Spent
	}
	to := fmt.Sprintf("the end of epoch %d", s.Epoch)
	switch {
	case s.Step > 0:
		to = "where it was " + l.done()
	case s.Epoch == 0:
		to = "the start"
	}
	text := fmt.Sprintf("%s: %v: going back to %s, on with half the learning rate, %.3g there (%d of %d)",
		at.Where(), failure, to, l.rate(s.Step), s.Rollbacks, MostRollbacks)
	if err := l.saveLast(); err != nil {
		return false, err
	}
	l.Observer.Warn(text)
	return true, l.folder.log(event{Event: "rollback", Epoch: s.Epoch, Step: s.Step, Text: text})
}

// lastEpochEnd is the checkpoint to go back to.
func (l *loop) lastEpochEnd() (*checkpoint.Checkpoint, error) {
	if l.Dir == "" {
		return l.kept, nil
	}
	c, err := checkpoint.Load(l.folder.path(goodFile))
	if errors.Is(err, fs.ErrNotExist) {
		return checkpoint.Load(l.folder.path(LastFile))
	}
	return c, err
}

// keepGood is called before last.ckpt becomes one of a moment within an epoch: the one
// of the epoch's start, if that is what it is, is kept beside it.
func (l *loop) keepGood() error {
	if l.OnNaN != RollbackOnNaN || l.state.Step == 0 || l.lastStep > 0 {
		return nil
	}
	return l.folder.write(goodFile, func(w io.Writer) error {
		file, err := os.Open(l.folder.path(LastFile))
		if err != nil {
			return err
		}
		_, err = io.Copy(w, file)
		return errors.Join(err, file.Close())
	})
}

// dropGood removes what keepGood kept, once last.ckpt is of the end of an epoch again.
func (l *loop) dropGood() error {
	if l.Dir == "" || l.state.Step > 0 {
		return nil
	}
	if err := os.Remove(l.folder.path(goodFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// rollbacksOfEpoch is how often the current epoch was begun again.
func (l *loop) rollbacksOfEpoch() int {
	n := l.state.Rollbacks
	for _, e := range l.history {
		n -= e.Rollbacks
	}
	return n
}

// badStep is err, of the batch b where it has none itself, with the file that the step is
// kept in. Errors that are not about values that are not finite stay as they are.
func (l *loop) badStep(err error, b *data.Batch) error {
	var bad *NotFiniteError
	if !errors.As(err, &bad) {
		return err
	}
	if bad.Batch == nil && b != nil {
		bad.Batch = b.Clone()
	}
	path, keeping := l.keepBad(bad)
	bad.Kept = path
	switch {
	case keeping != nil:
		return fmt.Errorf("%w (the step could not be kept: %v)", err, keeping)
	case path != "":
		return fmt.Errorf("%w (kept in %s)", err, path)
	}
	return err
}
