package infer

import (
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
)

// A file of another program that ends in a sigmoid gives each label by itself; a softmax
// does not, and thresholds that do not fit are refused.
func TestASigmoidAtTheEndGivesSeveralLabels(t *testing.T) {
	onnxruntime.Need(t)
	for ops, several := range map[string]bool{
		"Sigmoid logits a/Identity a scores": true, "Softmax logits scores": false,
	} {
		c, err := open(then(t, onnx.Float32, strings.Split(ops, "/")...), elsewhere)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.MultiLabel() != several {
			t.Errorf("%s: several labels: %t, want %t", ops, c.MultiLabel(), several)
		}
		if notes := strings.Join(c.Notes(), "; "); strings.Contains(notes, "each given from a probability of 0.5") != several {
			t.Errorf("%s: notes %q", ops, notes)
		}
		if !several {
			continue
		}
		answers, err := c.Classify(t.Context(), []imageprep.Image{{W: 1, H: 1, Pix: []uint8{255, 0, 0}}})
		if err != nil {
			t.Fatal(err)
		}
		// The other channels are 0, of which a sigmoid makes 0.5: given from 0.5 on.
		if got := answers[0].Present(0); len(got) != 3 || got[0].Label != "red" {
			t.Errorf("got %v, want red and both others", got)
		}
		if got := answers[0].Present(0.6); len(got) != 1 {
			t.Errorf("from 0.6 on: got %v, want red", got)
		}
	}
}

func TestThresholdsAreOneForEachLabel(t *testing.T) {
	for text, want := range map[string]string{
		"[0.1, 0.9]": "", "[0.1]": "1 for 2 labels", "[0.1, 2]": "want 0 to 1", "x": "metadata thresholds",
	} {
		got, err := readThresholds(map[string]string{keyThresholds: text}, 2)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
}
