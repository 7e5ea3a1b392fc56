package compare

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/table"
)

// Tables are the comparison as texts: the runs, and their seeds and folds where there
// are any. Where all runs have the same settings, or none was tested, the column for
// them is left out.
func (t *Comparison) Tables() []*table.Table {
	runs := table.New("run", "network", "optimizer", "loss", "seed", "best", "95 % interval",
		"last", "training", "epochs", "time", "parameters", "test", "settings")
	runs.Title = "Runs"
	for _, r := range t.Runs {
		runs.Rows = append(runs.Rows, r.cells())
	}
	tables := []*table.Table{runs}
	seeds := table.New("runs", "network", "optimizer", "loss", "seeds", "best: mean", "deviation",
		"lowest", "highest", "last: mean", "time: mean", "test: mean", "settings")
	seeds.Title = "Seeds and folds"
	for _, g := range t.Groups {
		seeds.Rows = append(seeds.Rows, g.cells())
	}
	if len(seeds.Rows) > 0 {
		tables = append(tables, seeds)
	}
	if !slices.ContainsFunc(t.Runs, func(r Run) bool { return r.Test != nil }) {
		remove(tables, 2)
	}
	if !slices.ContainsFunc(t.Runs, func(r Run) bool { return r.Settings != "" }) {
		remove(tables, 1)
	}
	return tables
}

// WriteText writes the tables for people.
func (t *Comparison) WriteText(w io.Writer) error {
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

// remove takes a column away, which is counted from the end.
func remove(tables []*table.Table, fromEnd int) {
	for _, one := range tables {
		at := len(one.Header) - fromEnd
		one.Header = slices.Delete(one.Header, at, at+1)
		for i, row := range one.Rows {
			one.Rows[i] = slices.Delete(row, at, at+1)
		}
	}
}

// WriteCSV writes a line for each run, with the numbers of its group of seeds.
func (t *Comparison) WriteCSV(w io.Writer) error {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	lines := table.New("run", "arch", "optimizer", "loss", "seed", "val_accuracy", "low", "high",
		"last_val_accuracy", "train_accuracy", "epochs", "ended", "seconds", "parameters", "seeds",
		"mean_val_accuracy", "deviation", "settings", "fold", "test_accuracy")
	for _, r := range t.Runs {
		g := Group{Seeds: []uint64{r.Seed}, Mean: r.Best}
		if r.Group > 0 {
			g = t.Groups[r.Group-1]
		}
		test := ""
		if r.Test != nil {
			test = number(*r.Test)
		}
		lines.Add(r.Run, r.Arch, r.Optimizer, r.Loss, r.Seed, number(r.Best), number(r.Interval[0]),
			number(r.Interval[1]), number(r.Last), number(r.Train), r.Epochs, r.Ended, number(r.Seconds),
			r.Parameters, len(g.Seeds), number(g.Mean), number(g.Deviation), r.Settings, r.Fold, test)
	}
	return lines.WriteCSV(w)
}

func (r *Run) cells() []string {
	epochs := fmt.Sprint(r.Epochs)
	switch {
	case r.Ended:
	case r.Epochs < r.Asked: // it was stopped, or its sweep left it out
		epochs += fmt.Sprintf(" of %d", r.Asked)
	default:
		epochs += ", not ended"
	}
	return []string{r.Run, r.Arch, r.Optimizer, r.Loss, fmt.Sprint(r.Seed), table.Percent(r.Best),
		fmt.Sprintf("%.1f to %.1f", 100*r.Interval[0], 100*r.Interval[1]), table.Percent(r.Last),
		table.Percent(r.Train), epochs, table.Seconds(r.Seconds), model.Thousands(r.Parameters),
		percent(r.Test), r.Settings}
}

func (g *Group) cells() []string {
	return []string{strings.Join(g.Runs, " "), g.Arch, g.Optimizer, g.Loss,
		strings.Trim(fmt.Sprint(g.Seeds), "[]"), table.Percent(g.Mean),
		fmt.Sprintf("%.1f", 100*g.Deviation), table.Percent(g.Low), table.Percent(g.High),
		table.Percent(g.Last), table.Seconds(g.Seconds), g.test(), g.Settings}
}

// test is the mean test accuracy and its deviation.
func (g *Group) test() string {
	if g.Test == nil {
		return ""
	}
	return fmt.Sprintf("%s, deviation %.1f", table.Percent(*g.Test), 100**g.TestDeviation)
}

// percent is a share that may not be known.
func percent(share *float64) string {
	if share == nil {
		return ""
	}
	return table.Percent(*share)
}
