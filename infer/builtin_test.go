package infer

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// TestTheBuiltinModelKnowsPhotographs that it was not trained on, and stays small.
func TestTheBuiltinModelKnowsPhotographs(t *testing.T) {
	onnxruntime.Need(t)
	if n := len(Builtin()); n > 8_000_000 {
		t.Errorf("it has %d bytes, want 8,000,000 at most", n)
	}
	c, err := New(Builtin(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	files, err := filepath.Glob("../fixtures/photos/*.jpg")
	if err != nil || len(files) != 3 {
		t.Fatalf("got %q, %v, want three photographs", files, err)
	}
	for _, file := range files {
		img, err := new(imageprep.Decoder).Prepare(imageprep.File(file), c.Preprocess())
		if err != nil {
			t.Fatal(err)
		}
		answers, err := c.Classify(t.Context(), []imageprep.Image{img})
		if err != nil {
			t.Fatal(err)
		}
		want := strings.TrimSuffix(filepath.Base(file), ".jpg")
		if got := answers[0].Top(1)[0]; got.Label != want || got.Probability < 0.5 {
			t.Errorf("%s: got %s %.2f", file, got.Label, got.Probability)
		}
	}
}
