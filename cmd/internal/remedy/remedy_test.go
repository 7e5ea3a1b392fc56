package remedy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/publish"
	"github.com/flowerctl/flowerctl/train/metrics"
)

// TestAPrecisionOutOfReachNamesTheNearest: one that the same images have.
func TestAPrecisionOutOfReachNamesTheNearest(t *testing.T) {
	curve := []metrics.Covered{{Confidence: 0.9, Coverage: 0.5, Accuracy: 0.95, N: 60, Right: 57},
		{Confidence: 0.5, Coverage: 1, Accuracy: 0.8, N: 120, Right: 96}}
	nearest, ok := metrics.ChooseThreshold(curve, 0.99)
	if ok {
		t.Fatal("99 % are there")
	}
	err := Of(fmt.Errorf("export: %w", &publish.PrecisionError{Nearest: nearest}))
	var text strings.Builder
	shell.PrintError(&text, "export", err)
	for _, want := range []string{"hint: --unknown-precision 0.95 is there, for 50 % of the images\n",
		"hint: more validation images, or a better network, allow more\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got %q, want %q in it", text.String(), want)
		}
	}
	if _, ok := metrics.ChooseThreshold(curve, 0.95); !ok {
		t.Error("the precision of the hint is not there")
	}
	if got := unknownHints(metrics.Threshold{}); len(got) != 1 {
		t.Errorf("with no right answer: got hints %q, want one", got)
	}
}
