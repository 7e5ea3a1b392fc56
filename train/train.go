// Package train is the training loop: epochs, schedules, early stopping,
// checkpoints, history, and the folder of a run. It never imports gorgonia: the
// network is a [Stepper], the images are a [Source]. It prints nothing: an
// [Observer] is told what happens. Start at [Run].
package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/numbers"
	"github.com/flowerctl/flowerctl/train/optim"
)

// Source has the batches of one part of a data set, as *data.Loader does.
type Source interface {
	Len() int   // images of an epoch
	Steps() int // batches of an epoch
	// Batches are the batches of an epoch, the same in the same order each time. A
	// batch is the caller's until the next one.
	Batches(ctx context.Context, epoch int) iter.Seq2[*data.Batch, error]
}

// Starter changes the weights of a network before its first step, such as by
// fitting a head to the features of a network that exists.
type Starter interface {
	// Start returns the mean loss over the training images with the new weights, and
	// how many of them are answered right.
	Start(ctx context.Context) (loss float64, correct int, err error)
}

// Config is the settings and the parts of a run.
type Config struct {
	Stepper    Stepper
	Train      Source
	Validation Source
	Test       Source // evaluated once, after the last epoch, with the best weights; may be nil
	// Measure are training images on which the statistics of batch norms are
	// measured before every validation, for the weights that are validated; their
	// epoch 0 is used. With nil, statistics are the running averages of training,
	// which lag where an epoch has few steps.
	Measure Source

	// Facts has Spec, Labels, Preprocess and the parts of Training that do not
	// change, for the checkpoints. The weights are the Stepper's.
	Facts checkpoint.Checkpoint

	// Start does the first epoch in place of steps; nil: it has steps as every other.
	Start Starter

	Epochs int // at most
	// Patience is for how many epochs without a better Monitor a run goes on; 0 never
	// stops early. PatienceSteps is for how many steps it goes on at least, where
	// there is a patience: an epoch of few images is too few of them to tell.
	Patience, PatienceSteps int

	Monitor      Monitor // ValAccuracy if empty
	LearningRate float64 // with which the schedule starts, or its peak
	Schedule     Schedule
	// EMA is the decay of an average of the weights and the running statistics: after
	// each step it becomes EMA*average + (1-EMA)*weight. The average is then what is
	// validated and saved as best. 0 means none. After step t, EMA is at most
	// (1+t)/(10+t).
	EMA float64
	// Vector computes the average; nil means optim.NewVector(0).
	Vector optim.Vector

	OnNaN OnNaN // StopOnNaN if empty
	// Settings are what the network was made of, as JSON, for [BadStep].
	Settings json.RawMessage

	// Dir is the run's folder, which has to exist. If it is empty, no file is written.
	Dir string
	// Held is an error where the folder has become another process's: it is asked before each
	// file is written, and its error ends the run. nil: nobody else comes.
	Held func() error
	// Resume is last.ckpt of the run in Dir, to continue it; nil starts a new run.
	Resume *checkpoint.Checkpoint

	Observer Observer // may be nil
	// Probe looks into the network if it does not seem to learn; may be nil.
	Probe Probe
}

// Outcome is the result of a run. The Stepper has the best weights then.
type Outcome struct {
	History   []Epoch
	Heads     []string // names of the auxiliary heads
	Best      Epoch    // the epoch whose weights are the result
	Stopped   Stop
	Dead      *Dead   // nil if the network is not dead
	Unseen    *Unseen // nil for one whose learning shows in validation
	Rollbacks int     // how often the run went back, see RollbackOnNaN
	// Precision of the steps: nn.Precision, "" for fp32.
	Precision string
	Seconds   float64 // of all epochs
	TrainSize int     // images
	// Validation and Test are the answers with the best weights.
	Validation Evaluation
	Test       *Evaluation
	// MultiLabel says that an image may have several labels. Thresholds are the
	// probabilities then from which on they are given, chosen for the best F1 on the
	// validation images, by label; there is no Calibration.
	MultiLabel bool
	Thresholds []float64
	// Calibration is the temperature that suits the validation images' answers.
	Calibration *metrics.Calibration
}

