package folds

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"slices"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/run"
)

// Result is a cross-validation. Its JSON is folds.json, and what `flowerctl train
// --folds --json` prints.
type Result struct {
	Run   string  `json:"run"`
	Folds []*Fold `json:"folds"`
	// Mean and Deviation are of the folds' accuracies, by n-1: how much a training
	// depends on which images it got. The folds' trainings share most of their images,
	// so that it is no error of the mean.
	Mean      float64 `json:"mean_accuracy"`
	Deviation float64 `json:"deviation"`
	ValMean   float64 `json:"mean_val_accuracy"`
	// N images, each tested on once, by the training that did not see it; Accuracy is
	// that of all of them, and Interval is Wilson's, 95 %.
	N        int        `json:"n"`
	Accuracy float64    `json:"accuracy"`
	Interval [2]float64 `json:"interval"`
	// Calibration is of all of them too, each with the temperature of its training, which
	// was fitted on validation images; nil where a training has none.
	Calibration *metrics.Reliability `json:"calibration,omitempty"`
	Seconds     float64              `json:"seconds"`
	Report      metrics.Report       `json:"report"`
	Matrix      *metrics.Confusion   `json:"confusion"`
	// MultiLabel is for images that may have several labels, which have no Matrix: accuracies
	// are the shares of those with all of their labels right then. It is that of
	// [metrics.TogetherLabels]; MeanAPDeviation is of the folds' MeanAP, by n-1.
	MultiLabel      *metrics.MultiLabel `json:"multi_label,omitempty"`
	MeanAPDeviation float64             `json:"mean_average_precision_deviation,omitempty"`
}

// Fold is the training that was tested on a fold.
type Fold struct {
	Fold        int        `json:"fold"`
	Run         string     `json:"run"`
	Images      int        `json:"train_images"`
	N           int        `json:"n"` // tested on
	Accuracy    float64    `json:"accuracy"`
	Interval    [2]float64 `json:"interval"`
	ValAccuracy float64    `json:"val_accuracy"`
	BestEpoch   int        `json:"best_epoch"`
	Epochs      int        `json:"epochs"`
	Seconds     float64    `json:"seconds"`
	// MultiLabel and ValMultiLabel are the figures of test and validation of images that may
	// have several labels.
	MultiLabel    *metrics.MultiLabel `json:"multi_label,omitempty"`
	ValMultiLabel *metrics.MultiLabel `json:"val_multi_label,omitempty"`

	confusion   *metrics.Confusion
	calibration *metrics.Reliability
}

// read reads the figures of a finished training.
func read(folder run.Folder, k int) (*Fold, error) {
	record, err := folder.Record()
	if err != nil {
		return nil, err
	}
	s := record.Summary
	if s == nil || s.TestAccuracy == nil || s.TestInterval == nil {
		return nil, fmt.Errorf("%s has no figures of a test: it has not ended", folder.Dir)
	}
	f := &Fold{Fold: k, Run: folder.Dir, Images: s.TrainImages, N: s.TestImages,
		Accuracy: *s.TestAccuracy, Interval: *s.TestInterval, ValAccuracy: s.ValAccuracy,
		BestEpoch: s.BestEpoch, Epochs: s.Epochs, Seconds: s.Seconds, MultiLabel: s.TestMultiLabel,
		ValMultiLabel: s.MultiLabel, calibration: s.TestCalibration}
	if f.MultiLabel != nil {
		return f, nil
	}
	split, err := folder.Split()
	if err != nil {
		return nil, err
	}
	path := folder.AnswersPath(data.Test)
	if f.confusion, err = readAnswers(path, split.Labels); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// readAnswers counts the answers of a file of a run.
func readAnswers(path string, labels []string) (*metrics.Confusion, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	c := metrics.NewConfusion(labels)
	for i, row := range rows[min(1, len(rows)):] {
		class, answer := -1, -1
		if len(row) > 2 {
			class, answer = slices.Index(labels, row[1]), slices.Index(labels, row[2])
		}
		if class < 0 || answer < 0 {
			return nil, fmt.Errorf("line %d: want a path, a class and an answer", i+2)
		}
		c.Add(class, answer)
	}
	return c, nil
}

// sum fills in the figures of all folds.
func (r *Result) sum() {
	var accuracies, validation []float64
	for _, f := range r.Folds {
		accuracies, validation = append(accuracies, f.Accuracy), append(validation, f.ValAccuracy)
		r.Seconds += f.Seconds
	}
	r.Mean, r.Deviation = metrics.MeanDeviation(accuracies)
	r.ValMean, _ = metrics.MeanDeviation(validation)
	if r.Folds[0].MultiLabel != nil {
		r.sumLabels()
		return
	}
	r.Matrix = metrics.NewConfusion(r.Folds[0].confusion.Labels)
	var calibrations []*metrics.Reliability
	for _, f := range r.Folds {
		calibrations = append(calibrations, f.calibration)
		r.Matrix.Merge(f.confusion)
	}
	r.Calibration = metrics.Together(calibrations)
	r.N, r.Accuracy, r.Report = r.Matrix.N(), r.Matrix.Accuracy(), r.Matrix.Report()
	r.Interval[0], r.Interval[1] = r.Matrix.Interval()
}

// save writes folds.json, folds.csv and the page.
func (r *Result) save(folder run.Folder, settings run.Settings) error {
	if err := train.WriteJSON(folder.File(run.FoldsFile), r); err != nil {
		return err
	}
	return r.saveTables(folder, &settings)
}
