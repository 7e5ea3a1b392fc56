// Package report shows a run to people: curves, confusion matrix, classification
// report, worst mistakes and network, as pictures (SVG and PNG), CSV and an HTML file
// that needs no other file. The colours are distinct for people who cannot tell red
// from green (Okabe and Ito 2008), and lines differ in more than colour. It never
// imports gorgonia or onnxruntime. Start at [Write].
package report

import (
	"io"
	"path/filepath"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/picture"
)

// Run has the parts of a report.
type Run struct {
	Title    string
	Spec     model.Spec
	Labels   []string
	Training checkpoint.Training
	Outcome  *train.Outcome
	Settings string // the text of config.json
	// TrainOnly lists what is in the training loss but not in the validation loss, such
	// as "class weights"; it is empty if the two can be compared.
	TrainOnly []string
	// Image is an image of the data set by its [train.Prediction.Index], RGB, Size rows
	// of Size pixels, and Path is its file.
	Image func(index int) ([]uint8, error)
	Path  func(index int) string
	Size  int
}

// named is a picture with the name of its files.
type named struct {
	name string // accuracy, for accuracy.svg and accuracy.png
	picture.Picture
}

// pictures draws all of them.
func (r *Run) pictures() ([]named, error) {
	accuracy, err := accuracyCurves(r.Outcome, r.Outcome.Heads, r.majority())
	if err != nil {
		return nil, err
	}
	loss, err := lossCurves(r.Outcome)
	if err != nil {
		return nil, err
	}
	network, err := network(&r.Spec)
	if err != nil {
		return nil, err
	}
	probabilities, err := r.probabilities().pictures()
	return append([]named{
		{"accuracy", accuracy},
		{"loss", loss},
		{"confusion", confusionMatrix(r.Outcome.Validation.Confusion(r.Labels))},
		{"network", network},
	}, probabilities...), err
}

// probabilities are the validation images' answers, with the temperature.
func (r *Run) probabilities() *Probabilities {
	p := &Probabilities{Labels: r.Labels, Answers: r.Outcome.Validation.Answers(),
		Calibration: r.Outcome.Calibration}
	if c := p.Calibration; c != nil {
		p.Answers = p.Answers.Tempered(c.Temperature)
	}
	return p
}

func (r *Run) majority() float64 {
	_, rate := r.Outcome.Validation.Confusion(r.Labels).Majority()
	return rate
}

// Files lists the names of the files that Write writes.
func Files() []string {
	names := []string{train.ReportFile, classificationFile, confusionFile, reliabilityFile,
		curvesFile, coverageFile}
	for _, picture := range append([]string{"accuracy", "loss", "confusion", "network"},
		probabilityPictures...) {
		names = append(names, picture+".svg", picture+".png")
	}
	return names
}

const (
	classificationFile = "classification.csv"
	confusionFile      = "confusion.csv"
)

// Write writes report.html, the pictures and the tables into a run's folder: all of
// them, or none.
func Write(dir string, r *Run) error {
	if r.Outcome.MultiLabel {
		return r.writeMulti(dir)
	}
	pictures, err := r.pictures()
	if err != nil {
		return err
	}
	var files []atomicfile.File
	for _, p := range pictures {
		files = append(files, p.Files(dir, p.name)...)
	}
	add := func(name string, f func(io.Writer) error) {
		files = append(files, atomicfile.File{Path: filepath.Join(dir, name), Write: f})
	}
	c := r.Outcome.Validation.Confusion(r.Labels)
	for name, table := range r.probabilities().Tables() {
		add(name, table)
	}
	add(classificationFile, scores(c.Report(), 6).WriteCSV)
	add(confusionFile, confusionTable(c).WriteCSV)
	add(train.ReportFile, func(w io.Writer) error { return r.html(w, pictures) })
	return atomicfile.WriteAll(files...)
}
