package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/announce"
	"github.com/flowerctl/flowerctl/cmd/internal/caches"
	"github.com/flowerctl/flowerctl/cmd/internal/observe"
	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/settings"
	"github.com/flowerctl/flowerctl/cmd/internal/several"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/train/run"
)

type trainOptions struct {
	settings       settings.Flags
	config, resume string
	replay         string
	out, preview   string
	split          string
	curve          several.Curve
	force, list    bool
	dryRun, lrFind bool
	json           bool
	device         string
	caches         caches.Flags
	observed       observe.Training
}

func (o *trainOptions) flags() []cli.Flag {
	return append(slices.Concat(o.settings.List(), o.curve.Flags(), o.caches.List(),
		o.observed.Flags()),
		shell.TextFlag(&o.config, "config", "",
			"settings from `FILE`, such as a run's config.json; flags win"),
		shell.TextFlag(&o.resume, "resume", "",
			"go on with the run in folder `RUN`; other flags but --epochs, --patience, --threads and "+
				"--data would make it another run"),
		shell.TextFlag(&o.split, "split", "",
			"`SHARES` of training, validation and test, as in 70/10/20, in place of --val and --test"),
		shell.TextFlag(&o.replay, "replay", "",
			"do the bad step in `FILE` of a run's folder again, and name the first value that is not finite"),
		shell.TextFlag(&o.out, "out", "", "folder of the run, `RUN`"),
		shell.BoolFlag(&o.force, "force",
			"write over the run in --out, or the file of --augment-preview"),
		shell.BoolFlag(&o.list, "list", "list the networks and do nothing else"),
		shell.BoolFlag(&o.dryRun, "dry-run", "read the images, show the network, and train nothing"),
		shell.TextFlag(&o.preview, "augment-preview", "",
			"draw what --augment does to `FILE`.png and train nothing"),
		shell.BoolFlag(&o.lrFind, "lr-find",
			"try rising learning rates, name a good one, and train nothing"),
		shell.TextFlag(&o.device, "device", "cpu",
			"where features are computed that are not trained: `cpu`, cuda, cuda:N or auto"),
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
  flowerctl train --data photos/ --from vit.onnx --freeze all
  flowerctl train --data photos/ --arch v7-base --optimizer sgd --momentum 0.9 --epochs 30
  flowerctl train --data photos/ --split 70/10/20
  flowerctl train --data photos/ --labels-file labels.csv
  flowerctl train --data photos/ --folds 5
  flowerctl train --data photos/ --learning-curve 5,10,20,50,100
  flowerctl train --resume runs/latest --epochs 80
  flowerctl train --config runs/latest/config.json --seed 2
  flowerctl train --data photos/ --tensorboard --metrics-addr 127.0.0.1:9100
  flowerctl train --replay runs/latest/bad-step-7-epoch-3.ckpt
  flowerctl train --list`,
		Flags:  o.flags(),
		Action: shell.Action(o.run),
	}
}

func (o *trainOptions) run(c *shell.Call) (err error) {
	if err := c.NoFiles("--data"); err != nil {
		return err
	}
	if o.list {
		return listNetworks(c, o.json)
	}
	if o.replay != "" {
		return o.doAgain(c)
	}
	settings, ro, err := o.plan(c)
	if err != nil {
		return err
	}
	stop, err := o.observed.Start(c, &ro)
	if err != nil {
		return err
	}
	defer stop()
	if settings.Data == "" {
		c.Say("no --data: training on %d drawn flowers", settings.Drawn)
	}
	switch {
	case o.curve.Wanted():
		return o.curve.Train(c, settings, ro, o.out, o.json)
	case settings.Divided() && !o.dryRun && o.preview == "" && !o.lrFind:
		return several.CrossValidate(c, settings, ro, o.resume != "", o.json)
	}
	show := terminal.NewTraining(c.Log)
	ro.Observer = show
	s, err := run.Open(c.Ctx, settings, ro)
	show.Clear()
	if err != nil {
		return err
	}
	defer shell.Closing(&err, s.Close)
	if err := announce.Describe(c, s, true); err != nil {
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
		return remedy.Stopped(c.Ctx, ro.Dir, err)
	}
	summary := outcome.Summary(s.Images.Set.Labels)
	announce.Tuned(c, s, summary.BestEpoch)
	return announce.Summary(c, o.json, ro.Dir, summary)
}
