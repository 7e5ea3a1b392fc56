package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/swept"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/bundle"
)

type bundleOptions struct {
	bundle.Options
	model, sweep string
	force        bool
}

func bundleCommand() *cli.Command {
	o := new(bundleOptions)
	return &cli.Command{
		Name:      "bundle",
		Usage:     "write what schedulers and servers of others read, around a model",
		ArgsUsage: "kubernetes|slurm|ray|triton|kserve DIR",
		Description: `DIR gets the model, and a README.md that says how to go on: an Indexed Job or an
array that answers in shards, recipes for Ray Data and Daft, a model repository of
Triton, or an InferenceService of KServe. With --sweep, it is a job or an array whose
processes share the trials of a sweep.

  flowerctl bundle kubernetes job/ --shards 64 --image registry.example/flowerctl:1
  flowerctl bundle slurm array/ --shards 16 --model model.onnx
  flowerctl bundle slurm search/ --sweep sweep.yaml --shards 8
  flowerctl bundle triton models/`,
		Flags: []cli.Flag{
			shell.TextFlag(&o.model, "model", "",
				"ONNX `FILE`; else $"+shell.EnvModel+", else model.onnx here, else the one built in"),
			shell.TextFlag(&o.sweep, "sweep", "",
				"kubernetes, slurm: `FILE` of a sweep, in place of a model"),
			shell.TextFlag(&o.Options.Name, "name", "flowerctl",
				"`NAME` of the job, the service or the model there"),
			shell.IntFlag(&o.Shards, "shards", 16, "kubernetes, slurm: `N` parts or processes"),
			shell.TextFlag(&o.Image, "image", "flowerctl", "kubernetes, kserve: container `IMAGE`"),
			shell.TextFlag(&o.Claim, "claim", "flowerctl", "kubernetes, kserve: `NAME` of the volume claim"),
			shell.BoolFlag(&o.force, "force", "write over a folder that is there"),
		},
		Action: shell.Action(o.run),
	}
}

func (o *bundleOptions) run(c *shell.Call) error {
	if len(c.Files) != 2 {
		return shell.Fail(shell.Usagef("got %q, want what for, and DIR", c.Files),
			"flowerctl bundle slurm array/")
	}
	m, err := o.contents(c)
	if err != nil {
		return err
	}
	o.Target = c.Files[0]
	var wrong *bundle.OptionError
	if err := bundle.Write(c.Files[1], o.Options, o.force); errors.As(err, &wrong) {
		if wrong.Option != "target" {
			wrong.Option = "--" + wrong.Option
		}
		return shell.FailWith(shell.ExitUsage, err)
	} else if err != nil {
		return err
	}
	c.Assumed(o.Used())
	_, err = fmt.Fprintf(c.Out, "%s: for %s, with %s; see README.md there\n", c.Files[1], o.Target, m)
	return err
}

// contents finds the model or the sweep, and says which it is.
func (o *bundleOptions) contents(c *shell.Call) (name string, err error) {
	if o.sweep != "" && o.model != "" {
		return "", shell.Usagef("--sweep and --model: want one of them")
	}
	if o.sweep != "" {
		o.Sweep, err = swept.Bundled(c, o.sweep)
		return o.sweep, err
	}
	m, err := infer.Find(cmp.Or(o.model, os.Getenv(shell.EnvModel)))
	if err != nil {
		return "", err
	}
	o.Options.Model = m.Data
	return m.Name, nil
}
