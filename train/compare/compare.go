// Package compare puts runs beside each other: a row for each, groups of runs that
// differ in nothing but their seed, the settings in which the runs differ, and what
// makes them hard to compare. It imports nothing of export. Start at [Read] and [New].
package compare

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/picture"
	"github.com/flowerctl/flowerctl/train/report"
	"github.com/flowerctl/flowerctl/train/run"
)

// Comparison is runs beside each other; its JSON is what `flowerctl compare --json` prints.
type Comparison struct {
	Runs    []Run    `json:"runs"`
	Groups  []Group  `json:"groups"` // runs that have ended and differ in nothing but seed and fold
	Notes   []string `json:"notes"`
	styles  []int    // of each run in the picture
	records []*run.Record
}

// Run is a row of the table.
type Run struct {
	Run        string     `json:"run"`
	Arch       string     `json:"arch"`
	Optimizer  string     `json:"optimizer"`
	Loss       string     `json:"loss"`
	Seed       uint64     `json:"seed"`
	Best       float64    `json:"val_accuracy"`
	Interval   [2]float64 `json:"val_interval"`
	Last       float64    `json:"last_val_accuracy"`
	Fold       int        `json:"fold,omitempty"` // of a cross-validation
	Test       *float64   `json:"test_accuracy,omitempty"`
	Train      float64    `json:"train_accuracy"` // the best of all epochs
	Epochs     int        `json:"epochs"`
	Asked      int        `json:"epochs_asked"` // at most
	Ended      bool       `json:"ended"`
	Seconds    float64    `json:"seconds"`
	Parameters int        `json:"parameters"`
	Settings   string     `json:"settings"`        // those that are not the same in all runs, as flags
	Group      int        `json:"group,omitempty"` // the number in Groups, from 1; 0 for none
	flags      []string   // of Settings
}

// Group sums up runs of several seeds.
type Group struct {
	Runs      []string `json:"runs"`
	Arch      string   `json:"arch"`
	Optimizer string   `json:"optimizer"`
	Loss      string   `json:"loss"`
	Settings  string   `json:"settings"` // that all of them have
	Seeds     []uint64 `json:"seeds"`
	Mean      float64  `json:"mean_val_accuracy"`
	Deviation float64  `json:"deviation"` // standard deviation, n-1
	Low       float64  `json:"lowest"`
	High      float64  `json:"highest"`
	// Folds are those of the runs, where they are of cross-validations; Test is the mean
	// of the test accuracies, where all have one, and TestDeviation theirs.
	Folds         []int    `json:"folds,omitempty"`
	Test          *float64 `json:"mean_test_accuracy,omitempty"`
	TestDeviation *float64 `json:"test_deviation,omitempty"`
	Last          float64  `json:"mean_last_val_accuracy"`
	Seconds       float64  `json:"mean_seconds"`
}

// New puts runs into rows and groups.
func New(records []*run.Record) (*Comparison, error) {
	t := &Comparison{Groups: []Group{}, Notes: []string{}, records: records}
	differing := differingSettings(records)
	for i, r := range records {
		parameters, err := r.Parameters()
		if err != nil {
			return nil, err
		}
		s := r.Settings
		row := Run{Run: r.Dir, Arch: s.Name(), Optimizer: s.Optimizer, Loss: s.Loss, Seed: s.Seed,
			Last: r.LastAccuracy(), Train: r.TrainAccuracy(), Epochs: len(r.History), Asked: s.Epochs,
			Ended: r.Summary != nil, Seconds: r.Seconds(), Parameters: parameters,
			Settings: strings.Join(differing[i], " "), flags: differing[i]}
		row.Best, row.Interval = r.Accuracy()
		if row.Fold = s.Fold; r.Summary != nil {
			row.Test = r.Summary.TestAccuracy
		}
		t.Runs = append(t.Runs, row)
	}
	groups, notes, err := groupSeeds(records)
	if err != nil {
		return nil, err
	}
	t.Notes = notes
	for _, members := range groups {
		t.Groups = append(t.Groups, t.group(members))
		for _, i := range members {
			t.Runs[i].Group = len(t.Groups)
		}
	}
	t.note(t.assignStyles())
	return t, nil
}

