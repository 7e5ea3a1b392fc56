package report

import (
	"io"

	"github.com/flowerctl/flowerctl/train/table"
)

// The files of the curves' points, and the names of the pictures.
const (
	reliabilityFile = "reliability.csv"
	curvesFile      = "curves.csv"
	coverageFile    = "coverage.csv"
)

var probabilityPictures = []string{"reliability", "roc", "precision-recall", "coverage"}

// Tables are the curves as numbers, by the names of their files.
func (p *Probabilities) Tables() map[string]func(io.Writer) error {
	return map[string]func(io.Writer) error{
		reliabilityFile: p.reliabilityTable().WriteCSV,
		curvesFile:      p.curvesTable().WriteCSV,
		coverageFile:    p.coverageTable().WriteCSV,
	}
}

// reliabilityTable has a row for each bin, before and after the temperature.
func (p *Probabilities) reliabilityTable() *table.Table {
	t := table.New("answers", "from", "to", "n", "confidence", "accuracy")
	for _, s := range p.stages() {
		for _, b := range s.Bins {
			t.Add(s.name, b.From, b.To, b.N, b.Confidence, b.Accuracy)
		}
	}
	return t
}

// mostRows bounds the table of the classes' curves, which has a row for each class and
// image at most.
const mostRows = 200_000

// curvesTable has a row for each class and threshold: of all classes, or where those
// are many of those that are drawn.
func (p *Probabilities) curvesTable() *table.Table {
	t := table.New("class", "threshold", "false_positive_rate", "recall", "precision")
	curves := p.classCurves().drawn
	if len(p.Labels)*len(p.Answers.Labels) <= mostRows {
		curves = nil
		for class, label := range p.Labels {
			if c, ok := p.Answers.Curve(class); ok {
				c.Label = label
				curves = append(curves, c)
			}
		}
	}
	for _, c := range curves {
		for _, at := range c.Points {
			t.Add(c.Label, at.Threshold, at.FalsePositive, at.Recall, at.Precision)
		}
	}
	return t
}

func (p *Probabilities) coverageTable() *table.Table {
	t := table.New("confidence", "coverage", "accuracy", "n", "right")
	for _, c := range p.Answers.Coverage() {
		t.Add(c.Confidence, c.Coverage, c.Accuracy, c.N, c.Right)
	}
	return t
}
