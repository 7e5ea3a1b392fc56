package train

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/numbers"
)

// loop is a run under way.
type loop struct {
	Config
	folder  folder
	rates   rates
	average *average
	state   state
	history []Epoch
	// noGradients says that this process did no step of the epoch: state.Still is what
	// is known of the last one.
	noGradients bool
	// lastStep is State.Step of last.ckpt as it is on the disk.
	lastStep int
	// kept is what last.ckpt would hold, of a run without a folder that may go back.
	kept *checkpoint.Checkpoint
	// best has the best weights, if there is no folder for them.
	best *checkpoint.Checkpoint
}

// state is what, besides weights and optimizer, decides how a run continues. It is
// saved in last.ckpt, and that is the same for the same run.
type state struct {
	Epoch   int     `json:"epoch"`             // epochs done
	Step    int     `json:"step"`              // steps done in the current epoch
	Sums    sums    `json:"sums"`              // of these steps
	Spent   float64 `json:"spent"`             // seconds on that epoch before the run was interrupted
	Trained float64 `json:"trained,omitempty"` // seconds of these steps
	Still   string  `json:"still,omitempty"`   // node without a gradient in the epoch's last step
	Best    Epoch   `json:"best"`              // Best.Epoch is 0 for none
	Wait    int     `json:"wait"`              // epochs since the best
	Plateau plateau `json:"plateau"`
	Stuck   int     `json:"stuck"` // epochs in a row that looked dead
	Dead    *Dead   `json:"dead,omitempty"`
	Unseen  *Unseen `json:"unseen,omitempty"`
	// Rollbacks is how often the run went back; each halved the learning rate.
	Rollbacks int `json:"rollbacks,omitempty"`
}

func newLoop(cfg Config) (*loop, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Observer == nil {
		cfg.Observer = silent{}
	}
	l := &loop{Config: cfg, folder: folder{cfg.Dir, cfg.Held}, rates: newRates(&cfg)}
	var err error
	if l.average, err = newAverage(&cfg); err != nil {
		return nil, err
	}
	if cfg.Resume != nil {
		return l, l.resume()
	}
	return l, nil
}

// exhausted says whether a run that has waited for so many epochs waits no longer.
func (c *Config) exhausted(wait int) bool {
	return c.Patience > 0 && wait >= c.Patience && wait*c.Train.Steps() >= c.PatienceSteps
}

// Waited is for how many epochs a run that goes on from Resume has had no better one, if
// that is as long as its patience, so that it does no more; else 0.
func (c *Config) Waited() int {
	var s saved
	if c.Resume == nil || json.Unmarshal(c.Resume.Loop, &s) != nil || !c.exhausted(s.State.Wait) {
		return 0
	}
	return s.State.Wait
}

// start logs the start of the run.
func (l *loop) start() error {
	e := event{Event: "start", Epoch: l.state.Epoch, Step: l.state.Step}
	if l.Resume != nil {
		e.Event = "resume"
	}
	if l.OnNaN == RollbackOnNaN && l.Resume == nil { // to go back to from the first epoch
		if err := l.saveLast(); err != nil {
			return err
		}
	}
	return l.folder.log(e)
}

// epoch trains and validates one epoch, or the rest of it.
func (l *loop) epoch(ctx context.Context) error {
	begin := time.Now()
	if err := l.trainEpoch(ctx); err != nil {
		l.state.Spent += time.Since(begin).Seconds()
		return err
	}
	v, err := l.validateBest(ctx)
	if err != nil {
		l.state.Spent += time.Since(begin).Seconds()
		return err
	}
	e := l.row(v)
	if l.state.Trained > 0 {
		e.ImagesPerSecond = float64(l.state.Sums.N) / l.state.Trained
	}
	e.Seconds = l.state.Spent + time.Since(begin).Seconds()
	l.history = append(l.history, e)
	better := l.state.Best.Epoch == 0 || l.Monitor.Better(e, l.state.Best)
	if better {
		l.average.swap()
		err = l.keepBest(e)
		l.average.swap()
	}
	if err != nil {
		return err
	}
	// From here to the end of epochDone the state is between two epochs: nothing
	// may be cancelled.
	ctx = context.WithoutCancel(ctx)
	if err := l.watch(ctx, e, v, better); err != nil {
		return err
	}
	return l.epochDone(e, better)
}

// validateBest validates the average of the weights where there is one. Statistics of
// batch norms are measured for the weights too then: those go on, and are saved.
func (l *loop) validateBest(ctx context.Context) (Evaluation, error) {
	if l.average != nil {
		if err := l.measure(ctx); err != nil {
			return Evaluation{}, l.badStep(err, nil)
		}
	}
	l.average.swap()
	defer l.average.swap()
	v, err := l.validate(ctx)
	return v, l.badStep(err, nil)
}

