package main

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/swept"
)

func sweepCommand() *cli.Command {
	o := new(swept.Flags)
	return &cli.Command{
		Name:      "sweep",
		Usage:     "train with many settings and say which are best",
		ArgsUsage: "FILE.yaml",
		Description: `FILE says which settings are tried: a grid of them, settings that are drawn, or a
list, with several seeds or folds. docs/sweeps.md has its keys:

  method: grid
  base: {data: photos/, epochs: 30}
  settings: {optimizer: [adam, sgd], lr: [0.001, 0.01]}
  seeds: [1, 2, 3]

Each trial is a run in a folder of its own, as train makes it. Any number of processes on
one folder share the trials, and one that was stopped or killed goes on when it is started
again. The best settings are those with the best validation figure. Exit code 1 means that
a trial failed, 42 that trying again will not help.

  flowerctl sweep sweep.yaml --out sweep/
  flowerctl sweep sweep.yaml --out sweep/ --shard 0/8
  flowerctl status sweep/
  flowerctl compare sweep/`,
		Flags: []cli.Flag{
			shell.TextFlag(&o.Out, "out", "", "`DIR` of the sweep, that all its processes share"),
			shell.TextFlag(&o.Shard, "shard", "",
				"`I/N`: every N-th trial alone, from I, by the environment as for predict; 0/1: any"),
			shell.TextFlag(&o.Device, "device", "cpu",
				"where features are computed that are not trained: `cpu`, cuda, cuda:N or auto"),
			shell.JSONFlag(&o.JSON),
		},
		Action: shell.Action(func(c *shell.Call) error { return o.Run(c, version) }),
	}
}