// assignStyles gives each run its line in the picture, and counts them: one for all
// runs of a group, and one for each other run.
func (t *Comparison) assignStyles() (n int) {
	ofGroup := map[int]int{}
	for _, r := range t.Runs {
		style, known := ofGroup[r.Group]
		if r.Group == 0 || !known {
			style = n
			n++
			ofGroup[r.Group] = style
		}
		t.styles = append(t.styles, style)
	}
	return n
}

// group sums up the runs with these indices.
func (t *Comparison) group(indices []int) Group {
	first, n := t.Runs[indices[0]], float64(len(indices))
	g := Group{Arch: first.Arch, Optimizer: first.Optimizer, Loss: first.Loss, Low: first.Best,
		High: first.Best}
	shared := slices.Clone(first.flags)
	for _, i := range indices {
		r := t.Runs[i]
		shared = slices.DeleteFunc(shared, func(flag string) bool {
			return !slices.Contains(r.flags, flag)
		})
		g.Runs, g.Seeds = append(g.Runs, r.Run), append(g.Seeds, r.Seed)
		g.Mean += r.Best / n
		g.Last += r.Last / n
		g.Seconds += r.Seconds / n
		g.Low, g.High = min(g.Low, r.Best), max(g.High, r.Best)
	}
	var best, test []float64
	for _, i := range indices {
		r := t.Runs[i]
		best = append(best, r.Best)
		if r.Test != nil {
			test = append(test, *r.Test)
		}
		if r.Fold > 0 {
			g.Folds = append(g.Folds, r.Fold)
		}
	}
	_, g.Deviation = metrics.MeanDeviation(best)
	if len(test) == len(indices) {
		mean, deviation := metrics.MeanDeviation(test)
		g.Test, g.TestDeviation = &mean, &deviation
	}
	g.Settings = strings.Join(shared, " ")
	return g
}

// apart is what the runs of a group differ in.
func (g *Group) apart() string {
	if len(slices.Compact(slices.Sorted(slices.Values(g.Folds)))) > 1 {
		return "folds"
	}
	return "seeds"
}

// note says what makes the runs hard to compare.
func (t *Comparison) note(styles int) {
	images := map[string]bool{}
	var losses = map[string]bool{}
	for _, r := range t.records {
		images[r.Digest], losses[r.Settings.Loss] = true, true
	}
	if len(images) > 1 {
		t.Notes = append(t.Notes,
			"not all runs were validated on the same images (another seed or fold splits them otherwise): "+
				"compare means of several, and differences within the intervals are none")
	}
	if len(losses) > 1 {
		t.Notes = append(t.Notes,
			"the runs have losses of different kinds: these do not compare, accuracies do")
	}
	if styles > report.Styles() {
		t.Notes = append(t.Notes,
			fmt.Sprintf("%d kinds of runs: the picture has %d kinds of lines, so some look alike",
				styles, report.Styles()))
	}
}

// contenders are the runs for the picture. Seeds of one network share a line in
// the legend.
func (t *Comparison) contenders() []report.Contender {
	var list []report.Contender
	for i, r := range t.records {
		name := t.Runs[i].Run
		if g := t.Runs[i].Group; g > 0 {
			group := t.Groups[g-1]
			name = fmt.Sprintf("%s and %d more of other %s", group.Runs[0], len(group.Runs)-1,
				group.apart())
		}
		list = append(list, report.Contender{Name: name, Style: t.styles[i], Loss: r.Settings.Loss,
			History: r.History})
	}
	return list
}

// Curves draws the runs in one picture.
func (t *Comparison) Curves() (picture.Picture, error) { return report.Comparison(t.contenders()) }

// WriteHTML writes tables, notes and curves as a page that needs nothing else.
func (t *Comparison) WriteHTML(w io.Writer) error {
	p, err := t.Curves()
	if err != nil {
		return err
	}
	return report.WriteComparison(w, t.Tables(), t.Notes, p)
}