// Stop says why a run ended.
type Stop string

// The reasons.
const (
	AllEpochs Stop = "epochs"   // there were no more epochs
	NoBetter  Stop = "patience" // no better epoch for as long as the patience was
	Failed    Stop = "error"    // a step or an evaluation failed, as where the loss is not finite
)

func (c *Config) check() error {
	switch {
	case c.Stepper == nil || c.Train == nil || c.Validation == nil:
		return errors.New("training wants a network, training images and validation images")
	case c.Train.Len() < 1 || c.Validation.Len() < 1:
		return fmt.Errorf("training on %d images and validating on %d, want at least one of each",
			c.Train.Len(), c.Validation.Len())
	}
	if err := c.CheckLimits(); err != nil {
		return err
	}
	if err := c.Monitor.check(); err != nil {
		return err
	}
	if c.OnNaN != "" && !slices.Contains(OnNaNs(), c.OnNaN) {
		return fmt.Errorf("on NaN: got %q, want one of %v", c.OnNaN, OnNaNs())
	}
	return c.Schedule.Check(c.Epochs)
}

// LimitError says that a field of a [Config] has a value that no training can have.
type LimitError struct {
	Field string // its name in Config
	Err   error  // what it is, and what is wanted
}

func (e *LimitError) Error() string { return fmt.Sprintf("%s: %v", e.Field, e.Err) }
func (e *LimitError) Unwrap() error { return e.Err }

// CheckLimits returns a [*LimitError] for a number out of its range. It needs neither
// network nor images, so that it can be asked before they are there.
func (c *Config) CheckLimits() error {
	wrong := func(field, format string, args ...any) error {
		return &LimitError{field, fmt.Errorf(format, args...)}
	}
	switch {
	case c.Epochs < 1:
		return wrong("Epochs", "got %d, want 1 or more", c.Epochs)
	case c.PatienceSteps < 0:
		return wrong("PatienceSteps", "got %d, want 0 (epochs count alone) or more", c.PatienceSteps)
	case c.Patience < 0:
		return wrong("Patience", "got %d, want 0 (never stop early) or more", c.Patience)
	case !(c.LearningRate > 0) || !numbers.Finite(c.LearningRate):
		return wrong("LearningRate", "got %g, want a rate over 0", c.LearningRate)
	case !(c.EMA >= 0 && c.EMA < 1):
		return wrong("EMA", "got %g, want 0 (none) or more, and less than 1", c.EMA)
	}
	return nil
}

// Run trains until the epochs are done, or none was better for Patience epochs
// and PatienceSteps steps. Then it restores the best weights and evaluates them.
//
// When ctx is cancelled, Run finishes the current step, writes last.ckpt and returns
// an error that wraps the context's. A run that resumes from that file continues bit
// for bit as if it had never stopped. A loss that is not finite ends the run with an
// error that names the step and the node; last.ckpt is then the end of the epoch
// before. With [RollbackOnNaN] the run goes on from there. Such an error comes with the
// outcome of the epochs that were done, if there are any.
func Run(ctx context.Context, cfg Config) (*Outcome, error) {
	l, err := newLoop(cfg)
	if err != nil {
		return nil, err
	}
	if err := l.start(); err != nil {
		return l.failed(ctx, err)
	}
	for l.state.Epoch < cfg.Epochs && !l.exhausted(l.state.Wait) {
		failure := l.epoch(ctx)
		if failure == nil {
			continue
		}
		back, err := l.rolledBack(failure)
		if !back || err != nil {
			return l.failed(ctx, errors.Join(failure, err))
		}
	}
	o, err := l.finish(ctx)
	if noRoom(err) {
		return nil, l.outOfRoom("after the last epoch", err)
	}
	return o, err
}
