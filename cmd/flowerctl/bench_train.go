package main

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/start"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/run/bench"
)

type benchTrainOptions struct {
	arch, from, optimizer, precision, data, augment string
	size, batch, threads                            int
	bench                                           bench.Options
	json                                            bool
}

func (o *benchTrainOptions) flags() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&o.arch, "arch", "v7-base", "`NETWORK`, one of train --list"),
		shell.TextFlag(&o.from, "from", "", "time fine-tuning, as train --from does it, of the "+
			"network in `FILE`.onnx or of one of backbone list"),
		shell.IntFlag(&o.size, "size", 0, "side of the images, `PIXELS`; 0: the network's own"),
		shell.IntFlag(&o.batch, "batch", 32, "`N` images a step"),
		shell.IntFlag(&o.bench.Steps, "steps", 7, "`N` steps are timed"),
		shell.IntFlag(&o.bench.Warmup, "warmup", 2, "`N` steps before them"),
		shell.TextFlag(&o.optimizer, "optimizer", "adam", "`NAME`, as for train"),
		shell.TextFlag(&o.precision, "precision", "fp32", "`WHAT`, as for train"),
		shell.IntFlag(&o.threads, "threads", 0, "`N` that compute; 0: all cores"),
		shell.TextFlag(&o.data, "data", "", "time an epoch on the images in `DIR` too"),
		shell.TextFlag(&o.augment, "augment", "", "`POLICY` for that epoch, as for train"),
		shell.BoolFlag(&o.bench.Ops, "ops", "list the time of every op"),
		shell.JSONFlag(&o.json),
	}
}

func benchTrainCommand() *cli.Command {
	o := new(benchTrainOptions)
	return &cli.Command{
		Name:  "train",
		Usage: "time training steps: forward, backward, update",
		Description: `Steps on random images that stay the same, after --warmup steps that are not
counted. GFLOP/s takes a step for three forward passes, as is usual. --steps 200
shows whether memory grows. With --data an epoch on those images, augmented and
prepared ahead as in training, is compared with its steps alone.

  flowerctl bench train --arch v7-base --batch 32
  flowerctl bench train --arch v3-alexnet --steps 20 --ops
  flowerctl bench train --from efficientnet-lite0
  flowerctl bench train --data photos/ --augment light`,
		Flags:  o.flags(),
		Action: shell.Action(o.run),
	}
}

func (o *benchTrainOptions) run(c *shell.Call) (err error) {
	if err := c.NoFiles(); err != nil {
		return err
	}
	switch {
	case o.bench.Steps < 1 || o.bench.Warmup < 0:
		return shell.Usagef("--steps %d and --warmup %d: want 1 or more, and 0 or more",
			o.bench.Steps, o.bench.Warmup)
	case o.from != "" && c.FirstGiven("arch", "data", "optimizer") != "":
		return shell.Usagef("--from and --%s: fine-tuning is timed on its own, with its optimizer",
			c.FirstGiven("arch", "data", "optimizer"))
	case o.augment != "" && o.data == "":
		return shell.Usagef("--augment: there are no images to augment without --data")
	}
	s, err := o.open(c)
	if err != nil {
		return err
	}
	defer shell.Closing(&err, s.Close)
	r, err := bench.Time(c.Ctx, s, o.bench)
	if err != nil {
		return err
	}
	return c.Write(o.json, r, r)
}

// open is the network with new weights, for as many classes as the study had, or
// for those of --data with its images.
func (o *benchTrainOptions) open(c *shell.Call) (*run.Session, error) {
	if o.from != "" {
		return o.openBase(c)
	}
	settings := run.Defaults()
	settings.Arch, settings.Size, settings.Batch = o.arch, o.size, o.batch
	settings.Optimizer, settings.Precision, settings.Threads = o.optimizer, o.precision, o.threads
	settings.Data, settings.Augment = o.data, o.augment
	if o.data == "" {
		return run.OpenNetwork(settings, nil, arch.StudyClasses)
	}
	show := terminal.NewTraining(c.Log)
	defer show.Clear()
	return run.Open(c.Ctx, settings, run.Options{Observer: show})
}

// openBase is the network of --from with a new head, to fine-tune.
func (o *benchTrainOptions) openBase(c *shell.Call) (*run.Session, error) {
	settings := run.TransferDefaults(o.from)
	settings.Size, settings.Batch, settings.Threads = o.size, o.batch, o.threads
	settings.Precision = o.precision
	base, err := start.Open(c, "--from", &settings, "cpu")
	if err != nil {
		return nil, err
	}
	if base.Replace == nil {
		return nil, shell.Usagef("--from %s: it is not trained, only its features are used", o.from)
	}
	return run.OpenNetwork(settings, base, arch.StudyClasses)
}
