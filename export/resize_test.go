package export_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

// resizing is a network that takes images of size x size pixels.
func resizing(t *testing.T, size int, how imageprep.Resize) *checkpoint.Checkpoint {
	t.Helper()
	b := model.NewBuilder("resizing", size, 3)
	b.GlobalAvgPool()
	b.Head("main", 1)
	c := networks.Build(t, b)
	c.Preprocess.Resize = how
	return c
}

// preprocessing opens what a file of c does before its network.
func preprocessing(t *testing.T, c *checkpoint.Checkpoint, o export.Options) *ort.Session {
	t.Helper()
	m, err := export.Model(c, o)
	if err != nil {
		t.Fatal(err)
	}
	types, err := m.Types()
	if err != nil {
		t.Fatal(err)
	}
	g := &m.Graph
	g.Outputs = []onnx.ValueInfo{types[model.InputName]}
	g.Nodes = slices.DeleteFunc(g.Nodes, func(n onnx.Node) bool {
		return !strings.HasPrefix(n.Name, "preprocess")
	})
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ort.NewSession(file, ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// noise is a batch of n images.
func noise(rng *rand.Rand, n, w, h int) []imageprep.Image {
	images := make([]imageprep.Image, n)
	for i := range images {
		images[i] = imageprep.Image{W: w, H: h, Pix: make([]uint8, 3*w*h)}
		for k := range images[i].Pix {
			images[i].Pix[k] = uint8(min(rng.Uint32N(300), 255)) // white may come out above white
		}
	}
	return images
}

// compared runs the images, of one size, and counts how many values differ from
// imageprep's, and by how many grey levels at most.
func compared(t *testing.T, s *ort.Session, prep imageprep.Config, images []imageprep.Image) (
	differing, values int, most float64) {

	t.Helper()
	var pixels []uint8
	for _, img := range images {
		pixels = append(pixels, img.Pix...)
	}
	out, err := s.RunImages(context.Background(), pixels, len(images), images[0].H, images[0].W)
	if err != nil {
		t.Fatal(err)
	}
	got, plane := out[model.InputName], prep.Size*prep.Size
	if want := []int{len(images), 3, prep.Size, prep.Size}; !slices.Equal(got.Shape, want) {
		t.Fatalf("got shape %v, want %v", got.Shape, want)
	}
	for i, img := range images {
		want := prep.Apply(img)
		for p, v := range want.Pix {
			d := math.Abs(float64(got.Data[(3*i+p%3)*plane+p/3]) - float64(v))
			if !(d == 0) {
				differing++
			}
			most = max(most, d)
		}
		values += len(want.Pix)
	}
	return differing, values, most
}

// TestAFileResizesAsImageprep for larger and smaller images, odd sides and sides of
// one pixel, in batches. Where a value lies half-way between two grey levels, float32
// may round it the other way.
func TestAFileResizesAsImageprep(t *testing.T) {
	onnxruntime.Need(t)
	rng := rand.New(rand.NewPCG(1, 2))
	sizes := [][2]int{{60, 40}, {41, 67}, {200, 33}, {23, 24}, {24, 23}, {7, 9}, {1, 50}, {50, 1},
		{1, 1}, {2, 3}, {500, 375}, {1001, 3}}
	for _, op := range []export.ResizeOp{export.ByMatMul, export.ByResize} {
		var differing, values int
		for _, how := range []imageprep.Resize{imageprep.Stretch, imageprep.Crop} {
			for _, size := range []int{24, 1, 35} {
				c := resizing(t, size, how)
				s := preprocessing(t, c, export.Options{ResizeOp: op})
				for i, side := range sizes {
					if how == imageprep.Crop && op == export.ByResize && max(side[0], side[1]) > 50*min(side[0], side[1]) {
						continue // it makes all of the long side
					}
					name := fmt.Sprintf("%s, %s, %d x %d to %d", op, how, side[0], side[1], size)
					d, n, most := compared(t, s, c.Preprocess, noise(rng, 1+i%3, side[0], side[1]))
					if differing, values = differing+d, values+n; most > 1 {
						t.Errorf("%s: up to %.0f grey levels apart", name, most)
					}
				}
				if d, _, _ := compared(t, s, c.Preprocess, noise(rng, 2, size, size)); d > 0 {
					t.Errorf("%s, %s: an image of size %d is changed", op, how, size)
				}
			}
		}
		share := float64(differing) / float64(values)
		t.Logf("%s: %.2f %% of %d values differ by one grey level", op, 100*share, values)
		if share > 0.01 {
			t.Errorf("%s: %.2f %% of the values differ, want at most 1", op, 100*share)
		}
	}
}

func TestAFileKeepsFlatColours(t *testing.T) {
	onnxruntime.Need(t)
	for _, how := range []imageprep.Resize{imageprep.Stretch, imageprep.Crop} {
		c := resizing(t, 19, how)
		s := preprocessing(t, c, export.Options{})
		for _, side := range [][2]int{{imageprep.MaxSide, 1}, {1, 700}, {811, 29}, {3, 2}} {
			img := imageprep.Image{W: side[0], H: side[1], Pix: make([]uint8, 3*side[0]*side[1])}
			for _, v := range []uint8{1, 254, 255} {
				for i := range img.Pix {
					img.Pix[i] = v
				}
				if d, _, most := compared(t, s, c.Preprocess, []imageprep.Image{img}); d > 0 {
					t.Errorf("%s, %v: colour %d is off by %.0f", how, side, v, most)
				}
			}
		}
	}
}

func TestResizeOpsThatAreRefused(t *testing.T) {
	c := resizing(t, 8, imageprep.Stretch)
	for want, o := range map[string]export.Options{
		`operator to resize "nearest", want matmul or resize`: {ResizeOp: "nearest"},
		"goes with input image, got input float":              {Input: export.Float, ResizeOp: export.ByResize},
	} {
		if _, err := export.Model(c, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", o, err, want)
		}
	}
}
