package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/report"
)

// comparison is what `compare --json` prints.
type comparison struct {
	Runs   []comparedRun `json:"runs"`
	Groups []seedGroup   `json:"groups"` // runs that have ended and differ in nothing but their seed
	Notes  []string      `json:"notes"`
	style  []int         // of each run in the picture
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
	Train      float64    `json:"train_accuracy"` // the best of all epochs
	Epochs     int        `json:"epochs"`
	Ended      bool       `json:"ended"`
	Seconds    float64    `json:"seconds"`
	Parameters int        `json:"parameters"`
	Settings   string     `json:"settings"`        // those in which not all runs are alike, as flags
	Group      int        `json:"group,omitempty"` // the number in Groups, from 1; 0 for none
	flags      []string   // of Settings
}

// seedGroup sums up runs of several seeds.
type seedGroup struct {
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
	Last      float64  `json:"mean_last_val_accuracy"`
	Seconds   float64  `json:"mean_seconds"`
}

// newComparison puts runs into rows and groups.
func newComparison(records []*runRecord) (*comparison, error) {
	t := &comparison{Groups: []seedGroup{}, Notes: []string{}}
	differing := differingSettings(records)
	for i, r := range records {
		parameters, err := r.parameters()
		if err != nil {
			return nil, err
		}
		s := r.settings
		row := comparedRun{Run: r.dir, Arch: s.Arch, Optimizer: s.Optimizer, Loss: s.Loss, Seed: s.Seed, Last: r.last(),
			Train: r.trained(), Epochs: len(r.history), Ended: r.summary != nil, Seconds: r.seconds(), Parameters: parameters,
			Settings: strings.Join(differing[i], " "), flags: differing[i]}
		row.Best, row.Interval = r.accuracy()
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
	t.note(records, t.styles())
	return t, nil
}

// styles gives each run its line in the picture, and counts them: one for all
// runs of a group, and one for each other run.
func (t *comparison) styles() (n int) {
	ofGroup := map[int]int{}
	for _, r := range t.Runs {
		style, known := ofGroup[r.Group]
		if r.Group == 0 || !known {
			style = n
			n++
			ofGroup[r.Group] = style
		}
		t.style = append(t.style, style)
	}
	return n
}

// group sums up the runs with these indices.
func (t *comparison) group(indices []int) seedGroup {
	first, n := t.Runs[indices[0]], float64(len(indices))
	g := seedGroup{Arch: first.Arch, Optimizer: first.Optimizer, Loss: first.Loss, Low: first.Best, High: first.Best}
	shared := slices.Clone(first.flags)
	for _, i := range indices {
		r := t.Runs[i]
		shared = slices.DeleteFunc(shared, func(flag string) bool { return !slices.Contains(r.flags, flag) })
		g.Runs, g.Seeds = append(g.Runs, r.Run), append(g.Seeds, r.Seed)
		g.Mean += r.Best / n
		g.Last += r.Last / n
		g.Seconds += r.Seconds / n
		g.Low, g.High = min(g.Low, r.Best), max(g.High, r.Best)
	}
	for _, i := range indices {
		g.Deviation += (t.Runs[i].Best - g.Mean) * (t.Runs[i].Best - g.Mean) / (n - 1)
	}
	g.Deviation = math.Sqrt(g.Deviation)
	g.Settings = strings.Join(shared, " ")
	return g
}

// note says what makes the runs hard to compare.
func (t *comparison) note(records []*runRecord, styles int) {
	images := map[string]bool{}
	var losses = map[string]bool{}
	for _, r := range records {
		images[r.digest], losses[r.settings.Loss] = true, true
	}
	if len(images) > 1 {
		t.Notes = append(t.Notes, "not all runs were validated on the same images (another seed splits them otherwise): "+
			"compare means of several seeds, and differences within the intervals are none")
	}
	if len(losses) > 1 {
		t.Notes = append(t.Notes, "the runs have losses of different kinds: these do not compare, accuracies do")
	}
	if styles > report.Styles() {
		t.Notes = append(t.Notes, fmt.Sprintf("%d kinds of runs: the picture has %d kinds of lines, so some look alike", styles, report.Styles()))
	}
}

// contenders are the runs for the picture. Seeds of one network share a line in
// the legend.
func (t *comparison) contenders(records []*runRecord) []report.Contender {
	var list []report.Contender
	for i, r := range records {
		name := t.Runs[i].Run
		if g := t.Runs[i].Group; g > 0 {
			group := t.Groups[g-1]
			name = fmt.Sprintf("%s and %d more of other seeds", group.Runs[0], len(group.Runs)-1)
		}
		list = append(list, report.Contender{Name: name, Style: t.style[i], Loss: r.settings.Loss, History: r.history})
	}
	return list
}

func (r *comparedRun) cells() []string {
	epochs := fmt.Sprint(r.Epochs)
	if !r.Ended {
		epochs += ", not ended"
	}
	return []string{r.Run, r.Arch, r.Optimizer, r.Loss, fmt.Sprint(r.Seed), percent(r.Best),
		fmt.Sprintf("%.1f to %.1f", 100*r.Interval[0], 100*r.Interval[1]), percent(r.Last), percent(r.Train), epochs,
		seconds(r.Seconds), model.Thousands(r.Parameters), r.Settings}
}

func (g *seedGroup) cells() []string {
	return []string{strings.Join(g.Runs, " "), g.Arch, g.Optimizer, g.Loss, strings.Trim(fmt.Sprint(g.Seeds), "[]"),
		percent(g.Mean), fmt.Sprintf("%.1f", 100*g.Deviation), percent(g.Low), percent(g.High), percent(g.Last), seconds(g.Seconds),
		g.Settings}
}

// percent writes a share for people.
func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func seconds(s float64) string { return short(time.Duration(s * float64(time.Second))) }

// printRow writes a row for a tabwriter.
func printRow(w io.Writer, cells []string, header bool) {
	line := strings.Join(cells, "\t")
	if header {
		line = strings.ToUpper(line)
	}
	fmt.Fprintln(w, line)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
