package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/data/augment"
	kernelengine "github.com/flowerctl/flowerctl/train/nn/kernel/engine"
	"github.com/flowerctl/flowerctl/train/report"
)

func trainCommand() *cli.Command {
	return &cli.Command{
		Name:  "train",
		Usage: "train a network on folders of images, one folder a class",
		Description: `Writes a folder with the settings, the split, the history, checkpoints and a
report, runs/NETWORK-TIME unless --out says another. Ctrl-C stops after the step
under way; --resume goes on from there as if it had never stopped.

  flowerctl train --data photos/
  flowerctl train --data photos/ --arch v7-base --optimizer sgd --momentum 0.9 --epochs 30
  flowerctl train --resume runs/latest --epochs 80
  flowerctl train --config runs/latest/config.json --seed 2
  flowerctl train --list`,
		Flags: append(trainFlags(),
			&cli.StringFlag{Name: "config", Usage: "settings from `FILE`, such as a run's config.json; flags win"},
			&cli.StringFlag{Name: "resume", Usage: "go on with the run in folder `RUN`; other flags but --epochs, --patience, --threads and --data would make it another run"},
			&cli.StringFlag{Name: "out", Usage: "folder of the run, `RUN`"},
			&cli.BoolFlag{Name: "force", Usage: "write over the run in --out, or the file of --augment-preview"},
			&cli.BoolFlag{Name: "list", Usage: "list the networks and do nothing else"},
			&cli.BoolFlag{Name: "dry-run", Usage: "read the images, show the network, and train nothing"},
			&cli.StringFlag{Name: "augment-preview", Usage: "draw what --augment does to `FILE`.png and train nothing"},
			&cli.BoolFlag{Name: "lr-find", Usage: "try rising learning rates, name a good one, and train nothing"},
			jsonFlag(),
		),
		Action: trainAction,
	}
}

func trainAction(c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	if c.Bool("list") {
		return listNetworks(c)
	}
	r, err := newTrainRun(c)
	if err != nil {
		return err
	}
	s, err := r.prepare(c)
	if err != nil {
		return err
	}
	err = r.do(c, s)
	return errors.Join(err, s.Close())
}

// trainRun is one call of train.
type trainRun struct {
	plan   *plan
	dir    string                 // of the run
	resume *checkpoint.Checkpoint // nil for a new run
	split  *data.Set              // of a run that goes on
	show   *progress
	quiet  bool // about files that were left out: they were named before
}

// together refuses flags of which one would be ignored, before any image is read.
func together(c *cli.Context) error {
	preview := c.String("augment-preview")
	var instead []string // of training
	for _, name := range []string{"dry-run", "augment-preview", "lr-find"} {
		if c.Bool(name) || name == "augment-preview" && preview != "" {
			instead = append(instead, "--"+name)
		}
	}
	switch {
	case len(instead) > 1:
		return usagef("%s: want one of them at a time", strings.Join(instead, " and "))
	case c.String("resume") != "" && c.Bool("lr-find"):
		return usagef("--lr-find: takes no --resume: rates are tried with weights at their start; with --config RUN/%s, and --init for other weights", train.ConfigFile)
	case c.String("resume") != "" && c.Bool("force") && preview == "":
		return usagef("--resume: takes no --force: a run that goes on writes over nothing")
	case preview != "":
		return previewable(preview, c.Bool("force"))
	}
	return nil
}

// newTrainRun reads flags and settings.
func newTrainRun(c *cli.Context) (*trainRun, error) {
	if err := together(c); err != nil {
		return nil, err
	}
	r := &trainRun{show: newProgress(c.App.ErrWriter)}
	file := c.String("config")
	if run := c.String("resume"); run != "" {
		if file != "" || c.IsSet("out") {
			return nil, usagef("--resume: takes no --config and no --out: a run goes on with its own settings, where it is")
		}
		if err := resumable(c); err != nil {
			return nil, err
		}
		var err error
		if r.dir, err = findRun(run); err != nil {
			return nil, fmt.Errorf("--resume: %w", err)
		}
		if err := r.load(); err != nil {
			return nil, err
		}
		file = filepath.Join(r.dir, train.ConfigFile)
	}
	s, err := readSettings(c, file)
	if err != nil {
		return nil, err
	}
	if r.plan, err = resolve(s); err != nil {
		return nil, err
	}
	if r.dir == "" {
		r.dir, err = newRunDir(c, r.plan.Arch)
	}
	return r, err
}

// prepare reads the images and makes the network.
func (r *trainRun) prepare(c *cli.Context) (*session, error) {
	if r.plan.Data == "" {
		talk(c, "no --data: training on %d drawn flowers", r.plan.Drawn)
	}
	cache, err := r.plan.images(c.Context, r.split, r.show.reading)
	r.show.end()
	if err != nil {
		return nil, err
	}
	return r.open(c, cache)
}

