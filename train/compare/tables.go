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

// Tables are the comparison as texts: the runs, and their seeds where there are
// any. Where all runs have the same settings, the column for them is left out.
func (t *Comparison) Tables() []*table.Table {
	runs := table.New("run", "network", "optimizer", "loss", "seed", "best", "95 % interval",
		"last", "training", "epochs", "time", "parameters", "settings")
	runs.Title = "Runs"
	for _, r := range t.Runs {
		runs.Rows = append(runs.Rows, r.cells())
	}
	tables := []*table.Table{runs}
	seeds := table.New("runs", "network", "optimizer", "loss", "seeds", "best: mean", "deviation",
		"lowest", "highest", "last: mean", "time: mean", "settings")
	seeds.Title = "Seeds"
	for _, g := range t.Groups {
		seeds.Rows = append(seeds.Rows, g.cells())
	}
	if len(seeds.Rows) > 0 {
		tables = append(tables, seeds)
	}
	if slices.ContainsFunc(t.Runs, func(r Run) bool { return r.Settings != "" }) {
		return tables
	}
	for _, one := range tables {
		last := len(one.Header) - 1
		one.Header = one.Header[:last]
		for i, row := range one.Rows {
			one.Rows[i] = row[:last]
		}
	}
	return tables
}

// WriteCSV writes a line for each run, with the numbers of its group of seeds.
func (t *Comparison) WriteCSV(w io.Writer) error {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	lines := table.New("run", "arch", "optimizer", "loss", "seed", "val_accuracy", "low", "high",
		"last_val_accuracy", "train_accuracy", "epochs", "ended", "seconds", "parameters", "seeds",
		"mean_val_accuracy", "deviation", "settings")
	for _, r := range t.Runs {
		g := Group{Seeds: []uint64{r.Seed}, Mean: r.Best}
		if r.Group > 0 {
			g = t.Groups[r.Group-1]
		}
		lines.Add(r.Run, r.Arch, r.Optimizer, r.Loss, r.Seed, number(r.Best), number(r.Interval[0]),
			number(r.Interval[1]), number(r.Last), number(r.Train), r.Epochs, r.Ended, number(r.Seconds),
			r.Parameters, len(g.Seeds), number(g.Mean), number(g.Deviation), r.Settings)
	}
	return lines.WriteCSV(w)
}

func (r *Run) cells() []string {
	epochs := fmt.Sprint(r.Epochs)
	if !r.Ended {
		epochs += ", not ended"
	}
	return []string{r.Run, r.Arch, r.Optimizer, r.Loss, fmt.Sprint(r.Seed), table.Percent(r.Best),
		fmt.Sprintf("%.1f to %.1f", 100*r.Interval[0], 100*r.Interval[1]), table.Percent(r.Last),
		table.Percent(r.Train), epochs, table.Seconds(r.Seconds), model.Thousands(r.Parameters),
		r.Settings}
}

func (g *Group) cells() []string {
	return []string{strings.Join(g.Runs, " "), g.Arch, g.Optimizer, g.Loss,
		strings.Trim(fmt.Sprint(g.Seeds), "[]"), table.Percent(g.Mean),
		fmt.Sprintf("%.1f", 100*g.Deviation), table.Percent(g.Low), table.Percent(g.High),
		table.Percent(g.Last), table.Seconds(g.Seconds), g.Settings}
}
