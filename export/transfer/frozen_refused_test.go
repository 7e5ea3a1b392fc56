package transfer

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export/extractor"
	"github.com/flowerctl/flowerctl/export/importer"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
)

func TestNetworksWithoutFeaturesAreRefused(t *testing.T) {
	onnxruntime.Need(t)
	fail := func(v networks.ViT, cut string, change func(*Source)) error {
		src := vitSource(t, v)
		if change != nil {
			change(&src)
		}
		_, err := Frozen(t.Context(), src, cut, ort.Options{})
		if err == nil {
			t.Errorf("%+v with cut %q: no error", v, cut)
		}
		return err
	}
	var none *onnx.NoValueError
	if err := fail(networks.ViT{}, "atention", nil); !errors.As(err, &none) || none.Near[0] != "attention" {
		t.Errorf("a cut that is not there: %v", err)
	}
	var size *extractor.SizeError
	if err := fail(networks.ViT{}, "", func(s *Source) { s.Size = 48 }); !errors.As(err, &size) || size.Want != 32 {
		t.Errorf("another size: %v", err)
	}
	if err := fail(networks.ViT{Dims: -1}, "", nil); !errors.Is(err, extractor.ErrNoSize) {
		t.Errorf("no size: %v", err)
	}
	if err := fail(networks.ViT{}, "", func(s *Source) { s.Std = [3]float64{} }); !errors.Is(err, ErrNotNormalised) {
		t.Errorf("no normalisation: %v", err)
	}
	if err := fail(networks.ViT{}, "token", nil); !errors.As(err, &none) {
		t.Errorf("a weight: %v", err)
	}
	_, err := Base(vitSource(t, networks.ViT{}))
	var unread *importer.UnsupportedError
	if !errors.As(err, &unread) {
		t.Errorf("read as a network to train: %v", err)
	}
}

// TestTwoImagesAreNoBackbone: nor is a batch that is fixed at four.
func TestTwoImagesAreNoBackbone(t *testing.T) {
	onnxruntime.Need(t)
	m := networks.ViT{}.Model()
	m.Graph.Inputs = append(m.Graph.Inputs, onnx.TensorInfo("mask", onnx.Float32, onnx.Symbol("batch"), onnx.Known(17), onnx.Known(8)))
	m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Name: "masked", Op: "Add", Inputs: []string{"block", "mask"}, Outputs: []string{"masked"}})
	frozenOf := func(cut string) error {
		file, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		_, err = Frozen(t.Context(), Source{Name: "two.onnx", File: file, Mean: half, Std: half}, cut, ort.Options{})
		return err
	}
	if err := frozenOf(""); err != nil {
		t.Errorf("an input that the features do not need: %v", err)
	}
	if err := frozenOf("masked"); err == nil || !strings.Contains(err.Error(), "need 2 inputs, pixel_values and mask") {
		t.Errorf("got %v", err)
	}
	m.Graph.Inputs[0].Dims = slices.Clone(m.Graph.Inputs[0].Dims)
	m.Graph.Inputs[0].Dims[0] = onnx.Known(4)
	if err := frozenOf(""); err == nil || !strings.Contains(err.Error(), "takes 4 images at once") {
		t.Errorf("got %v", err)
	}
}
