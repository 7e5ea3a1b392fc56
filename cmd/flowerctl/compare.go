package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/model"
)

func compareCommand() *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "put runs beside each other in a table",
		ArgsUsage: "RUN...",
		Description: `Accuracies are of the validation images, with 95 % intervals. Runs compare only
where they were validated on the same images.

  flowerctl compare runs/*
  flowerctl compare runs/a runs/b --csv`,
		Flags: []cli.Flag{jsonFlag(),
			&cli.BoolFlag{Name: "csv", Usage: "results as CSV, with a header"}},
		Action: compare,
	}
}

// comparedRun is a row of the table.
type comparedRun struct {
	Run        string     `json:"run"`
	Arch       string     `json:"arch"`
	Optimizer  string     `json:"optimizer"`
	Loss       string     `json:"loss"`
	Seed       uint64     `json:"seed"`
	Best       float64    `json:"val_accuracy"`
	Interval   [2]float64 `json:"val_interval"`
	Last       float64    `json:"last_val_accuracy"`
	Epochs     int        `json:"epochs"`
	Seconds    float64    `json:"seconds"`
	Parameters int        `json:"parameters"`
}

func compare(c *cli.Context) error {
	if c.Bool("json") && c.Bool("csv") {
		return usagef("--json and --csv: want one of them")
	}
	if c.NArg() == 0 {
		return fail(usagef("no runs named"), "flowerctl compare runs/*")
	}
	var rows []comparedRun
	seen := map[string]bool{}
	for _, name := range c.Args().Slice() {
		dir, err := findRun(name)
		if err != nil {
			return err
		}
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real // runs/* has runs/latest in it
		}
		if seen[dir] {
			continue
		}
		seen[dir] = true
		row, err := readCompared(dir)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	switch {
	case c.Bool("json"):
		return printJSON(c.App.Writer, rows)
	case c.Bool("csv"):
		return compareCSV(c, rows)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RUN\tNETWORK\tOPTIMIZER\tLOSS\tSEED\tBEST\tINTERVAL\tLAST\tEPOCHS\tTIME\tPARAMETERS")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%.1f %%\t%.1f to %.1f\t%.1f %%\t%d\t%s\t%s\n",
			r.Run, r.Arch, r.Optimizer, r.Loss, r.Seed, 100*r.Best, 100*r.Interval[0], 100*r.Interval[1],
			100*r.Last, r.Epochs, short(time.Duration(r.Seconds*float64(time.Second))), model.Thousands(r.Parameters))
	}
	return w.Flush()
}

// readCompared reads what the table says of a run.
func readCompared(dir string) (row comparedRun, err error) {
	s := defaultSettings()
	text, err := os.ReadFile(filepath.Join(dir, train.ConfigFile))
	if err != nil {
		return row, fileError(err)
	}
	if err := s.decode(text); err != nil {
		return row, fmt.Errorf("%s: %w", filepath.Join(dir, train.ConfigFile), err)
	}
	text, err = os.ReadFile(filepath.Join(dir, train.MetricsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return row, fail(fmt.Errorf("%s: the run has not ended", dir), "flowerctl train --resume "+dir+" goes on with it")
	}
	if err != nil {
		return row, fileError(err)
	}
	var m train.Summary
	if err := json.Unmarshal(text, &m); err != nil {
		return row, fmt.Errorf("%s: %w", filepath.Join(dir, train.MetricsFile), err)
	}
	p, err := resolve(s)
	if err != nil {
		return row, fmt.Errorf("%s: %w", dir, err)
	}
	spec, err := p.spec(len(m.Report.Classes))
	if err != nil {
		return row, fmt.Errorf("%s: %w", dir, err)
	}
	parameters, _, err := spec.Count()
	return comparedRun{Run: dir, Arch: s.Arch, Optimizer: s.Optimizer, Loss: s.Loss, Seed: s.Seed, Best: m.ValAccuracy,
		Interval: m.ValInterval, Last: m.LastValAccuracy, Epochs: m.Epochs, Seconds: m.Seconds, Parameters: parameters}, err
}

func compareCSV(c *cli.Context, rows []comparedRun) error {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	w := csv.NewWriter(c.App.Writer)
	w.Write([]string{"run", "arch", "optimizer", "loss", "seed", "val_accuracy", "low", "high",
		"last_val_accuracy", "epochs", "seconds", "parameters"}) // errors stay in w
	for _, r := range rows {
		w.Write([]string{r.Run, r.Arch, r.Optimizer, r.Loss, fmt.Sprint(r.Seed), number(r.Best), number(r.Interval[0]),
			number(r.Interval[1]), number(r.Last), fmt.Sprint(r.Epochs), number(r.Seconds), fmt.Sprint(r.Parameters)})
	}
	w.Flush()
	return w.Error()
}
