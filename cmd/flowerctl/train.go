package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/run"
)

type trainOptions struct {
	settings       settingsFlags
	config, resume string
	out, preview   string
	force, list    bool
	dryRun, lrFind bool
	json           bool
}

func (o *trainOptions) flags() []cli.Flag {
	return append(o.settings.flags(),
		shell.TextFlag(&o.config, "config", "",
			"settings from `FILE`, such as a run's config.json; flags win"),
		shell.TextFlag(&o.resume, "resume", "",
			"go on with the run in folder `RUN`; other flags but --epochs, --patience, --threads and "+
				"--data would make it another run"),
		shell.TextFlag(&o.out, "out", "", "folder of the run, `RUN`"),
		shell.BoolFlag(&o.force, "force",
			"write over the run in --out, or the file of --augment-preview"),
		shell.BoolFlag(&o.list, "list", "list the networks and do nothing else"),
		shell.BoolFlag(&o.dryRun, "dry-run", "read the images, show the network, and train nothing"),
		shell.TextFlag(&o.preview, "augment-preview", "",
			"draw what --augment does to `FILE`.png and train nothing"),
		shell.BoolFlag(&o.lrFind, "lr-find",
			"try rising learning rates, name a good one, and train nothing"),
		shell.JSONFlag(&o.json))
}

func trainCommand() *cli.Command {
	o := new(trainOptions)
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
		Flags:  o.flags(),
		Action: shell.Action(o.run),
	}
}

func (o *trainOptions) run(c *shell.Call) (err error) {
	if err := c.NoFiles(); err != nil {
		return err
	}
	if o.list {
		return listNetworks(c, o.json)
	}
	settings, ro, err := o.plan(c)
	if err != nil {
		return err
	}
	if settings.Data == "" {
		c.Say("no --data: training on %d drawn flowers", settings.Drawn)
	}
	show := terminal.NewTraining(c.Log)
	ro.Observer = show
	s, err := run.Open(c.Ctx, settings, ro)
	show.Clear()
	if err != nil {
		return err
	}
	defer shell.Closing(&err, s.Close)
	if err := describe(c, s, true); err != nil {
		return err
	}
	switch {
	case o.dryRun:
		return dryRun(c, s)
	case o.preview != "":
		return o.drawPreview(c, s)
	case o.lrFind:
		return o.findRate(c, s)
	}
	show.Heads = s.Heads()
	outcome, err := s.Train(c.Ctx)
	show.Clear()
	if err != nil {
		return stopped(c.Ctx, ro.Dir, err)
	}
	return tellSummary(c, o.json, ro.Dir, outcome.Summary(s.Images.Set.Labels))
}

// plan reads flags and files of settings, and finds the run's folder.
func (o *trainOptions) plan(c *shell.Call) (settings run.Settings, ro run.Options, err error) {
	if err := o.check(c); err != nil {
		return settings, ro, err
	}
	ro.Version = version
	switch {
	case o.resume != "":
		f, err := run.Find(o.resume)
		if err == nil {
			ro.Dir = f.Dir
			ro.Resume, err = f.Resume()
		}
		if err != nil {
			return settings, ro, resumeFailure(err)
		}
		settings, err = f.Settings()
		if err != nil {
			return settings, ro, err
		}
	case o.config != "":
		if settings, err = run.ReadSettings(o.config); err != nil {
			return settings, ro, err
		}
	default:
		settings = o.defaults(c)
	}
	o.settings.over(&settings, c)
	if settings.From != "" && settings.From != run.FromNothing && ro.Resume == nil {
		if ro.Base, err = openBase(c, &settings); err != nil {
			return settings, ro, err
		}
		settings.Size = ro.Base.Size
	}
	if settings, err = settings.Resolve(); err != nil {
		return settings, ro, err
	}
	if ro.Dir == "" {
		ro.Dir, err = o.newDir(settings.Name())
	}
	return settings, ro, err
}

// defaults are those of a training from nothing, or from a network that exists: the
// one that --from names, or the one at hand where the user has pictures and says
// nothing of a network.
func (o *trainOptions) defaults(c *shell.Call) run.Settings {
	from := o.settings.values.From
	if !c.Given("from") && c.Given("data") && c.FirstGiven("arch", "init") == "" {
		from = atHand(c)
	}
	if from == "" || from == run.FromNothing {
		return run.Defaults()
	}
	return run.TransferDefaults(from)
}

// check refuses flags of which one would be ignored, before any image is read.
func (o *trainOptions) check(c *shell.Call) error {
	var instead []string // of training
	for _, one := range []struct {
		name string
		set  bool
	}{{"--dry-run", o.dryRun}, {"--augment-preview", o.preview != ""}, {"--lr-find", o.lrFind}} {
		if one.set {
			instead = append(instead, one.name)
		}
	}
	switch {
	case len(instead) > 1:
		return shell.Usagef("%s: want one of them at a time", strings.Join(instead, " and "))
	case o.resume != "" && o.lrFind:
		return shell.Usagef("--lr-find: takes no --resume: rates are tried with weights at their "+
			"start; with --config RUN/%s, and --init for other weights", train.ConfigFile)
	case o.resume != "" && o.force && o.preview == "":
		return shell.Usagef("--resume: takes no --force: a run that goes on writes over nothing")
	case o.resume != "" && (o.config != "" || c.Given("out")):
		return shell.Usagef("--resume: takes no --config and no --out: a run goes on with its own " +
			"settings, where it is")
	}
	name := c.FirstGiven("arch", "init")
	if name != "" && c.Given("from") && o.settings.values.From != run.FromNothing {
		return shell.Usagef("--from and --%s: want one of them", name)
	}
	if o.preview != "" {
		if err := previewable(o.preview, o.force); err != nil {
			return err
		}
	}
	if o.resume != "" {
		return o.settings.onlyResumable(c)
	}
	return nil
}

// newDir is the folder for a new run, which must not hold one unless forced.
func (o *trainOptions) newDir(network string) (string, error) {
	if o.out == "" {
		f, err := run.Unused(network)
		return f.Dir, err
	}
	f := run.Folder{Dir: filepath.Clean(o.out)}
	err := f.Free()
	switch {
	case errors.Is(err, run.ErrHoldsRun) && o.force:
		return f.Dir, nil
	case errors.Is(err, run.ErrHoldsRun):
		return "", shell.Fail(fmt.Errorf("--out: %w", err),
			"--force writes over it, --resume goes on with it")
	case errors.Is(err, run.ErrIsFile):
		return "", shell.Usagef("--out: %w", err)
	}
	return f.Dir, err
}

// resumeFailure says how a run that cannot go on is started again.
func resumeFailure(err error) error {
	var unstarted *run.NotStartedError
	if !errors.As(err, &unstarted) {
		var none *run.NoRunError
		if errors.As(err, &none) {
			return fmt.Errorf("--resume: %w", err)
		}
		return err
	}
	f := unstarted.Folder
	again := "start it again with --config " + f.ConfigPath() + " --out " + f.Dir + " --force"
	if unstarted.Failure != "" {
		again += fmt.Sprintf(", and other settings, such as --lr %.3g", unstarted.LR/10)
	}
	return shell.Fail(fmt.Errorf("--resume: %w", err), again)
}

// stopped says how a run that was interrupted can go on.
func stopped(ctx context.Context, dir string, err error) error {
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	where, _, _ := strings.Cut(err.Error(), ": ")
	return shell.Fail(errors.New(where), "flowerctl train --resume "+dir+" goes on from there")
}
