package verify

import (
	"context"
	"fmt"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/fixtures/race"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data/flowers"
	"github.com/flowerctl/flowerctl/train/model"
)

// drawn are n drawn flowers of size x size pixels, of labels 0 to 4.
func drawn(n, size int) []Photo {
	photos := make([]Photo, n)
	for i := range photos {
		kind := flowers.Kind(i % 5)
		photos[i] = Photo{Name: fmt.Sprintf("drawn %d", i), Label: i % 5, Open: func() (imageprep.Image, error) {
			return flowers.Draw(kind, uint64(i), size), nil
		}}
	}
	return photos
}

func encoded(t testing.TB, c *checkpoint.Checkpoint, o export.Options) []byte {
	t.Helper()
	m, err := export.Model(c, o)
	if err != nil {
		t.Fatal(err)
	}
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// compareLayers runs both engines on two drawn images and reports the nodes.
func compareLayers(t *testing.T, c *checkpoint.Checkpoint, o export.Options, tolerance float64) []Layer {
	t.Helper()
	m, err := onnx.Decode(encoded(t, c, o))
	if err != nil {
		t.Fatal(err)
	}
	spec, weights, err := export.Network(c, o)
	if err != nil {
		t.Fatal(err)
	}
	reference, err := newGorgonia(spec, weights)
	if err != nil {
		t.Fatal(err)
	}
	defer reference.Close()
	file, err := openLayers(m, ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ctx := context.Background()
	set, err := prepare(ctx, drawn(2, c.Preprocess.Size), c.Preprocess, 0)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := compareNodes(ctx, &spec, reference.Layers, file.Layers, set.batch(0, 2), tolerance)
	if err != nil {
		t.Fatal(err)
	}
	return layers
}

func TestEveryNodeOfEveryPresetAgrees(t *testing.T) {
	onnxruntime.Need(t)
	for _, p := range arch.All() {
		if p.Parameters > 2e7 && testing.Short() {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			if p.Parameters > 1e6 {
				race.Slow(t)
			}
			size := 0
			if p.Parameters > 2e7 {
				size = 80 // the same nodes, and fewer weights and places
			}
			if other := networks.Twin(t, p.Name, size); other != "" {
				t.Skipf("has the nodes of %s", other)
			}
			c := networks.Preset(t, p.Name, size)
			for _, o := range []export.Options{{}, {Input: export.Float}, {FoldBatchNorm: true}} {
				if p.Parameters > 2e7 && o.Input != "" || o.FoldBatchNorm && !networks.Has(c, model.BatchNorm) {
					continue
				}
				worst := 0.0
				// Without trained statistics nothing holds MobileNetV2's values together:
				// rounding grows a hundredfold through its 52 layers.
				tolerance := 1e-5
				if p.Name == "mobilenetv2" {
					tolerance = 1e-3
				}
				for _, l := range compareLayers(t, c, o, tolerance) {
					worst = max(worst, l.MaxRel)
					missing := l.Missing && !(o.Input == export.Float && l.Op == string(model.Rescale))
					if l.Differs || missing {
						t.Errorf("%+v: %+v", o, l)
					}
				}
				t.Logf("%s fold %v: largest difference %.1e of a node's scale", o.Input, o.FoldBatchNorm, worst)
			}
		})
	}
}

func TestFilesPreprocessAsImageprep(t *testing.T) {
	onnxruntime.Need(t)
	ctx := context.Background()
	for _, resize := range []imageprep.Resize{imageprep.Stretch, imageprep.Crop} {
		c := networks.Preset(t, "tiny", 48)
		c.Preprocess.Resize = resize
		reference, err := newGorgonia(c.Spec, c.Weights)
		if err != nil {
			t.Fatal(err)
		}
		defer reference.Close()
		m, err := onnx.Decode(encoded(t, c, export.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		file, err := openLayers(m, ort.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		var list []original
		for i, size := range [][2]int{{48, 48}, {31, 47}, {300, 200}, {200, 301}, {49, 97}, {1, 5}, {640, 48}, {47, 48}} {
			img := shrink(flowers.Draw(flowers.Kind(i%5), uint64(i), 320), size[0], size[1])
			list = append(list, original{fmt.Sprint(size), i, img})
		}
		result, err := resizing(ctx, reference.Forward, file, c.Preprocess, list)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range result {
			t.Logf("%s %+v", resize, r)
			if r.Differs {
				t.Errorf("%s: %+v", resize, r)
			}
		}
	}
}
