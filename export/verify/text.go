package verify

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/table"
)

// Table is the report for a terminal: a line for each engine, and with layers one
// for each node that was compared.
func (r *Report) Table(layers bool) *table.Table {
	t := new(table.Table)
	t.Add(r.Reference.Name, r.Reference.Version, "reference")
	for _, p := range r.Parts {
		t.Add(p.Name, p.Reference, p.Checked)
	}
	for i := range r.Engines {
		e := &r.Engines[i]
		if e.Skipped != "" {
			t.Add(e.Name, e.Version, "skipped: "+e.Skipped)
			continue
		}
		t.Add(e.Name, e.Version, r.Compared(e))
	}
	if n := len(r.Resizing); n > 0 {
		worst := 0.0
		for _, x := range r.Resizing {
			worst = max(worst, x.MaxLevels)
		}
		t.Add("preprocessing", fmt.Sprintf("%d sizes", n),
			fmt.Sprintf("within %.0f of 255 grey levels of flowerctl's own", worst))
	}
	if layers {
		for _, l := range r.Layers {
			t.Add(l.Name, l.Op, l.note())
		}
	}
	return t
}

// Compared says in a few words how one of the engines compares.
func (r *Report) Compared(e *Result) string {
	if r.Tolerance.AccuracyDrop > 0 && r.MultiLabel {
		return fmt.Sprintf("%.2f %% of all labels of %s given otherwise than in gorgonia",
			100*e.Labels, table.Count(e.N, "image"))
	}
	if r.Tolerance.AccuracyDrop > 0 && e.Accuracy != nil && r.Reference.Accuracy != nil {
		return fmt.Sprintf("accuracy %s on %s, %s in gorgonia",
			table.Percent(*e.Accuracy), table.Count(e.N, "image"), table.Percent(*r.Reference.Accuracy))
	}
	return fmt.Sprintf("the same answer for %d of %s, logits within %.0e of gorgonia's",
		e.ArgmaxEqual, table.Count(e.N, "image"), e.MaxRel)
}

func (l *Layer) note() string {
	switch {
	case l.Missing:
		return "not in the file"
	case l.Differs:
		return fmt.Sprintf("DIFFERS by %.1e of its scale", l.MaxRel)
	}
	return fmt.Sprintf("within %.1e of its scale", l.MaxRel)
}
