package publish

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/run"
)

// PrecisionError says that no threshold gives the precision that is wanted.
type PrecisionError struct{ Nearest metrics.Threshold }

func (e *PrecisionError) Error() string {
	t := e.Nearest
	return fmt.Sprintf("no threshold gives answers that are right for %.1f %%: on %d validation images "+
		"the best is %.1f %%", 100*t.Wanted, t.Images, 100*t.Precision)
}

// temper takes over the run's temperature, and chooses the threshold for unknown on
// the coverage curve of its validation images.
func (o *Options) temper(trained *run.Trained) error {
	if c := trained.Calibration; c != nil && o.Export.Temperature == 0 {
		o.Export.Temperature = c.Temperature
	}
	if trained.Checkpoint != nil && trained.Checkpoint.Spec.MultiLabel() {
		return o.thresholds(trained)
	}
	if o.UnknownPrecision == 0 {
		return nil
	}
	if !(o.UnknownPrecision > 0 && o.UnknownPrecision <= 1) {
		return &OptionsError{fmt.Errorf("precision of %g for unknown, want over 0, up to 1", o.UnknownPrecision)}
	}
	if trained.Calibration == nil {
		return fmt.Errorf("%s: these weights have no %s, which a threshold for unknown is chosen on",
			trained.Dir, run.CalibrationFile)
	}
	t, ok := metrics.ChooseThreshold(trained.Calibration.Coverage, o.UnknownPrecision)
	if !ok {
		return &PrecisionError{t}
	}
	o.Export.Unknown = &t
	if o.Log != nil {
		o.Log(fmt.Sprintf("unknown below %.3f: on %d validation images the answers are right for "+
			"%.1f %% (95 %% interval %.1f to %.1f) of the %.1f %% that are answered", t.Confidence, t.Images,
			100*t.Precision, 100*t.Interval[0], 100*t.Interval[1], 100*t.Coverage))
	}
	return nil
}

// thresholds takes over those that the run chose for its labels.
func (o *Options) thresholds(trained *run.Trained) error {
	if o.UnknownPrecision != 0 {
		return &OptionsError{fmt.Errorf("a precision for unknown goes with one class a picture: of " +
			"several labels none may be given, and each has its threshold")}
	}
	if c := trained.Calibration; c != nil && o.Export.Thresholds == nil {
		o.Export.Thresholds = c.Thresholds
	}
	if o.Export.Thresholds == nil && o.Log != nil {
		o.Log(fmt.Sprintf("these weights have no thresholds of their labels: %g for all",
			metrics.UsualThreshold))
	}
	return nil
}
