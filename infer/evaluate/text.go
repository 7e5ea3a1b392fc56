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
	fmt.Fprintf(&b, "accuracy %.2f %% (95 %% interval %.2f to %.2f %%) on %s\n\n",
		100*r.Accuracy, 100*r.Interval[0], 100*r.Interval[1], table.Count(r.N, "image"))
	report, left := metrics.Report{Classes: r.PerClass, Macro: r.Macro, Weighted: r.Weighted}.Weakest(mostShown)
	err := scores(report).WriteText(&b)
	if left > 0 {
		fmt.Fprintf(&b, "(the classes with the smallest f1; %s left out)\n", table.Count(left, "other"))
	}
	fmt.Fprintf(&b, "\nconfusion: what it is, and what it was taken for\n")
	err = errors.Join(err, r.writeConfusion(&b))
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

// mostShown is how many classes, and how many kinds of mistakes, are written for people.
// The JSON has all of them.
const mostShown = 30

// scores is the table that scikit-learn calls a classification report.
func scores(r metrics.Report) *table.Table {
	t := table.New("class", "precision", "recall", "f1", "images")
	t.Right = true
	add := func(s metrics.Score) {
		t.Add(s.Label, fmt.Sprintf("%.3f", s.Precision), fmt.Sprintf("%.3f", s.Recall),
			fmt.Sprintf("%.3f", s.F1), s.Support)
	}
	for _, s := range r.Classes {
		add(s)
	}
	add(r.Macro)
	add(r.Weighted)
	return t
}

// writeConfusion writes the matrix, of many classes the most frequent mistakes.
func (r *Result) writeConfusion(w io.Writer) error {
	if len(r.Labels) <= mostShown {
		return r.confusion().WriteText(w)
	}
	t := new(table.Table)
	for _, m := range r.mistaken[:min(mostShown, len(r.mistaken))] {
		t.Add(fmt.Sprintf("%s, taken for %s", m.True, m.Predicted), m.Count)
	}
	err := t.WriteText(w)
	switch left := len(r.mistaken) - mostShown; {
	case len(r.mistaken) == 0:
		_, err = fmt.Fprintln(w, "no image was taken for one of another class")
	case left > 0 && err == nil:
		_, err = fmt.Fprintf(w, "(the most frequent; %s left out)\n", table.Count(left, "other"))
	}
	return err
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
