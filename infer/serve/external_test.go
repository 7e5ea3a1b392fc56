package serve

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/beside"
	"github.com/flowerctl/flowerctl/fixtures/colours"
)

// TestWeightsBesideAFileAreServedAndReloaded: other weights alone are another model.
func TestWeightsBesideAFileAreServedAndReloaded(t *testing.T) {
	m, err := colours.Model(colours.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	model, weights, err := beside.Split(whole, "w.bin", 1)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "m.onnx")
	put(t, path, string(model))
	put(t, filepath.Join(dir, "w.bin"), string(weights))
	var sizes []int
	_, l := loading(t, Files{Models: []string{path}, Open: func(_ string, file []byte) (*Model, error) {
		sizes = append(sizes, len(file))
		return &Model{Classifier: newColourist()}, nil
	}})
	if err := l.Reload(t.Context()); err != nil || len(sizes) != 1 || sizes[0] < len(whole) {
		t.Fatalf("got files of %v bytes, %v, want one of %d or more", sizes, err, len(whole))
	}
	weights[0]++
	put(t, filepath.Join(dir, "w.bin"), string(weights))
	if err := l.Reload(t.Context()); err != nil || len(sizes) != 2 {
		t.Errorf("other weights: got %d files, %v", len(sizes), err)
	}
	if err := os.Remove(filepath.Join(dir, "w.bin")); err != nil {
		t.Fatal(err)
	}
	if err := l.Reload(t.Context()); err == nil || len(sizes) != 2 {
		t.Error("a file without its weights was loaded")
	}
}