// row is the history's row of the epoch.
func (l *loop) row(v Evaluation) Epoch {
	trained := l.state.Sums.accuracies()
	validated := (&sums{N: l.Validation.Len(), Correct: v.Correct}).accuracies()
	e := Epoch{
		Epoch:        l.state.Epoch + 1,
		LearningRate: l.rate(l.rates.steps - 1),
		Loss:         l.state.Sums.loss(),
		Accuracy:     trained[0],
		Rollbacks:    l.rollbacksOfEpoch(),
		Heads:        append([]float64(nil), trained[1:]...),
		ValLoss:      v.Loss,
		ValAccuracy:  validated[0],
		ValHeads:     append([]float64(nil), validated[1:]...),
	}
	if l.Facts.Spec.MultiLabel() {
		mean := v.LabelAnswers().MeanAP()
		e.ValMAP = &mean
	}
	if l.Monitor.calibrated() {
		e.CalibratedLoss = v.Answers().CalibratedLoss()
	}
	return e
}

// trainEpoch does the steps of the epoch that are not done yet.
func (l *loop) trainEpoch(ctx context.Context) error {
	s := &l.state
	if s.Step >= l.rates.steps { // the run was stopped while validating
		l.noGradients = true
		return nil
	}
	if l.Start != nil && s.Epoch == 0 {
		return l.begin(ctx)
	}
	skip, p, began := s.Step, newProgress(), time.Now()
	defer func() { s.Trained += time.Since(began).Seconds() }()
	for b, err := range l.Train.Batches(ctx, s.Epoch) {
		if err != nil {
			return err
		}
		if skip > 0 {
			skip--
			p, began = newProgress(), time.Now()
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		// A step is done completely or not at all.
		rate := l.rate(s.Step)
		r, err := l.Stepper.Step(context.WithoutCancel(ctx), b, rate)
		if err == nil && !numbers.Finite(r.Loss) {
			err = &NotFiniteError{During: Stepping, Err: fmt.Errorf("loss is %g", r.Loss)}
		}
		if err != nil {
			return l.badStep(err, b)
		}
		s.Sums.add(r)
		s.Step++
		l.average.update(s.Epoch*l.rates.steps + s.Step)
		l.Observer.Progress(p.done(Progress{
			Epoch: s.Epoch + 1, Epochs: l.Epochs, Step: s.Step, Steps: l.rates.steps,
			Loss: s.Sums.loss(), Accuracy: s.Sums.accuracy(),
			Images: b.N, BatchLoss: r.Loss, LearningRate: rate,
		}))
	}
	if s.Step < l.rates.steps {
		return fmt.Errorf("epoch %d: %d batches came, want %d", s.Epoch+1, s.Step, l.rates.steps)
	}
	return nil
}

// begin is an epoch without steps: what Start does.
func (l *loop) begin(ctx context.Context) error {
	loss, correct, err := l.Start.Start(ctx)
	if err != nil {
		return err
	}
	l.average.restart()
	l.noGradients = true
	s, n := &l.state, l.Train.Len()
	s.Sums.add(Result{N: n, Loss: loss, Correct: []int{correct}})
	s.Step = l.rates.steps
	return nil
}

// rate is the learning rate of a step of the current epoch.
func (l *loop) rate(step int) float64 {
	return l.rates.at(l.state.Epoch, step, l.state.Plateau.Drops) * l.state.slowdown()
}

// measure sets the statistics of batch norms to those of the weights as they are,
// where the run measures them. It depends on nothing but the weights, so a run that
// was stopped does it again with the same result.
func (l *loop) measure(ctx context.Context) error {
	if l.Measure == nil {
		return nil
	}
	return l.Stepper.Measure(ctx, l.Measure.Batches(ctx, 0))
}

// validate measures and answers the validation images.
func (l *loop) validate(ctx context.Context) (Evaluation, error) {
	if err := l.measure(ctx); err != nil {
		return Evaluation{}, err
	}
	p := newProgress()
	steps, done := l.Validation.Steps(), 0
	return Evaluate(ctx, l.Stepper, l.Validation, func(loss, accuracy float64, images int) {
		done++
		l.Observer.Progress(p.done(Progress{
			Epoch: l.state.Epoch + 1, Epochs: l.Epochs, Step: done, Steps: steps, Validating: true,
			Loss: loss, Accuracy: accuracy, Images: images,
		}))
	})
}

// epochDone moves the state to the next epoch and writes the files.
func (l *loop) epochDone(e Epoch, better bool) error {
	s := &l.state
	s.Epoch++
	l.noGradients = false
	s.Step, s.Sums, s.Spent, s.Trained, s.Still = 0, sums{}, 0, 0, ""
	s.Wait++
	if better {
		s.Wait = 0
	}
	if l.Schedule.Name == Plateau {
		s.Plateau.see(e.ValLoss, l.rates.Patience)
	}
	if err := l.folder.writeHistory(l.history, l.heads()); err != nil {
		return err
	}
	if err := l.saveLast(); err != nil {
		return err
	}
	l.Observer.EpochDone(e, better)
	return l.folder.log(epochEvent(e, better))
}

// heads are the names of the auxiliary heads.
func (l *loop) heads() []string {
	var names []string
	for _, o := range l.Facts.Spec.Outputs[1:] {
		names = append(names, o.Name)
	}
	return names
}
