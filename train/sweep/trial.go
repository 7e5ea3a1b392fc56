package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/lease"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// Failure is a trial that could not be trained, as it is noted in the sweep's folder.
type Failure struct {
	Trial  int    `json:"trial"`
	Reason string `json:"reason"`
	// Permanent says that training it again would fail again.
	Permanent bool      `json:"permanent"`
	Time      time.Time `json:"time"`
}

// failed is the failure of a trial for an error. What its settings and its images decide is
// the same the next time; a file system, or a machine's memory, may be another.
func failed(t *Trial, err error) *Failure {
	var setting *run.SettingError
	var infinite *train.NotFiniteError
	var start *run.InitError
	var memory *nn.MemoryError
	always := errors.As(err, &setting) && !errors.As(err, &memory) || errors.As(err, &infinite) ||
		errors.As(err, &start)
	return &Failure{Trial: t.Number, Reason: table.OneLine(err.Error()), Permanent: always,
		Time: time.Now().UTC()}
}

// stops says whether an error is of all trials: a disk that is full, images that are not
// there or others.
func stops(err error) bool {
	var full *atomicfile.Full
	var images *imagesError
	return errors.As(err, &full) || errors.As(err, &images)
}

// imagesError is about the images of a sweep.
type imagesError struct{ err error }

func (e *imagesError) Error() string { return e.err.Error() }
func (e *imagesError) Unwrap() error { return e.err }

func (s *Sweep) failurePath(t *Trial) string { return s.Folder(t).Dir + ".failed.json" }

// failure is the trial's, nil for none.
func (s *Sweep) failure(t *Trial) (*Failure, error) {
	path := s.failurePath(t)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := new(Failure)
	if err := json.Unmarshal(text, f); err != nil || f.Trial != t.Number {
		return nil, permanent.Errorf("remove it, and the trial is trained again", "%s: damaged", path)
	}
	return f, nil
}

func (s *Sweep) note(f *Failure) error {
	return train.WriteJSON(s.failurePath(&s.Plan.Trials[f.Trial-1]), f)
}

// train trains a trial up to its goal, from where it was left.
func (s *Sweep) train(ctx context.Context, l *lease.Lease, j job, p *progress) (err error) {
	f := s.Folder(j.Trial)
	settings := j.Settings
	ctx, pause := context.WithCancelCause(ctx)
	defer pause(nil)
	o := run.Options{Dir: f.Dir, Lease: l, Version: s.options.Version, Frozen: s.options.Frozen,
		Observer: s.options.Observer, Also: []train.Observer{until{j.goal, pause}}}
	if p.record != nil && f.Stepped() && !p.record.Settings.FitOnly() {
		if o.Resume, err = f.Resume(); err != nil {
			return err
		}
		settings = p.record.Settings
	} else if o.Base, err = s.bases.base(ctx, &s.options, &settings, none); err != nil {
		return err
	}
	if o.Images, err = s.read(ctx, &settings); err != nil {
		return err
	}
	session, err := run.Open(ctx, settings, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if o.Base != nil {
		o.Base.Check = nil // it was compared with its file now
	}
	if s.options.Observer != nil {
		if err := s.options.Observer.Opened(session, s.trained > 0); err != nil {
			return err
		}
	}
	if _, err = session.Train(ctx); errors.Is(context.Cause(ctx), errPause) {
		return nil
	}
	return err
}

// read reads the images of a trial, which must be those of the plan.
func (s *Sweep) read(ctx context.Context, settings *run.Settings) (*data.Cache, error) {
	before := s.images.cache
	cache, err := s.images.read(ctx, settings, &s.options)
	var folder *run.DataError
	var file *fs.PathError
	if errors.As(err, &folder) || errors.As(err, &file) {
		return nil, &imagesError{err}
	}
	if err != nil || cache == before {
		return cache, err
	}
	at := slices.IndexFunc(s.Plan.Data, func(d Data) bool { return d.source == sourceOf(settings) })
	if at < 0 {
		return cache, nil
	}
	if got, want := run.ContentDigest(cache.Set), s.Plan.Data[at].SHA256; got != want {
		err := permanent.Errorf("another folder for the sweep of these images",
			"%s: not the images that the sweep was planned for: got SHA-256 %.12s, want %.12s",
			settings.Data, got, want)
		return nil, errors.Join(&imagesError{err}, s.images.close())
	}
	return cache, nil
}

// errPause means that a trial has come to where its round is compared.
var errPause = errors.New("the round is at its end")

// until ends a training after the last epoch of its goal.
type until struct {
	goal  goal
	pause context.CancelCauseFunc
}

func (u until) EpochDone(e train.Epoch, _ bool) {
	if !u.goal.last && e.Epoch >= u.goal.epochs {
		u.pause(errPause)
	}
}

func (until) Progress(train.Progress) {}
func (until) Warn(string)             {}

// String names a trial by what is tried.
func (t *Trial) String() string {
	text := ""
	for _, f := range run.Fields() {
		if v, ok := t.Tried[f.Key]; ok {
			text += fmt.Sprintf(", %s %s", f.Key, v)
		}
	}
	return text[min(2, len(text)):]
}
