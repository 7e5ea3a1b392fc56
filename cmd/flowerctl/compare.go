package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train/picture"
	"github.com/flowerctl/flowerctl/train/report"
	"github.com/flowerctl/flowerctl/train/table"
)

func compareCommand() *cli.Command {
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
		Flags: []cli.Flag{jsonFlag(),
			&cli.BoolFlag{Name: "csv", Usage: "results as CSV, with a header"},
			&cli.StringFlag{Name: "html", Usage: "tables and curves as one page in `FILE`"},
			&cli.StringFlag{Name: "svg", Usage: "curves to `FILE`"},
			&cli.StringFlag{Name: "png", Usage: "curves to `FILE`"},
			&cli.BoolFlag{Name: "force", Usage: "write over files that are there"}},
		Action: compare,
	}
}

func compare(c *cli.Context) error {
	if c.Bool("json") && c.Bool("csv") {
		return usagef("--json and --csv: want one of them")
	}
	if c.NArg() == 0 {
		return fail(usagef("no runs named"), "flowerctl compare runs/*")
	}
	records, err := readCompared(c)
	if err != nil {
		return err
	}
	t, err := newComparison(records)
	if err != nil {
		return err
	}
	curves := func() (picture.Picture, error) { return report.Comparison(t.contenders(records)) }
	if err := drawPictures(c, curves); err != nil {
		return err
	}
	if path := c.String("html"); path != "" {
		p, err := curves()
		if err != nil {
			return err
		}
		err = writeNew(c, path, func(w io.Writer) error { return report.WriteComparison(w, t.tables(), t.Notes, p) })
		if err != nil {
			return err
		}
	}
	for _, note := range t.Notes {
		talk(c, "%s", note)
	}
	switch {
	case c.Bool("json"):
		return writeJSON(c.App.Writer, t)
	case c.Bool("csv"):
		return t.writeCSV(c.App.Writer)
	}
	return t.print(c.App.Writer)
}

// readCompared reads the runs that are named, each once. A folder that is none,
// such as that of the study's table in runs/*, is left out where others are runs.
func readCompared(c *cli.Context) ([]*runRecord, error) {
	var records []*runRecord
	var none []error
	seen := map[string]bool{}
	for _, name := range c.Args().Slice() {
		dir, err := findRun(name)
		if err != nil && isDir(name) {
			none = append(none, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real // runs/* has runs/latest in it
		}
		if seen[dir] {
			continue
		}
		seen[dir] = true
		r, err := readRun(dir)
		if err != nil {
			return nil, err
		}
		if len(r.history) == 0 {
			talk(c, "%s: no epoch is done: left out", dir)
			continue
		}
		records = append(records, r)
	}
	if len(records) == 0 {
		return nil, errors.Join(append(none, errors.New("nothing to compare"))...)
	}
	for _, err := range none {
		talk(c, "%v: left out", err)
	}
	return records, nil
}

// tables are the comparison's tables as texts. Where all runs have the same
// settings, the column for them is left out.
func (t *comparison) tables() []table.Table {
	runs := table.Table{Title: "Runs", Header: []string{"run", "network", "optimizer", "loss", "seed", "best",
		"95 % interval", "last", "training", "epochs", "time", "parameters", "settings"}}
	for _, r := range t.Runs {
		runs.Rows = append(runs.Rows, r.cells())
	}
	tables := []table.Table{runs}
	seeds := table.Table{Title: "Seeds", Header: []string{"runs", "network", "optimizer", "loss", "seeds", "best: mean",
		"deviation", "lowest", "highest", "last: mean", "time: mean",
		"settings"}}
	for _, g := range t.Groups {
		seeds.Rows = append(seeds.Rows, g.cells())
	}
	if len(seeds.Rows) > 0 {
		tables = append(tables, seeds)
	}
	if slices.ContainsFunc(t.Runs, func(r comparedRun) bool { return r.Settings != "" }) {
		return tables
	}
	for k := range tables {
		table := &tables[k]
		last := len(table.Header) - 1
		table.Header = table.Header[:last]
		for i, row := range table.Rows {
			table.Rows[i] = row[:last]
		}
	}
	return tables
}

func (t *comparison) print(out io.Writer) error {
	for i, table := range t.tables() {
		if i > 0 {
			fmt.Fprintln(out)
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		printRow(w, table.Header, true)
		for _, row := range table.Rows {
			printRow(w, row, false)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// writeCSV writes a line for each run, with the numbers of its group of seeds.
func (t *comparison) writeCSV(out io.Writer) error {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	w := csv.NewWriter(out)
	w.Write([]string{"run", "arch", "optimizer", "loss", "seed", "val_accuracy", "low", "high", "last_val_accuracy",
		"train_accuracy", "epochs", "ended", "seconds", "parameters", "seeds", "mean_val_accuracy", "deviation",
		"settings"}) // errors stay in w
	for _, r := range t.Runs {
		g := seedGroup{Seeds: []uint64{r.Seed}, Mean: r.Best}
		if r.Group > 0 {
			g = t.Groups[r.Group-1]
		}
		w.Write([]string{r.Run, r.Arch, r.Optimizer, r.Loss, fmt.Sprint(r.Seed), number(r.Best), number(r.Interval[0]),
			number(r.Interval[1]), number(r.Last), number(r.Train), fmt.Sprint(r.Epochs), fmt.Sprint(r.Ended),
			number(r.Seconds), fmt.Sprint(r.Parameters), fmt.Sprint(len(g.Seeds)), number(g.Mean), number(g.Deviation),
			r.Settings})
	}
	w.Flush()
	return w.Error()
}
