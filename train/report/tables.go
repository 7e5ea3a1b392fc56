package report

import (
	"bytes"
	"fmt"
	"html/template"
	"strconv"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/table"
)

// scores has a row for each class and for each of the two means. Shares have that
// many digits after the point.
func scores(r metrics.Report, digits int) *table.Table {
	t := table.New("class", "precision", "recall", "f1", "support")
	share := func(v float64) string { return strconv.FormatFloat(v, 'f', digits, 64) }
	add := func(s metrics.Score) {
		t.Add(s.Label, share(s.Precision), share(s.Recall), share(s.F1), s.Support)
	}
	for _, s := range r.Classes {
		add(s)
	}
	add(r.Macro)
	add(r.Weighted)
	return t
}

// confusionTable has a row for each true class and a column for each predicted
// one. Of more than [metrics.DenseClasses] classes it has a row for each cell that is
// not 0: true, predicted, count.
func confusionTable(c *metrics.Confusion) *table.Table {
	if len(c.Labels) > metrics.DenseClasses {
		t := table.New("true", "predicted", "count")
		for _, cell := range c.Cells() {
			t.Add(cell.True, cell.Predicted, cell.Count)
		}
		return t
	}
	t := table.New(append([]string{"true class \\ predicted"}, c.Labels...)...)
	for i, counts := range c.Counts() {
		row := []string{c.Labels[i]}
		for _, n := range counts {
			row = append(row, strconv.Itoa(n))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// historyTable has a row for each epoch.
func historyTable(history []train.Epoch, heads []string) *table.Table {
	t := table.New("epoch", "learning rate", "loss", "accuracy", "val. loss", "val. accuracy")
	for _, head := range heads {
		t.Header = append(t.Header, "val. accuracy, "+head)
	}
	t.Header = append(t.Header, "seconds")
	for _, e := range history {
		row := []string{strconv.Itoa(e.Epoch), fmt.Sprintf("%.3g", e.LearningRate),
			fmt.Sprintf("%.4f", e.Loss), percent(e.Accuracy),
			fmt.Sprintf("%.4f", e.ValLoss), percent(e.ValAccuracy)}
		for _, v := range e.ValHeads {
			row = append(row, percent(v))
		}
		t.Rows = append(t.Rows, append(row, fmt.Sprintf("%.1f", e.Seconds)))
	}
	return t
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// inPage is a table for the inside of a page.
func inPage(t *table.Table) (template.HTML, error) {
	var b bytes.Buffer
	err := t.WriteHTML(&b)
	return template.HTML(b.String()), err // WriteHTML has escaped the texts
}
