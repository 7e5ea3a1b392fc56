package verify

import (
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
)

// TestATemperatureIsProven: probabilities are the softmax of the logits divided by
// it, and it is that of the run.
func TestATemperatureIsProven(t *testing.T) {
	onnxruntime.Need(t)
	c := networks.Preset(t, "tiny", 0)
	file := encoded(t, c, export.Options{Temperature: 1.7})
	o := Options{Quick: true, Photos: drawn(8, c.Preprocess.Size), Temperature: 1.7}
	if r := verifyFile(t, file, c, o); !r.OK {
		t.Errorf("the file differs: %v", r.Problems)
	}
	o.Layers = true
	for _, l := range verifyFile(t, file, c, o).Layers {
		if l.Differs || l.Missing {
			t.Errorf("node by node: %+v", l)
		}
	}
	o.Temperature = 1.6
	if r := verifyFile(t, file, c, o); r.OK || !strings.Contains(r.Problems[0], "divides its logits by 1.7") {
		t.Errorf("another temperature: %v", r.Problems)
	}
	if d := notSoftmax([]float32{0.5, 0.5}, []float32{1, 2}, 1.7); d < 0.1 {
		t.Errorf("probabilities that are no softmax differ by %g", d)
	}
}
