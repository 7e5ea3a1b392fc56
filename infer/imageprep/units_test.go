package imageprep

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestMeansAndDeviationsAreOfPixelsFrom0To1(t *testing.T) {
	list := func(v ...float64) []float64 { return v }
	for _, test := range []struct {
		mean, std []float64
		name      string // "" where they are right
		right     string // both as they were meant
	}{
		{nil, nil, "", ""},
		{list(0.485, 0.456, 0.406), list(0.229, 0.224, 0.225), "", ""},
		{list(0), list(1), "", ""},
		{list(0.485), list(1. / 255), "", ""}, // bytes without a scale
		{list(-1), list(1), "", ""},
		{nil, list(1e-38), "", ""},
		{nil, list(math.NaN(), 0, -0.5), "", ""},
		{list(123.675, 116.28, 103.53), list(58.395, 57.12, 57.375), "std", "[0.485 0.456 0.406] [0.229 0.224 0.225]"},
		{list(127.5), list(127.5), "std", "[0.5] [0.5]"},
		{list(0), list(255), "std", "[0] [1]"},
		{nil, list(255), "std", "[] [1]"},
		{list(0.485), list(58.395), "std", "[0.485] [0.229]"},
		{list(104), list(1), "mean", "[0.408] [0.00392]"},
		{list(104), nil, "mean", "[0.408] [0.00392]"},
		{list(123.675), list(0.229), "mean", "[0.485] [0.229]"},
		{list(2, 0, 0), list(0.5), "mean", "[0.00784 0 0] [0.5]"},
		{list(0.485 / 255), list(0.229 / 255), "std", "[0.485] [0.229]"},
		{list(0.485), list(0.229 / 255), "std", "[0.485] [0.229]"},
	} {
		err := CheckUnits(test.mean, test.std)
		var wrong *UnitsError
		if errors.As(err, &wrong) != (test.name != "") {
			t.Errorf("%v, %v: got %v", test.mean, test.std, err)
		}
		if wrong == nil {
			continue
		}
		if got := fmt.Sprintf("%.3g %.3g", wrong.Mean, wrong.Std); wrong.Name != test.name || got != test.right {
			t.Errorf("%v, %v: got %s, %s, want %s, %s", test.mean, test.std, wrong.Name, got, test.name, test.right)
		}
		if !strings.Contains(err.Error(), "for pixels from 0 to 1: ") {
			t.Errorf("%v, %v: got %v", test.mean, test.std, err)
		}
	}
}
