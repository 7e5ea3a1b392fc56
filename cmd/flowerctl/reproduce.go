package main

import (
	"errors"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/announce"
	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/swept"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/study"
)

type reproduceOptions struct {
	data, out, sweep        string
	drawn, epochs, threads  int
	seed                    uint64
	budget                  time.Duration
	all, table, force, list bool
	json                    bool
}

func (o *reproduceOptions) flags() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&o.data, "data", "",
			"`DIR` with one folder of images per class; without it flowers are drawn"),
		shell.IntFlag(&o.drawn, "drawn", run.Defaults().Drawn, "how many flowers are drawn, `N`"),
		shell.BoolFlag(&o.all, "all", "every row, the cheapest first"),
		shell.DurationFlag(&o.budget, "budget", 0,
			"stop after `TIME`, such as 2h or 90m; 0: when all is done"),
		shell.BoolFlag(&o.table, "table", "write the table of what was run, and run nothing"),
		shell.IntFlag(&o.epochs, "epochs", 0, "at most `N` epochs; 0: as many as in the study"),
		shell.UintFlag(&o.seed, "seed", 1,
			"`N`, as for train; other seeds than 1 get folders of their own"),
		shell.IntFlag(&o.threads, "threads", 0, "`N` that compute; 0: all cores"),
		shell.TextFlag(&o.out, "out", "",
			"`DIR` of the table, runs/study by default; of one ROW: the run's folder"),
		shell.TextFlag(&o.sweep, "sweep", "",
			"write the rows as `FILE.yaml` for flowerctl sweep and bundle, and run nothing"),
		shell.BoolFlag(&o.force, "force", "run one ROW again, over its run; with --sweep, write over FILE"),
		shell.BoolFlag(&o.list, "list", "list the rows and what was logged, and do nothing else"),
		shell.JSONFlag(&o.json),
	}
}

func reproduceCommand() *cli.Command {
	o := new(reproduceOptions)
	return &cli.Command{
		Name:      "reproduce",
		Usage:     "run rows of the original study",
		ArgsUsage: "[ROW...]",
		Description: `The study compared networks and optimizers on photographs of flowers. A row runs
with its settings there: network, optimizer, batch, limit and patience. The split
is stratified, no image is in both parts, and pixels are rescaled once, which was
not so in every logged run; --list says in which.

A row is kept in runs/study-NETWORK-OPTIMIZER. One that was stopped, by Ctrl-C or
by --budget, goes on from there; one that was run to its end is not run again.
Several processes share the rows: one that another is at work on is left to it.
--all takes the cheapest rows first, and writes table.md, table.csv and table.json
with our numbers beside the logged ones; --table does only that. The notes say
which rows had another limit of epochs than the study's, and which were run on
drawn flowers and not on photographs.

  flowerctl reproduce --list
  flowerctl reproduce v3-alexnet/sgd --data photos/
  flowerctl reproduce v7-base/adam --data photos/ --epochs 3
  flowerctl reproduce --all --data photos/ --budget 2h
  flowerctl reproduce --table
  flowerctl reproduce --all --data photos/ --sweep study.yaml`,
		Flags:  o.flags(),
		Action: shell.Action(o.run),
	}
}

func (o *reproduceOptions) run(c *shell.Call) error {
	if o.list {
		return c.Write(o.json, study.Rows(), study.List())
	}
	if err := o.check(c); err != nil {
		return err
	}
	rows, err := study.Named(c.Files)
	if err != nil {
		return shell.Usagef("%w", err)
	}
	show := announce.New(c)
	so := study.Options{Data: o.data, Drawn: o.drawn, Epochs: o.epochs, Seed: o.seed, Version: version,
		Force: o.force && o.sweep == "", Numbers: o.table || o.sweep != "", Observer: show}
	if c.Given("threads") {
		so.Threads = &o.threads
	}
	switch {
	case len(c.Files) == 1 && o.out != "":
		so.Dir = filepath.Clean(o.out)
	case o.table && (run.Folder{Dir: o.out}).Planned():
		so.Sweep = o.out
	}
	s, err := study.Open(rows, so)
	if err != nil {
		return remedy.Study(err)
	}
	if o.sweep != "" {
		return swept.WriteStudy(c, o.sweep, o.force, s)
	}
	tableDir := ""
	if len(rows) > 1 {
		if tableDir = o.out; tableDir == "" {
			tableDir = study.TableDir(o.seed)
		}
	}
	if !o.table {
		if err := o.train(c, s, tableDir); err != nil {
			return err
		}
	}
	return errors.Join(o.result(c, s, tableDir), s.Failures())
}

// check refuses flags that do not go together.
func (o *reproduceOptions) check(c *shell.Call) error {
	ways := 0
	for _, one := range []bool{o.all, o.table, len(c.Files) > 0} {
		if one {
			ways++
		}
	}
	switch {
	case ways != 1:
		return shell.Fail(shell.Usagef("want rows, --all or --table, and one of these"),
			"flowerctl reproduce --list shows the rows")
	case o.sweep != "" && (o.table || o.out != "" || o.budget != 0):
		return shell.Usagef("--sweep: runs nothing, and goes with rows or --all, --data, --drawn, " +
			"--epochs, --seed and --threads")
	case o.force && len(c.Files) != 1 && o.sweep == "":
		return shell.Usagef("--force: wants one ROW, got %d", len(c.Files))
	case o.budget < 0:
		return shell.Usagef("--budget: got %s, want a time such as 2h, or 0 for no end", o.budget)
	case o.table && c.Given("budget"):
		return shell.Usagef("--budget and --table: --table runs nothing")
	case o.epochs < 0:
		return shell.Usagef("--epochs: got %d, want 1 or more, or 0 for the study's", o.epochs)
	}
	return nil
}
