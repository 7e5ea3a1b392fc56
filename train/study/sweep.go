package study

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/sweep"
	"github.com/flowerctl/flowerctl/train/table"
)

// WriteSweep writes the rows as the file of a sweep, the cheapest first: its trials are the
// runs that [Study.Run] would do, on any number of machines.
func (s *Study) WriteSweep(w io.Writer) error {
	rows := s.byCost()
	base := rows[0].given()
	for _, a := range rows {
		base = slices.DeleteFunc(base, func(l string) bool { return !slices.Contains(a.given(), l) })
	}
	text := fmt.Sprintf("# %s of the study, the cheapest first\nmethod: list\nbase: {%s}\nsettings:\n",
		table.Count(len(rows), "row"), strings.Join(base, ", "))
	for _, a := range rows {
		own := slices.DeleteFunc(a.given(), func(l string) bool { return slices.Contains(base, l) })
		text += fmt.Sprintf("  - {arch: %s, optimizer: %s%s}\n", a.Arch, a.Optimizer,
			strings.Join(append([]string{""}, own...), ", "))
	}
	_, err := io.WriteString(w, text)
	return err
}

// byCost are the rows in the order of what they cost.
func (s *Study) byCost() []*Attempt {
	return slices.SortedStableFunc(slices.Values(s.Attempts), func(a, b *Attempt) int {
		x, _ := s.Cost(a)
		y, _ := s.Cost(b)
		return cmp.Compare(x, y)
	})
}

// given are the settings that the row must name besides network and optimizer, as lines of
// YAML: what is not the network's default.
func (a *Attempt) given() (list []string) {
	usual := a.Settings.Recipe(func(string) bool { return false })
	for _, d := range run.Differences(&usual, &a.Settings) {
		if d.Key != "arch" && d.Key != "optimizer" {
			list = append(list, d.Key+": "+d.B)
		}
	}
	return list
}

// trials are the folders of the rows in the folder of a sweep, by their names; of a row that
// is there with several seeds the first. A folder without one of them is an error.
func trials(dir string) (map[string]run.Folder, error) {
	plan, err := sweep.ReadPlan(dir)
	if err != nil {
		return nil, err
	}
	folders := map[string]run.Folder{}
	for i := range plan.Trials {
		t := &plan.Trials[i]
		name := Row{Arch: t.Settings.Arch, Optimizer: t.Settings.Optimizer}.Name()
		if _, err := Find(name); err == nil && folders[name].Dir == "" {
			folders[name] = run.Folder{Dir: dir}.Trial(t.Number)
		}
	}
	if len(folders) == 0 {
		return nil, fmt.Errorf("%s: no trial of the sweep is a row of the study", dir)
	}
	return folders, nil
}
