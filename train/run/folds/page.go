package folds

import (
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/report"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// saveTables writes folds.csv and the page.
func (r *Result) saveTables(folder run.Folder, settings *run.Settings) error {
	err := atomicfile.Write(folder.File(run.FoldsTable), r.lines().WriteCSV)
	if err != nil {
		return err
	}
	bars := make([]report.Bar, len(r.Folds))
	for i, f := range r.Folds {
		bars[i] = report.Bar{Accuracy: f.Accuracy, Interval: f.Interval}
	}
	title := "Test accuracy by fold"
	if r.MultiLabel != nil {
		title = "All labels right by fold"
	}
	drawn, err := report.Folds(title, bars, r.Mean)
	if err != nil {
		return err
	}
	page := report.Page{Title: folder.Dir, Lead: []string{"Cross-validation: " + r.line() + "."},
		Sections: []report.Section{
			{Title: "Folds", Pictures: drawn, Table: r.Table(),
				Note: "Each training was tested on the fold that it did not see, and chose its weights by " +
					"validation images of its own among the others. The deviation says how much a training " +
					"depends on which images it got; the interval of all images says how exact the accuracy is."},
		}}
	page.Sections = append(page.Sections, r.scores()...)
	used := *settings
	if r.MultiLabel != nil {
		used.Monitor = string(run.SeveralMonitor(used.Monitor))
	}
	page.Sections = append(page.Sections, report.Section{Title: "Settings", Table: chosen(&used)})
	return atomicfile.Write(folder.File(train.ReportFile), page.Write)
}

// scores are the sections on classes or labels.
func (r *Result) scores() []report.Section {
	if r.MultiLabel != nil {
		return []report.Section{report.Labels("Labels of all folds", r.MultiLabel,
			"Precision, recall and F1 are of all images, each at the threshold of its training; average "+
				"precisions and thresholds are means of the folds.")}
	}
	scores, left := report.Scores(r.Matrix)
	return []report.Section{
		{Title: "Confusion matrix of all folds", Pictures: report.Matrix(r.Matrix)},
		{Title: "Classification report of all folds", Table: scores, Note: left},
	}
}

// chosen are the settings that somebody may want to know: all but those that are off.
func chosen(s *run.Settings) *table.Table {
	t := table.New("setting", "value")
	for _, f := range run.Fields() {
		if v := f.Value(s); v != "" && v != "0" && v != "false" {
			t.Add(f.Key, v)
		}
	}
	return t
}
