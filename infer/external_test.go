package infer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/beside"
	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
)

// sharper is the plain model with a sharpness of its own, and its weights in a file
// beside it.
func sharper(t *testing.T, dir string, scale float32, change func(*onnx.Model)) (path string) {
	t.Helper()
	m := model(t, colours.PlainNCHW)
	m.Graph.Initializers[1] = onnx.NewScalar("scale", scale)
	change(m)
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	file, data, err := beside.Split(file, "weights.bin", 64)
	path = filepath.Join(dir, "m.onnx")
	if err = errors.Join(err, os.WriteFile(path, file, 0o644),
		os.WriteFile(filepath.Join(dir, "weights.bin"), data, 0o644)); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWeightsAreThoseBesideTheFile: of two models with the same graph each answers with
// its own weights, in whichever folder it is opened; also one that package onnx cannot
// read, for its name is too long.
func TestWeightsAreThoseBesideTheFile(t *testing.T) {
	onnxruntime.Need(t)
	for name, change := range map[string]func(*onnx.Model){
		"decoded": func(*onnx.Model) {},
		"foreign": func(m *onnx.Model) { m.Graph.Name = strings.Repeat("n", 5000) },
	} {
		a, b := t.TempDir(), t.TempDir()
		first, other := sharper(t, a, 3, change), sharper(t, b, -3, change)
		want := []float32{3, 0, 0}
		softmax(want)
		for _, folder := range []string{a, b, t.TempDir()} {
			t.Chdir(folder)
			for path, best := range map[string]int{first: 0, other: 1} {
				c, err := Open(path, elsewhere)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				got, err := c.Classify(t.Context(), []imageprep.Image{plain(0, 8, 8)})
				if err = errors.Join(err, c.Close()); err != nil {
					t.Fatal(err)
				}
				if p := got[0].Probabilities; got[0].Best() != best ||
					best == 0 && !close3(p, want, 1e-6) {
					t.Errorf("%s, in %s: got %v", name, folder, p)
				}
			}
		}
	}
}

func TestBytesWithoutTheirWeightsAreRefused(t *testing.T) {
	onnxruntime.Need(t)
	dir := t.TempDir()
	foreign := func(m *onnx.Model) { m.Graph.Name = strings.Repeat("n", 5000) }
	for _, change := range []func(*onnx.Model){func(*onnx.Model) {}, foreign} {
		path := sharper(t, dir, 3, change)
		t.Chdir(dir) // where onnxruntime would find them
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := New(file, elsewhere); !errors.Is(err, ort.ErrExternal) {
			t.Errorf("got %v, %v, want %v", c, err, ort.ErrExternal)
		}
	}
	if err := os.Remove("weights.bin"); err != nil {
		t.Fatal(err)
	}
	var missing *onnx.ExternalError
	if _, err := Open("m.onnx", elsewhere); !errors.As(err, &missing) || missing.Location != "weights.bin" {
		t.Errorf("got %v, want the name of the file that is missing", err)
	}
}

func TestAFilesHashCoversWeightsBesideIt(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	same := func(*onnx.Model) {}
	first, err := Find(sharper(t, a, 3, same))
	if err != nil {
		t.Fatal(err)
	}
	other, err := Find(sharper(t, b, -3, same))
	if err != nil || bytes.Equal(first.Data, other.Data) {
		t.Errorf("%v: files with other weights read the same", err)
	}
}
