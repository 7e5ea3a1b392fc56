package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/lease"
	"github.com/flowerctl/flowerctl/train/report"
)

// Train trains to the end and writes the run's folder, if the session has one. A
// cancelled context leaves a folder that [Folder.Resume] goes on with; see
// [train.Run] for what else ends a training early.
//
// While it trains, the folder is its own: see [Options.Lease]. Where another process takes
// it over nevertheless, as from a machine that was not heard of for a minute, the training
// ends with [lease.ErrLost].
func (s *Session) Train(ctx context.Context) (outcome *train.Outcome, err error) {
	f := Folder{s.options.Dir}
	if f.Dir == "" {
		return s.train(ctx, f, nil)
	}
	l := s.options.Lease
	if l == nil {
		if l, err = f.Hold(); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, l.Release()) }()
	}
	held, cancel := l.Context(ctx)
	defer cancel()
	if err = s.unchanged(f); err == nil {
		outcome, err = s.train(held, f, l.Check)
	}
	if errors.Is(err, lease.ErrLost) || errors.Is(context.Cause(held), lease.ErrLost) {
		return nil, fmt.Errorf("%s: this training stopped and wrote nothing more: %w", f.Dir,
			lease.ErrLost)
	}
	return outcome, err
}

// train trains, as long as held gives no error.
func (s *Session) train(ctx context.Context, f Folder, held func() error) (*train.Outcome, error) {
	if f.Dir != "" {
		if err := s.begin(f); err != nil {
			return nil, err
		}
	}
	cfg := s.config()
	cfg.Held = held
	watch, end, err := s.observe(f)
	if err != nil {
		return nil, err
	}
	defer end()
	cfg.Observer = watch
	outcome, err := train.Run(ctx, cfg)
	if errors.Is(err, lease.ErrLost) {
		return nil, err
	}
	if err == nil && s.plan.FitOnly() {
		if err = s.refit(ctx, f, held); err == nil {
			err = s.testAgain(ctx, f, outcome, held)
		}
	}
	if outcome == nil || f.Dir == "" {
		return outcome, err
	}
	if lost := held(); lost != nil {
		return nil, lost
	}
	if then := s.calibrate(f, outcome); then != nil {
		return outcome, errors.Join(err, then)
	}
	return outcome, errors.Join(err, s.report(f, outcome))
}

// begin makes the run's folder with what is known before the first step.
func (s *Session) begin(f Folder) error {
	if s.options.Resume == nil {
		if err := os.MkdirAll(f.Dir, 0o777); err != nil {
			return err
		}
		if err := f.remove(); err != nil {
			return err
		}
		err := atomicfile.Write(f.path(train.SplitFile), func(w io.Writer) error {
			return s.Images.Set.WriteSplit(w)
		})
		if err == nil {
			err = s.saveExtractor(f)
		}
		if err != nil {
			return err
		}
	}
	if err := train.WriteJSON(f.path(train.ConfigFile), s.Settings); err != nil {
		return err
	}
	s.there, _ = os.Stat(f.ConfigPath()) // its own from now on
	return f.linkLatest()
}

// report writes what people look at.
func (s *Session) report(f Folder, o *train.Outcome) error {
	text, err := os.ReadFile(f.path(train.ConfigFile))
	if err != nil {
		return err
	}
	facts, title := s.facts(), f.Dir
	if o.Stopped == train.Failed {
		title += fmt.Sprintf(", ended by an error after epoch %d", len(o.History))
	}
	return report.Write(f.Dir, &report.Run{
		Title: title, Spec: s.Spec, Labels: facts.Labels, Training: facts.Training, Outcome: o,
		Settings: string(text), TrainOnly: s.plan.trainOnly(), Size: s.Settings.Size,
		Image: s.Images.Image,
		Path:  func(i int) string { return s.Images.Set.Items[i].Path },
	})
}
