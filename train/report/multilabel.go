package report

import (
	"fmt"
	"io"
	"path/filepath"

	"gonum.org/v1/plot/vg/draw"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/picture"
	"github.com/flowerctl/flowerctl/train/table"
)

// LabelsFile is a file that [Write] writes in place of those of classes, where an image may
// have several labels: the scores of each.
const LabelsFile = "labels.csv"

// writeMulti is Write of a run on images with several labels.
func (r *Run) writeMulti(dir string) error {
	summary := r.Outcome.Summary(r.Labels)
	m := summary.MultiLabel
	page, drawn, err := r.multiPage(&summary)
	if err != nil {
		return err
	}
	var files []atomicfile.File
	for _, p := range drawn {
		files = append(files, p.Files(dir, p.name)...)
	}
	return atomicfile.WriteAll(append(files,
		atomicfile.File{Path: filepath.Join(dir, LabelsFile), Write: labelScores(m, m.Labels, 6).WriteCSV},
		atomicfile.File{Path: filepath.Join(dir, train.ReportFile), Write: page.Write})...)
}

// multiPage is the page of a run, and the pictures on it.
func (r *Run) multiPage(s *train.Summary) (*Page, []named, error) {
	o, m := r.Outcome, s.MultiLabel
	accuracy, err := labelCurves(o, m.MajorityRate)
	if err != nil {
		return nil, nil, err
	}
	loss, err := lossCurves(o)
	if err != nil {
		return nil, nil, err
	}
	network, err := network(&r.Spec)
	if err != nil {
		return nil, nil, err
	}
	curves, err := labelPictures(r.Labels, o.Validation.LabelAnswers())
	if err != nil {
		return nil, nil, err
	}
	page := multiPage(r.Title, "Validation", m, curves)
	if t := s.TestMultiLabel; t != nil {
		page.Lead = append(page.Lead, multiLead("Test", t))
		page.Sections = append(page.Sections, Section{Title: "Labels of the test images",
			Table: labelScores(t, t.Labels, 3), Note: "At the thresholds that the validation images chose."})
	}
	page.Lead = append(page.Lead, fmt.Sprintf("Network %s, %s, seed %d. %d training and %d validation "+
		"images (%s). The best of %d epochs is number %d, chosen by these validation images, as the "+
		"thresholds are, so that new images are likely answered a little worse. %.0f seconds.",
		r.Spec.Name, r.Training.Optimizer, r.Training.Seed, r.Training.Images, r.Training.Validation,
		r.Training.Split, s.Epochs, s.BestEpoch, s.Seconds))
	if text := rollbacks(o); text != "" {
		page.Lead = append(page.Lead, text)
	}
	if s.Dead != nil {
		page.Lead = append(page.Lead, s.Dead.String())
	}
	history := historyTable(o.History, o.Heads)
	history.Header = append(history.Header, "val. mean average precision")
	for i, e := range o.History {
		if e.ValMAP != nil {
			history.Rows[i] = append(history.Rows[i], percent(*e.ValMAP))
		}
	}
	page.Sections = append([]Section{{Title: "Curves", Pictures: []picture.Picture{accuracy, loss}}},
		page.Sections...)
	page.Sections = append(page.Sections, Section{Title: "Network", Pictures: []picture.Picture{network}},
		Section{Title: "History", Table: history, Note: "The settings are in config.json; flowerctl " +
			r.Training.ToolVersion + "; data " + r.Training.DataDigest})
	return page, append(curves, named{"accuracy", accuracy}, named{"loss", loss},
		named{"network", network}), nil
}

// labelCurves draws the mean average precision and the share of images of which all
// labels are right, by epoch.
func labelCurves(o *train.Outcome, majority float64) (picture.Picture, error) {
	curves := []curve{
		byEpoch(o, "training, all labels right", picture.Blue,
			func(e train.Epoch) float64 { return 100 * e.Accuracy }),
		byEpoch(o, "validation, all labels right", picture.Vermillion,
			func(e train.Epoch) float64 { return 100 * e.ValAccuracy }),
		byEpoch(o, "validation, mean average precision", picture.Black, func(e train.Epoch) float64 {
			if e.ValMAP == nil {
				return 0
			}
			return 100 * *e.ValMAP
		}),
		level(o, "always the same labels", 100*majority), best(o, 0, 100),
	}
	curves[1].markers = draw.CircleGlyph{}
	p := newPlot("Mean average precision and accuracy", "epoch", "percent")
	p.Y.Min, p.Y.Max = 0, 100
	p.Y.Tick.Marker = wholeTicks{}
	return curvesOn(p, curves)
}

// labelPictures draws how well each label is told from the images without it.
func labelPictures(labels []string, a *metrics.LabelAnswers) ([]named, error) {
	c := curvesOf(labels, a.Curve)
	roc, err := c.roc()
	if err != nil {
		return nil, err
	}
	precision, err := c.precision()
	return []named{{"roc", roc}, {"precision-recall", precision}}, err
}

// multiPage is a page about answers for images with several labels.
func multiPage(title, part string, m *metrics.MultiLabel, curves []named) *Page {
	pictures := make([]picture.Picture, len(curves))
	for i, one := range curves {
		pictures[i] = one.Picture
	}
	return &Page{Title: title, Lead: []string{multiLead(part, m)}, Sections: []Section{
		Labels("Labels", m, "Average precision is over all thresholds; precision, recall and F1 are at the "+
			"label's own."),
		{Title: "Thresholds", Pictures: pictures,
			Note: "Each label against the images without it, over all thresholds."},
	}}
}

// Labels is a section on how well labels are told; of many the weakest, which is said before
// the note.
func Labels(title string, m *metrics.MultiLabel, note string) Section {
	labels, left := m.Weakest(mostDrawn)
	if left > 0 {
		note = fmt.Sprintf("The labels with the smallest average precision; %d others are left out. %s", left,
			note)
	}
	return Section{Title: title, Table: labelScores(m, labels, 3), Note: note}
}

func multiLead(part string, m *metrics.MultiLabel) string {
	return fmt.Sprintf("%s: mean average precision %s, F1 %s over all labels together. All labels right, and "+
		"no others given, for %s of %d images (95 %% interval %s to %s); always giving the same labels would "+
		"be right for %s.", part, percent(m.MeanAP), percent(m.Micro.F1), percent(m.ExactMatch), m.N,
		percent(m.Interval[0]), percent(m.Interval[1]), percent(m.MajorityRate))
}

// labelScores has a row for each of some labels, and for the means of all.
func labelScores(m *metrics.MultiLabel, labels []metrics.LabelScore, digits int) *table.Table {
	t := table.New("label", "average precision", "threshold", "precision", "recall", "f1", "images",
		"given")
	share := func(v float64) string { return fmt.Sprintf("%.*f", digits, v) }
	for _, s := range labels {
		t.Add(s.Label, share(s.AveragePrecision), share(s.Threshold), share(s.Precision), share(s.Recall),
			share(s.F1), s.Support, s.Given)
	}
	for i, s := range []metrics.Score{m.Macro, m.Micro} {
		name, ap := "mean of the labels", share(m.MeanAP)
		if i == 1 {
			name, ap = "all labels together", ""
		}
		t.Add(name, ap, "", share(s.Precision), share(s.Recall), share(s.F1), s.Support, "")
	}
	return t
}

// WriteLabels writes a page about a model's answers for images with several labels.
func WriteLabels(path, model string, labels []string, a *metrics.LabelAnswers,
	m *metrics.MultiLabel) error {

	curves, err := labelPictures(labels, a)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		return multiPage(model, "Evaluation", m, curves).Write(w)
	})
}
