package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/infer/evaluate"
	"github.com/flowerctl/flowerctl/train/table"
)

// printEvaluation writes an evaluation for people.
func printEvaluation(w io.Writer, r *evaluate.Result) error {
	fmt.Fprintf(w, "accuracy %.2f %% (95 %% interval %.2f to %.2f %%) on %d images\n\n",
		100*r.Accuracy, 100*r.Interval[0], 100*r.Interval[1], r.N)

	// What scikit-learn calls a classification report.
	report := table.New("class", "precision", "recall", "f1", "images")
	report.Right = true
	three := func(x float64) string { return fmt.Sprintf("%.3f", x) }
	for _, s := range append(r.PerClass[:len(r.PerClass):len(r.PerClass)], r.Macro, r.Weighted) {
		report.Add(s.Label, three(s.Precision), three(s.Recall), three(s.F1), s.Support)
	}
	err := report.WriteText(w)

	fmt.Fprintf(w, "\nconfusion: what it is, and what it was taken for\n")
	confusion := table.New(append([]string{""}, r.Labels...)...)
	confusion.Right = true
	for i, counts := range r.Confusion {
		row := []any{r.Labels[i]}
		for _, n := range counts {
			row = append(row, n)
		}
		confusion.Add(row...)
	}
	if err = errors.Join(err, confusion.WriteText(w)); err != nil || len(r.Worst) == 0 {
		return err
	}

	fmt.Fprintf(w, "\nsurest mistakes\n")
	var worst table.Table
	for _, m := range r.Worst {
		worst.Add(printable(m.File), fmt.Sprintf("is %s, taken for %s", m.Class, m.Predicted),
			table.Percent(float64(m.Probability)))
	}
	return worst.WriteText(w)
}
