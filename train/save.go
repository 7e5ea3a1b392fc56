package train

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/optim"
)

// checkpoint is the current state of the run, for inference. It shares the weights.
func (l *loop) checkpoint(epoch int) *checkpoint.Checkpoint {
	c := l.Facts
	c.Weights = l.Stepper.Weights()
	c.Training.Epoch = epoch
	c.Training.Metrics = nil
	c.Optimizer, c.Loop = nil, nil
	return &c
}

// metricsOf is what a checkpoint says of its epoch.
func metricsOf(e Epoch) map[string]float64 {
	m := map[string]float64{
		"loss": e.Loss, "accuracy": e.Accuracy, "val_loss": e.ValLoss, "val_accuracy": e.ValAccuracy,
	}
	if e.ValMAP != nil {
		m["val_map"] = *e.ValMAP
	}
	return m
}

// keepBest saves the weights that were validated.
func (l *loop) keepBest(e Epoch) error {
	l.state.Best = e
	l.state.Best.Seconds, l.state.Best.ImagesPerSecond = 0, 0
	c := l.checkpoint(e.Epoch)
	c.Training.Step = uint64(e.Epoch * l.rates.steps)
	c.Training.Metrics = metricsOf(e)
	if l.Dir == "" {
		c.Weights = c.Weights.Clone()
		l.best = c
		return nil
	}
	return l.folder.write(BestFile, func(w io.Writer) error { return checkpoint.Write(w, c) })
}

// saveLast writes last.ckpt: all that a run needs to continue.
func (l *loop) saveLast() error {
	if l.Dir == "" && l.OnNaN != RollbackOnNaN {
		return nil
	}
	c, err := l.current()
	if err != nil {
		return err
	}
	if l.Dir == "" {
		c.Weights = c.Weights.Clone()
		l.kept = c
		return nil
	}
	if err := l.keepGood(); err != nil {
		return err
	}
	err = l.folder.write(LastFile, func(w io.Writer) error { return checkpoint.Write(w, c) })
	if err != nil {
		return err
	}
	l.lastStep = l.state.Step
	return l.dropGood()
}

// current is what last.ckpt holds. It shares the weights.
func (l *loop) current() (*checkpoint.Checkpoint, error) {
	c := l.checkpoint(l.state.Epoch)
	c.Training.Step = uint64(l.state.Epoch*l.rates.steps + l.state.Step)
	if n := len(l.history); n > 0 {
		c.Training.Metrics = metricsOf(l.history[n-1])
	}
	s := l.Stepper.State()
	if s.Optimizer.Slots == nil {
		s.Optimizer.Slots = map[string][]float32{}
	}
	l.average.save(&s.Optimizer)
	c.Optimizer = &s.Optimizer
	var err error
	c.Loop, err = json.Marshal(saved{Stepper: s.Step, Steps: l.rates.steps, State: l.state})
	return c, err
}

// saved is a checkpoint's Loop.
type saved struct {
	Stepper uint64 `json:"stepper_step"` // State.Step
	Steps   int    `json:"steps"`        // batches of an epoch
	State   state  `json:"state"`
}

// resume takes over the state of the checkpoint to go on from.
func (l *loop) resume() error {
	if l.Dir == "" {
		return fmt.Errorf("a run without a folder cannot be continued")
	}
	if err := l.take(l.Resume); err != nil {
		return err
	}
	l.lastStep = l.state.Step
	return nil
}

