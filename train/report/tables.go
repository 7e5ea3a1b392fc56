package report

import (
	"encoding/csv"
	"io"
	"strconv"

	"github.com/flowerctl/flowerctl/train/metrics"
)

// classificationCSV writes a line for each class, and the two means.
func classificationCSV(w io.Writer, r metrics.Report) error {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', 6, 64) }
	cw := csv.NewWriter(w)
	cw.Write([]string{"class", "precision", "recall", "f1", "support"}) // errors stay in cw
	for _, s := range append(append([]metrics.Score{}, r.Classes...), r.Macro, r.Weighted) {
		cw.Write([]string{s.Label, number(s.Precision), number(s.Recall), number(s.F1), strconv.Itoa(s.Support)})
	}
	cw.Flush()
	return cw.Error()
}

// confusionCSV writes a line for each true class, with a column for each
// predicted one.
func confusionCSV(w io.Writer, c *metrics.Confusion) error {
	cw := csv.NewWriter(w)
	cw.Write(append([]string{"true class \\ predicted"}, c.Labels...))
	for i, row := range c.Counts {
		line := []string{c.Labels[i]}
		for _, n := range row {
			line = append(line, strconv.Itoa(n))
		}
		cw.Write(line)
	}
	cw.Flush()
	return cw.Error()
}
