package publish

import (
	"errors"
	"testing"

	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/run"
)

func TestTheThresholdIsTheSmallestOfThePrecision(t *testing.T) {
	trained := &run.Trained{Calibration: &run.Calibration{Temperature: 1.3, Coverage: []metrics.Covered{
		{Confidence: 0.9, Coverage: 0.5, Accuracy: 1, N: 50, Right: 50},
		{Confidence: 0.7, Coverage: 0.8, Accuracy: 0.95, N: 80, Right: 76},
		{Confidence: 0.5, Coverage: 1, Accuracy: 0.9, N: 100, Right: 90}}}}
	o := Options{UnknownPrecision: 0.95}
	if err := o.temper(trained); err != nil {
		t.Fatal(err)
	}
	if o.Export.Temperature != 1.3 || o.Export.Unknown.Confidence != 0.6 || o.Export.Unknown.Coverage != 0.8 {
		t.Errorf("got temperature %g, %+v", o.Export.Temperature, o.Export.Unknown)
	}
	trained.Calibration.Coverage = trained.Calibration.Coverage[2:]
	var none *PrecisionError
	if err := o.temper(trained); !errors.As(err, &none) || none.Nearest.Precision != 0.9 {
		t.Errorf("got %v, want no threshold", err)
	}
	trained.Calibration = nil
	if err := o.temper(trained); err == nil {
		t.Error("weights without a calibration have a threshold")
	}
	var asked *OptionsError
	if err := (&Options{UnknownPrecision: 95}).temper(trained); !errors.As(err, &asked) {
		t.Errorf("a precision of 95: got %v", err)
	}
}
