package folds

import (
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/train/table"
)

// Table has a row for each fold.
func (r *Result) Table() *table.Table {
	if r.MultiLabel != nil {
		return r.labelTable()
	}
	t := table.New("fold", "test accuracy", "95 % interval", "images", "validation", "best epoch", "time")
	for _, f := range r.Folds {
		t.Add(f.Fold, table.Percent(f.Accuracy), f.interval(), f.N, table.Percent(f.ValAccuracy),
			f.epochs(), table.Seconds(f.Seconds))
	}
	return t
}

func (f *Fold) interval() string {
	return fmt.Sprintf("%.1f to %.1f", 100*f.Interval[0], 100*f.Interval[1])
}

func (f *Fold) epochs() string { return fmt.Sprintf("%d of %d", f.BestEpoch, f.Epochs) }

// String is how the test was, for people.
func (f *Fold) String() string {
	if f.MultiLabel != nil {
		return fmt.Sprintf("test mean average precision %s, all labels right for %s (95 %% interval %s)",
			table.Percent(f.MultiLabel.MeanAP), table.Percent(f.Accuracy), f.interval())
	}
	return fmt.Sprintf("test accuracy %s (95 %% interval %s)", table.Percent(f.Accuracy), f.interval())
}

// line is what counts, in a sentence.
func (r *Result) line() string {
	if r.MultiLabel != nil {
		return r.labelLine()
	}
	line := fmt.Sprintf("test accuracy of %s %.1f %% (standard deviation %.1f), "+
		"%.1f %% of all %s (95 %% interval %.1f to %.1f)", table.Count(len(r.Folds), "fold"),
		100*r.Mean, 100*r.Deviation, 100*r.Accuracy, table.Count(r.N, "image"), 100*r.Interval[0],
		100*r.Interval[1])
	if r.Calibration != nil {
		line += fmt.Sprintf(", expected calibration error %.3f", r.Calibration.ECE)
	}
	return line
}

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	if err := r.Table().WriteText(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s: %s, %s\n", r.Run, r.line(), table.Seconds(r.Seconds))
	return err
}

// lines is the table as numbers, for folds.csv. Of images with several labels the accuracy is
// the share with all labels right.
func (r *Result) lines() *table.Table {
	columns := []string{"fold", "run", "train_images", "n", "accuracy", "low", "high", "val_accuracy",
		"best_epoch", "epochs", "seconds"}
	if r.MultiLabel != nil {
		columns = append(columns, "mean_average_precision", "val_mean_average_precision", "f1")
	}
	t := table.New(columns...)
	for _, f := range r.Folds {
		cells := []any{f.Fold, f.Run, f.Images, f.N, f.Accuracy, f.Interval[0], f.Interval[1],
			f.ValAccuracy, f.BestEpoch, f.Epochs, f.Seconds}
		if f.MultiLabel != nil {
			cells = append(cells, f.MultiLabel.MeanAP, f.ValMultiLabel.MeanAP, f.MultiLabel.Micro.F1)
		}
		t.Add(cells...)
	}
	return t
}
