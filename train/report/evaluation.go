package report

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/numbers"
	"github.com/flowerctl/flowerctl/train/picture"
	"github.com/flowerctl/flowerctl/train/table"
)

// Scores is the classification report as a table: of many classes those with the
// smallest F1, and then note says how many others there are.
func Scores(c *metrics.Confusion) (t *table.Table, note string) {
	r, left := c.Report().Weakest(mostDrawn)
	r.Macro.Label, r.Weighted.Label = "mean of the classes", "mean by support"
	if left > 0 {
		note = fmt.Sprintf("The classes with the smallest F1; %d others are left out.", left)
	}
	return scores(r, 3), note
}

// Matrix draws a confusion matrix.
func Matrix(c *metrics.Confusion) []picture.Picture { return []picture.Picture{confusionMatrix(c)} }

// Evaluation is a page about answers for labelled images.
func Evaluation(title string, p *Probabilities) (*Page, error) {
	c := metrics.NewConfusion(p.Labels)
	for i, class := range p.Answers.Labels {
		c.Add(class, numbers.ArgMax(p.Answers.Probabilities[i]))
	}
	low, high := c.Interval()
	majority, rate := c.Majority()
	drawn, err := p.pictures()
	if err != nil {
		return nil, err
	}
	pictures := make([]picture.Picture, len(drawn))
	for i, one := range drawn {
		pictures[i] = one.Picture
	}
	table, note := Scores(c)
	return &Page{Title: title, Lead: []string{fmt.Sprintf("Accuracy %s on %d images, 95 %% interval "+
		"%s to %s. Always answering %s would give %s.", percent(c.Accuracy()), c.N(), percent(low),
		percent(high), p.Labels[majority], percent(rate))}, Sections: []Section{
		{Title: "Confusion matrix", Pictures: Matrix(c)},
		{Title: "Classification report", Table: table, Note: note},
		{Title: "Probabilities", Pictures: pictures, Note: probabilityNote},
	}}, nil
}

// probabilityNote says what the four pictures are.
const probabilityNote = "Reliability: of answers with a probability of 80 percent, 80 percent should be " +
	"right; ECE is the mean distance from that, over 15 bins, and large points have many images. ROC and precision: one class against " +
	"all others, with the areas under the curves. Coverage: where answers of less than a probability " +
	"are called unknown, fewer are given, and more of them are right."

// WriteEvaluation writes a page about a model's answers, and the curves beside it, as
// eval.reliability.csv, eval.curves.csv and eval.coverage.csv of eval.html.
func WriteEvaluation(path, model string, labels []string, answers *metrics.Answers) error {
	p := &Probabilities{Labels: labels, Answers: answers}
	page, err := Evaluation(model, p)
	if err != nil {
		return err
	}
	for name, table := range p.Tables() {
		beside := strings.TrimSuffix(path, filepath.Ext(path)) + "." + name
		if err := atomicfile.Write(beside, table); err != nil {
			return err
		}
	}
	return atomicfile.Write(path, page.Write)
}
