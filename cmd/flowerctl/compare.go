package main

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/compare"
	"github.com/flowerctl/flowerctl/train/sweep"
)

type compareOptions struct {
	pictureFlags
	json, csv bool
	html      string
}

func compareCommand() *cli.Command {
	o := new(compareOptions)
	return &cli.Command{
		Name:      "compare",
		Usage:     "put runs beside each other in a table",
		ArgsUsage: "RUN...",
		Description: `Accuracies are of the validation images, with 95 % intervals. Runs that differ
in nothing but their seed, on the same images or as many drawn ones, are also
summed up: mean and standard deviation, of one run of each seed. The folder of a
cross-validation stands for its runs, which are summed up too, with their tests; that of a
sweep for its trials. Runs that have not ended are compared as they stand, and count in no
mean. Under "settings" are the other flags of train in which not all runs are alike.

  flowerctl compare runs/*
  flowerctl compare runs/a runs/b --html compare.html --png curves.png

What the loss does, on one network, all else the same:

  flowerctl train --data photos/ --arch v7-base --optimizer sgd --out runs/ce
  flowerctl train --data photos/ --arch v7-base --optimizer sgd --loss mse --out runs/mse
  flowerctl compare runs/ce runs/mse --html loss.html`,
		Flags: append([]cli.Flag{shell.JSONFlag(&o.json),
			shell.BoolFlag(&o.csv, "csv", "results as CSV, with a header"),
			shell.TextFlag(&o.html, "html", "", "tables and curves as one page in `FILE`"),
		}, o.pictureFlags.flags("curves to `FILE`")...),
		Action: shell.Action(o.run),
	}
}

func (o *compareOptions) run(c *shell.Call) error {
	if o.json && o.csv {
		return shell.Usagef("--json and --csv: want one of them")
	}
	if len(c.Files) == 0 {
		return shell.Fail(shell.Usagef("no runs named"), "flowerctl compare runs/*")
	}
	records, left, err := compare.Read(c.Files)
	if err != nil {
		return err
	}
	for _, l := range left {
		c.Say("%s: left out", l.Reason)
	}
	t, err := compare.New(records)
	if err == nil {
		t.Notes, err = sweep.AppendBest(t.Notes, c.Files)
	}
	if err != nil {
		return err
	}
	if err := o.draw(t.Curves); err != nil {
		return err
	}
	if err := o.write(o.html, t.WriteHTML); err != nil {
		return err
	}
	for _, note := range t.Notes {
		c.Say("%s", note)
	}
	if o.csv {
		return t.WriteCSV(c.Out)
	}
	return c.Write(o.json, t, t)
}
