package export

import (
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/train/metrics"
)

// TestSeveralLabelsHaveThresholdsAndNothingElse: a temperature and an answer of unknown go
// with one class an image, thresholds with several labels.
func TestSeveralLabelsHaveThresholdsAndNothingElse(t *testing.T) {
	one := networks.Preset(t, "tiny", 32).Spec
	several := one.WithSigmoids()
	five := []float64{0, 0.25, 0.5, 0.75, 1}
	for _, c := range []struct {
		o     Options
		multi bool
		want  string // part of the error; "" for none
	}{
		{Options{Temperature: 1, Thresholds: five}, true, ""},
		{Options{Temperature: 1}, true, ""},
		{Options{Temperature: 2}, false, ""},
		{Options{Temperature: 2}, true, "temperature 2"},
		{Options{Temperature: 1, Unknown: new(metrics.Threshold)}, true, "never unknown"},
		{Options{Temperature: 1, Thresholds: five}, false, "5 thresholds"},
		{Options{Temperature: 1, Thresholds: five[:4]}, true, "4 thresholds for a network of 5"},
		{Options{Temperature: 1, Thresholds: []float64{0, 0, 0, 0, 1.5}}, true, "threshold 1.5 of label 4"},
	} {
		spec := &one
		if c.multi {
			spec = &several
		}
		err := c.o.checkLabels(spec)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v, several labels %t: got %v, want %q", c.o, c.multi, err, c.want)
		}
	}
}