// take takes over the state of a checkpoint of this run.
func (l *loop) take(c *checkpoint.Checkpoint) error {
	if c.Optimizer == nil || len(c.Loop) == 0 {
		return fmt.Errorf("the checkpoint is for inference only: continue from %s", LastFile)
	}
	var s saved
	if err := json.Unmarshal(c.Loop, &s); err != nil {
		return fmt.Errorf("the checkpoint's loop: %w", err)
	}
	if err := l.checkSaved(c, s); err != nil {
		return err
	}
	if err := l.Facts.Spec.CheckWeights(c.Weights); err != nil {
		return err
	}
	opt := optim.State{Name: c.Optimizer.Name, Step: c.Optimizer.Step,
		Slots: maps.Clone(c.Optimizer.Slots)}
	overwrite(l.Stepper.Weights(), c.Weights)
	if err := l.average.restore(&opt); err != nil {
		return err
	}
	if err := l.Stepper.Restore(State{Step: s.Stepper, Optimizer: opt}); err != nil {
		return err
	}
	l.state = s.State
	if l.Dir == "" {
		l.history = slices.Clip(l.history[:l.state.Epoch])
		return nil
	}
	history, err := l.folder.readHistory()
	if err != nil {
		return err
	}
	if len(history) < l.state.Epoch {
		return fmt.Errorf("%s has %d epochs, the checkpoint %d", l.folder.path(HistoryFile),
			len(history), l.state.Epoch)
	}
	l.history = slices.Clip(history[:l.state.Epoch])
	return nil
}

// checkSaved returns an error unless the checkpoint is of this run.
func (l *loop) checkSaved(c *checkpoint.Checkpoint, s saved) error {
	was, is := c.Training, l.Facts.Training
	switch {
	case was.DataDigest != is.DataDigest:
		return fmt.Errorf("the images or their split are not those that the run was started with")
	case was.Seed != is.Seed || was.Optimizer != is.Optimizer:
		return fmt.Errorf("the run was started with seed %d and optimizer %s, not %d and %s",
			was.Seed, was.Optimizer, is.Seed, is.Optimizer)
	case s.Steps != l.rates.steps:
		return fmt.Errorf("the run had %d batches an epoch, now there are %d", s.Steps, l.rates.steps)
	case s.State.Epoch < 0 || s.State.Step < 0 || s.State.Step > s.Steps ||
		s.State.Best.Epoch > s.State.Epoch:
		return fmt.Errorf("the checkpoint's loop is at epoch %d, step %d",
			s.State.Epoch, s.State.Step)
	}
	return nil
}

// finish ends a run that was not interrupted.
func (l *loop) finish(ctx context.Context) (*Outcome, error) {
	stopped := AllEpochs
	if l.exhausted(l.state.Wait) {
		stopped = NoBetter
	}
	o, err := l.outcome(ctx, stopped)
	if err != nil {
		return nil, err
	}
	return o, l.folder.log(event{Event: "end", Epoch: l.state.Epoch, Text: string(stopped)})
}

// outcome restores the best weights and evaluates them.
func (l *loop) outcome(ctx context.Context, stopped Stop) (*Outcome, error) {
	best := l.best
	if l.Dir != "" {
		var err error
		if best, err = checkpoint.Load(l.folder.path(BestFile)); err != nil {
			return nil, err
		}
	}
	overwrite(l.Stepper.Weights(), best.Weights)
	o := &Outcome{History: l.history, Heads: l.heads(), Best: l.history[l.state.Best.Epoch-1],
		Stopped: stopped, Dead: l.state.Dead, Unseen: l.state.Unseen,
		TrainSize: l.Train.Len(), Rollbacks: l.state.Rollbacks, Precision: l.Facts.Training.Precision}
	for _, e := range l.history {
		o.Seconds += e.Seconds
	}
	var err error
	if o.Validation, err = Evaluate(ctx, l.Stepper, l.Validation, nil); err != nil {
		return nil, err
	}
	if o.MultiLabel = l.Facts.Spec.MultiLabel(); o.MultiLabel {
		o.Thresholds = o.Validation.LabelAnswers().Thresholds()
	} else {
		o.Calibration = o.Validation.Answers().Calibrate()
	}
	if l.Test != nil {
		test, err := Evaluate(ctx, l.Stepper, l.Test, nil)
		if err != nil {
			return nil, err
		}
		o.Test = &test
	}
	return o, l.folder.writeMetrics(o, l.Facts.Labels)
}
