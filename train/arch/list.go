package arch

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/table"
)

// Row is a line of the list of networks.
type Row struct {
	Name       string `json:"name"`
	Input      [3]int `json:"input"`
	Parameters int    `json:"parameters"` // trainable, for StudyClasses
	FLOPs      int64  `json:"flops"`      // of one image forward, a multiply-add is two
	Source     string `json:"source"`
}

// List describes all presets.
func List() ([]Row, error) {
	var rows []Row
	for _, p := range presets {
		spec, err := p.Build(p.Size, StudyClasses)
		if err != nil {
			return nil, err
		}
		flops, _, err := spec.FLOPs()
		if err != nil {
			return nil, err
		}
		rows = append(rows, Row{p.Name, spec.Input, p.Parameters, flops, p.Source})
	}
	return rows, nil
}

// Table is the list for people.
func Table(rows []Row) *table.Table {
	t := table.New("name", "input", "parameters", "gflop", "source")
	for _, r := range rows {
		t.Add(r.Name, fmt.Sprintf("%d x %d", r.Input[1], r.Input[2]),
			model.Thousands(r.Parameters), fmt.Sprintf("%.3f", float64(r.FLOPs)/1e9), r.Source)
	}
	return t
}
