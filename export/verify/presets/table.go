package presets

import (
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train/table"
)

// Row is what is known of a network; its JSON is what `flowerctl verify --presets
// --json` prints.
type Row struct {
	Network    string            `json:"network"`
	Parameters int               `json:"parameters"`
	Steps      uint64            `json:"steps"` // of training
	Images     int               `json:"images"`
	Source     string            `json:"source"`
	OK         bool              `json:"ok"`
	Problems   []string          `json:"problems,omitempty"`
	Reference  *verify.Reference `json:"reference"`
	Engines    []verify.Result   `json:"engines"`
}

// add takes in a report: what a GPU adds to the CPU's is onnxruntime's answers.
func (r *Row) add(report *verify.Report) {
	if r.Reference == nil {
		r.Reference, r.Images, r.Source, r.OK = &report.Reference, report.Images, report.Source, true
	}
	r.OK = r.OK && report.OK
	r.Problems = append(r.Problems, report.Problems...)
	for _, e := range report.Engines {
		if r.engine(e.Name) == nil {
			r.Engines = append(r.Engines, e)
		}
	}
}

func (r *Row) engine(name string) *verify.Result {
	for i := range r.Engines {
		if r.Engines[i].Name == name {
			return &r.Engines[i]
		}
	}
	return nil
}

// has says whether the network was verified on the device.
func (r *Row) has(device ort.Device) bool {
	return r.engine(verify.RuntimeName(ort.Options{Device: device})) != nil
}

// Table has networks by engines: answers that are gorgonia's, and the largest
// difference of a logit as a share of the largest logit. A column without an entry
// was not run.
func Table(rows []Row) *table.Table {
	engines := []string{verify.RuntimeName(ort.Options{}), verify.OnnxGoName}
	gpu := ort.Device{CUDA: true}
	for _, r := range rows {
		for _, e := range r.Engines {
			if !slices.Contains(engines, e.Name) {
				engines = append(engines, e.Name)
			}
		}
	}
	if len(engines) == 2 {
		engines = append(engines, verify.RuntimeName(ort.Options{Device: gpu}),
			verify.RuntimeName(ort.Options{Device: gpu, TF32: true}))
	}
	t := table.New(append([]string{"network", "steps", "accuracy"}, engines...)...)
	for _, r := range rows {
		row := []string{r.Network, fmt.Sprint(r.Steps), ""}
		if a := r.Reference.Accuracy; a != nil {
			row[2] = table.Percent(*a)
		}
		for _, name := range engines {
			row = append(row, cell(r.engine(name)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// cell says how an engine answered.
func cell(e *verify.Result) string {
	switch {
	case e == nil:
		return ""
	case e.Skipped != "":
		return "skipped: " + e.Skipped
	case e.OK || e.Informative:
		return fmt.Sprintf("%d of %d, %.0e", e.ArgmaxEqual, e.N, e.MaxRel)
	}
	return fmt.Sprintf("**%d of %d, %.0e**", e.ArgmaxEqual, e.N, e.MaxRel)
}
