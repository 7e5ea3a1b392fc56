package evaluate

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/table"
)

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "accuracy %.2f %% (95 %% interval %.2f to %.2f %%) on %d images\n\n",
		100*r.Accuracy, 100*r.Interval[0], 100*r.Interval[1], r.N)
	err := r.report().WriteText(&b)
	fmt.Fprintf(&b, "\nconfusion: what it is, and what it was taken for\n")
	err = errors.Join(err, r.confusion().WriteText(&b))
	if len(r.Worst) > 0 {
		fmt.Fprintf(&b, "\nmost confident mistakes\n")
		err = errors.Join(err, r.mistakes().WriteText(&b))
	}
	if err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// report is the table that scikit-learn calls a classification report.
func (r *Result) report() *table.Table {
	t := table.New("class", "precision", "recall", "f1", "images")
	t.Right = true
	add := func(s metrics.Score) {
		t.Add(s.Label, fmt.Sprintf("%.3f", s.Precision), fmt.Sprintf("%.3f", s.Recall),
			fmt.Sprintf("%.3f", s.F1), s.Support)
	}
	for _, s := range r.PerClass {
		add(s)
	}
	add(r.Macro)
	add(r.Weighted)
	return t
}

func (r *Result) confusion() *table.Table {
	t := table.New(append([]string{""}, r.Labels...)...)
	t.Right = true
	for i, counts := range r.Confusion {
		row := []any{r.Labels[i]}
		for _, n := range counts {
			row = append(row, n)
		}
		t.Add(row...)
	}
	return t
}

func (r *Result) mistakes() *table.Table {
	t := new(table.Table)
	for _, m := range r.Worst {
		t.Add(table.Printable(m.File), fmt.Sprintf("is %s, taken for %s", m.Class, m.Predicted),
			table.Percent(float64(m.Probability)))
	}
	return t
}
