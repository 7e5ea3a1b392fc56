package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// print writes an evaluation for people.
func (r *evaluation) print(w io.Writer) error {
	fmt.Fprintf(w, "accuracy %.2f %% (95 %% interval %.2f to %.2f %%) on %d images\n\n",
		100*r.Accuracy, 100*r.Interval[0], 100*r.Interval[1], r.N)
	if err := r.printReport(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nconfusion: what it is, and what it was taken for\n")
	if err := r.printConfusion(w); err != nil {
		return err
	}
	if len(r.Worst) > 0 {
		fmt.Fprintf(w, "\nsurest mistakes\n")
		return r.printWorst(w)
	}
	return nil
}

// printReport is the table that scikit-learn calls classification_report.
func (r *evaluation) printReport(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "class\tprecision\trecall\tf1\timages\t\n")
	for _, s := range append(r.PerClass[:len(r.PerClass):len(r.PerClass)], r.Macro, r.Weighted) {
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.3f\t%d\t\n", s.Label, s.Precision, s.Recall, s.F1, s.Support)
	}
	return t.Flush()
}

func (r *evaluation) printConfusion(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	for _, label := range r.Labels {
		fmt.Fprintf(t, "\t%s", label)
	}
	fmt.Fprintf(t, "\t\n")
	for i, row := range r.Confusion {
		fmt.Fprint(t, r.Labels[i])
		for _, n := range row {
			fmt.Fprint(t, "\t"+strconv.Itoa(n))
		}
		fmt.Fprintf(t, "\t\n")
	}
	return t.Flush()
}

func (r *evaluation) printWorst(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, m := range r.Worst {
		fmt.Fprintf(t, "%s\tis %s, taken for %s\t%.1f %%\n", printable(m.File), m.Class, m.Predicted, 100*m.Probability)
	}
	return t.Flush()
}
