package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train/compare"
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
summed up: mean and standard deviation, of one run of each seed. Runs that have
not ended are compared as they stand, and count in no mean. Under "settings" are
the other flags of train in which not all runs are alike.

  flowerctl compare runs/*
  flowerctl compare runs/a runs/b --html compare.html --png curves.png

What the loss does, on one network, all else the same:

  flowerctl train --data photos/ --arch v7-base --optimizer sgd --out runs/ce
  flowerctl train --data photos/ --arch v7-base --optimizer sgd --loss mse --out runs/mse
  flowerctl compare runs/ce runs/mse --html loss.html`,
		Flags: append([]cli.Flag{jsonFlag(&o.json),
			boolFlag(&o.csv, "csv", "results as CSV, with a header"),
			textFlag(&o.html, "html", "", "tables and curves as one page in `FILE`"),
		}, o.pictureFlags.flags("curves to `FILE`")...),
		Action: action(o.run),
	}
}

func (o *compareOptions) run(c *call) error {
	if o.json && o.csv {
		return usagef("--json and --csv: want one of them")
	}
	if len(c.files) == 0 {
		return fail(usagef("no runs named"), "flowerctl compare runs/*")
	}
	records, left, err := compare.Read(c.files)
	if err != nil {
		return err
	}
	for _, l := range left {
		c.say("%s: left out", l.Reason)
	}
	t, err := compare.New(records)
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
		c.say("%s", note)
	}
	switch {
	case o.json:
		return writeJSON(c.out, t)
	case o.csv:
		return t.WriteCSV(c.out)
	}
	return printTables(c.out, t)
}

func printTables(w io.Writer, t *compare.Comparison) error {
	for i, one := range t.Tables() {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := one.WriteText(w); err != nil {
			return err
		}
	}
	return nil
}