// open makes the network for the images, and says what it is.
func (r *trainRun) open(c *cli.Context, cache *data.Cache) (*session, error) {
	if !r.quiet {
		r.tellProblems(c, cache.Set)
	}
	s, err := r.plan.open(cache)
	if err != nil {
		return nil, err
	}
	parameters, _, err := s.spec.Count()
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	talk(c, "%s, %d parameters, input %d x %d; %d training and %d validation images of %s (%s)",
		s.Arch, parameters, s.Size, s.Size, s.train.Len(), s.val.Len(), strings.Join(cache.Set.Labels, ", "), cache.Set.SplitBy)
	tellUnvalidated(c, cache.Set)
	switch {
	case len(s.anew) > 0:
		talk(c, "starting from %s, but for %s", s.Init, strings.Join(s.anew, ", "))
	case s.Init != "":
		talk(c, "starting from %s", s.Init)
	}
	if kernelengine.Description() == "go" {
		talk(c, "kernels: Go; built with oneDNN (libdnnl-dev, see make) a step takes half to four fifths of the time")
	}
	return s, nil
}

// tellProblems names a few of the files that were left out.
func (r *trainRun) tellProblems(c *cli.Context, set *data.Set) {
	const few = 5
	for i, p := range set.Problems {
		if i == few {
			talk(c, "and %d more: flowerctl data check %s lists them", len(set.Problems)-few, r.plan.Data)
			return
		}
		talk(c, "%s", p)
	}
}

// tellUnvalidated warns of classes that the folders give no image to validate on.
func tellUnvalidated(c *cli.Context, set *data.Set) {
	var names []string
	for class, n := range set.Counts(data.Val) {
		if n == 0 {
			names = append(names, set.Labels[class])
		}
	}
	if len(names) > 0 {
		talk(c, "warning: no validation image of %s: the validation accuracy is that of the other classes only",
			strings.Join(names, ", "))
	}
}

// do trains, or what was asked for instead.
func (r *trainRun) do(c *cli.Context, s *session) error {
	switch {
	case c.Bool("dry-run"):
		return writeSummary(c.App.Writer, &s.spec)
	case c.String("augment-preview") != "":
		return previewAugmentation(c, s, c.String("augment-preview"))
	case c.Bool("lr-find"):
		return findRate(c, s)
	}
	outcome, err := r.train(c.Context, s)
	if err != nil {
		return r.failure(c.Context, err)
	}
	return r.tell(c, outcome, s.cache.Set.Labels)
}

// train trains to the end and writes the run's folder.
func (r *trainRun) train(ctx context.Context, s *session) (*train.Outcome, error) {
	if err := r.writeStart(s); err != nil {
		return nil, err
	}
	for _, o := range s.spec.Outputs[1:] {
		r.show.heads = append(r.show.heads, o.Name)
	}
	cfg := s.config(r.dir, r.show)
	cfg.Resume = r.resume
	outcome, err := train.Run(ctx, cfg)
	r.show.end()
	if outcome == nil {
		return nil, err
	}
	return outcome, errors.Join(err, writeRunReport(r.dir, s, outcome))
}

// writeStart makes the run's folder with what is known before the first step.
func (r *trainRun) writeStart(s *session) error {
	if r.resume == nil {
		if err := os.MkdirAll(r.dir, 0o777); err != nil {
			return fileError(err)
		}
		if err := removeRun(r.dir); err != nil {
			return err
		}
		err := atomicfile.Write(filepath.Join(r.dir, train.SplitFile), func(w io.Writer) error {
			return s.cache.Set.WriteSplit(w)
		})
		if err != nil {
			return err
		}
	}
	if err := train.WriteJSON(filepath.Join(r.dir, train.ConfigFile), s.settings); err != nil {
		return err
	}
	return linkLatest(r.dir)
}

// writeRunReport writes what people look at into the run's folder.
func writeRunReport(dir string, s *session, o *train.Outcome) error {
	text, err := os.ReadFile(filepath.Join(dir, train.ConfigFile))
	if err != nil {
		return fileError(err)
	}
	facts, title := s.facts(), dir
	if o.Stopped == train.Failed {
		title += fmt.Sprintf(", ended by an error after epoch %d", len(o.History))
	}
	return report.Write(dir, &report.Run{
		Title: title, Spec: s.spec, Labels: facts.Labels, Training: facts.Training, Outcome: o,
		Settings: string(text), TrainOnly: s.trainOnly(), Size: s.Size, Image: s.cache.Image,
		Path: func(i int) string { return s.cache.Set.Items[i].Path },
	})
}

// trainOnly is what is in the training loss and not in the validation loss.
func (p *plan) trainOnly() (what []string) {
	for _, one := range []struct {
		there bool
		name  string
	}{
		{p.Classes != "", "class weights"},
		{p.Smooth > 0, "label smoothing"},
		{p.augment.Mixup > 0 || p.augment.CutMix > 0, "mixed images"},
		{p.augment != augment.Policy{}, "augmentation"},
	} {
		if one.there {
			what = append(what, one.name)
		}
	}
	return what
}

// failure says how a run that did not end can go on.
func (r *trainRun) failure(ctx context.Context, err error) error {
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	where, _, _ := strings.Cut(err.Error(), ": ")
	return fail(errors.New(where), "flowerctl train --resume "+r.dir+" goes on from there")
}
