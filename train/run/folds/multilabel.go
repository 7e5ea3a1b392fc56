package folds

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/table"
)

// sumLabels is sum for images that may have several labels.
func (r *Result) sumLabels() {
	var parts []*metrics.MultiLabel
	var precisions []float64
	for _, f := range r.Folds {
		parts, precisions = append(parts, f.MultiLabel), append(precisions, f.MultiLabel.MeanAP)
	}
	m := metrics.TogetherLabels(parts)
	_, r.MeanAPDeviation = metrics.MeanDeviation(precisions)
	r.MultiLabel, r.N, r.Accuracy, r.Interval = m, m.N, m.ExactMatch, m.Interval
	r.Report = metrics.Report{Accuracy: m.ExactMatch}
}

// labelTable is Table for images that may have several labels.
func (r *Result) labelTable() *table.Table {
	t := table.New("fold", "mean average precision", "f1", "all labels right", "95 % interval", "images",
		"validation", "best epoch", "time")
	for _, f := range r.Folds {
		m := f.MultiLabel
		t.Add(f.Fold, table.Percent(m.MeanAP), table.Percent(m.Micro.F1), table.Percent(m.ExactMatch),
			f.interval(), f.N, table.Percent(f.ValMultiLabel.MeanAP), f.epochs(), table.Seconds(f.Seconds))
	}
	return t
}

// labelLine is line for images that may have several labels.
func (r *Result) labelLine() string {
	m := r.MultiLabel
	return fmt.Sprintf("test mean average precision of %s %.1f %% (standard deviation %.1f), F1 %.1f %%, "+
		"all labels right for %.1f %% of all %s (95 %% interval %.1f to %.1f)",
		table.Count(len(r.Folds), "fold"), 100*m.MeanAP, 100*r.MeanAPDeviation, 100*m.Micro.F1,
		100*m.ExactMatch, table.Count(m.N, "image"), 100*m.Interval[0], 100*m.Interval[1])
}
