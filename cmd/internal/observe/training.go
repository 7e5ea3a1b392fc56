package observe

import (
	"errors"
	"math"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/run"
)

// Training is the flags by which a training is observed.
type Training struct {
	tensorboard shell.Optional
	metricsAddr string
}

// Flags are the flags for the help and for parsing.
func (t *Training) Flags() []cli.Flag {
	return []cli.Flag{
		shell.OptionalFlag(&t.tensorboard, "tensorboard",
			"write TensorBoard's event files into `DIR`, or without DIR into the run's folder, as "+
				run.TensorBoardDir),
		Flag(&t.metricsAddr, ""),
	}
}

// Start makes trainings with the options tell what the flags say, until stop. It refuses
// what would tell nothing, or mix the events of two runs.
func (t *Training) Start(c *shell.Call, o *run.Options) (stop func(), err error) {
	given := c.FirstGiven("tensorboard", flag)
	instead := c.FirstGiven("dry-run", "augment-preview", "lr-find")
	if instead == "" && c.Given("tensorboard") {
		instead = c.FirstGiven("learning-curve")
	}
	if given != "" && instead != "" {
		return nil, shell.Usagef("--%s and --%s: want one of them: there is no run to observe", given,
			instead)
	}
	if t.tensorboard.Given {
		folder := run.Folder{Dir: o.Dir}
		if o.TensorBoard = t.tensorboard.Text; o.TensorBoard == "" {
			o.TensorBoard = folder.File(run.TensorBoardDir)
		}
		if err := atomicfile.Writable(o.TensorBoard); err != nil {
			return nil, shell.Usagef("--tensorboard: %s", shell.PlainText(err))
		}
		if !c.Given("resume") {
			err = folder.CheckTensorBoard(o.TensorBoard, c.Given("force"))
		}
		if errors.Is(err, run.ErrHasEvents) {
			err = shell.Fail(err, "another folder; TensorBoard shows those in one as runs beside each "+
				"other", "--force writes over those of flowerctl, never of other programs")
		}
		if err != nil {
			return nil, shell.Fail(shell.Reword(err, "--tensorboard: "+shell.PlainText(err)))
		}
	}
	m := newTrainMetrics()
	stop, err = serve(c, t.metricsAddr, m.all()...)
	if c.Given(flag) {
		o.Also = append(o.Also, m)
	}
	return stop, err
}

// trainMetrics are what Prometheus is told of a training. A gauge is NaN until its value
// is known.
type trainMetrics struct {
	epoch, epochs, step, steps, validating, loss, accuracy, rate, left, perSecond,
	valLoss, valAccuracy, bestEpoch, bestValAccuracy prometheus.Gauge
	images, done, warnings prometheus.Counter
}

func newTrainMetrics() *trainMetrics {
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "flowerctl", Subsystem: "train",
			Name: name, Help: help})
		g.Set(math.NaN())
		return g
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "flowerctl", Subsystem: "train",
			Name: name, Help: help})
	}
	return &trainMetrics{
		epoch:           gauge("epoch", "The epoch under way, from 1."),
		epochs:          gauge("epochs", "The most epochs there can be."),
		step:            gauge("step", "Steps done in the epoch."),
		steps:           gauge("steps", "Steps of an epoch."),
		validating:      gauge("validating", "1 while validation images are answered."),
		loss:            gauge("loss", "Mean loss over the images of the epoch so far."),
		accuracy:        gauge("accuracy", "Share of these images that were answered right."),
		rate:            gauge("learning_rate", "Learning rate of the last step."),
		left:            gauge("epoch_remaining_seconds", "Time to the end of the epoch's steps."),
		perSecond:       gauge("images_per_second", "Images trained on, over the last half minute."),
		valLoss:         gauge("val_loss", "Validation loss of the last epoch."),
		valAccuracy:     gauge("val_accuracy", "Validation accuracy of the last epoch."),
		bestEpoch:       gauge("best_epoch", "The epoch with the best weights, of this process."),
		bestValAccuracy: gauge("best_val_accuracy", "Its validation accuracy."),
		images:          counter("images_total", "Images trained on by this process."),
		done:            counter("epochs_total", "Epochs done by this process."),
		warnings:        counter("warnings_total", "Warnings."),
	}
}

func (m *trainMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.epoch, m.epochs, m.step, m.steps, m.validating, m.loss,
		m.accuracy, m.rate, m.left, m.perSecond, m.valLoss, m.valAccuracy, m.bestEpoch,
		m.bestValAccuracy, m.images, m.done, m.warnings}
}

// Progress takes over where a training is.
func (m *trainMetrics) Progress(p train.Progress) {
	m.epoch.Set(float64(p.Epoch))
	m.epochs.Set(float64(p.Epochs))
	if p.Validating {
		m.validating.Set(1)
		return
	}
	m.validating.Set(0)
	m.step.Set(float64(p.Step))
	m.steps.Set(float64(p.Steps))
	m.loss.Set(p.Loss)
	m.accuracy.Set(p.Accuracy)
	m.rate.Set(p.LearningRate)
	m.perSecond.Set(p.ImagesPerSecond)
	m.images.Add(float64(p.Images))
	m.left.Set(math.NaN())
	if p.Left > 0 || p.Step == p.Steps {
		m.left.Set(p.Left.Seconds())
	}
}

// EpochDone takes over how an epoch ended.
func (m *trainMetrics) EpochDone(e train.Epoch, best bool) {
	m.done.Inc()
	m.validating.Set(0)
	m.valLoss.Set(e.ValLoss)
	m.valAccuracy.Set(e.ValAccuracy)
	if best {
		m.bestEpoch.Set(float64(e.Epoch))
		m.bestValAccuracy.Set(e.ValAccuracy)
	}
}

// Warn counts a warning.
func (m *trainMetrics) Warn(string) { m.warnings.Inc() }
