package nn

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// TestFeaturesAreThoseOfTrace: those of every node, for a number of images that takes
// several batches, are the values that Trace gives, in NCHW.
func TestFeaturesAreThoseOfTrace(t *testing.T) {
	for _, e := range engines(t) {
		spec := branchy(t)
		w := weights(t, spec)
		const n = 45
		b := goldenBatch(0, n, 13, 3)
		f, err := NewForward(spec, w, e)
		if err != nil {
			t.Fatal(err)
		}
		trace, err := f.Trace(context.Background(), b.Pixels, n)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range trace {
			features, err := NewFeatures(spec, w, name, e)
			if err != nil {
				t.Fatal(err)
			}
			got, err := features.Run(context.Background(), b.Pixels, n)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			closeTo(t, fmt.Sprintf("%s: %s", e.Name(), name), got, want.Data, 1e-6)
			if !slices.Equal(features.Shape(), want.Shape[1:]) {
				t.Errorf("%s has the shape %v, want %v", name, features.Shape(), want.Shape[1:])
			}
			if sizes := len(features.programs); sizes != 4 { // 32, 8, 4 and 1
				t.Errorf("%s: %d images took graphs for %d batch sizes, want 4", name, n, sizes)
			}
		}
	}
}

// TestFeaturesSeeTheWeights: a step of the network that shares them changes the features.
func TestFeaturesSeeTheWeights(t *testing.T) {
	for _, e := range engines(t) {
		spec := branchy(t)
		w := weights(t, spec)
		b := goldenBatch(0, 3, 13, 3)
		features, err := NewFeatures(spec, w, "dense1", e)
		if err != nil {
			t.Fatal(err)
		}
		run := func() []float32 {
			got, err := features.Run(context.Background(), b.Pixels, b.N)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		before := run()
		mustStep(t, newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)}), b)
		if slices.Equal(before, run()) {
			t.Errorf("%s: the step did not change the features", e.Name())
		}
	}
}

// TestFeaturesComputeNoMoreThanTheyNeed: neither the nodes behind the node nor those
// beside it.
func TestFeaturesComputeNoMoreThanTheyNeed(t *testing.T) {
	e := engines(t)[0]
	spec := branchy(t)
	features, err := NewFeatures(spec, weights(t, spec), "batchnorm1", e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := features.Run(context.Background(), make([]uint8, 13*13*3), 1); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, o := range features.programs[1].ops {
		kinds = append(kinds, o.base().kind)
	}
	if want := []string{"rescale", "conv", "batchnorm"}; !slices.Equal(kinds, want) {
		t.Errorf("computes %v, want %v", kinds, want)
	}
	if len(spec.Nodes) != len(branchy(t).Nodes) || len(spec.Outputs) != 2 {
		t.Error("NewFeatures changed the caller's description")
	}
}

// TestFeaturesOfHeadsAndDropouts: a node may be in an auxiliary head, which Forward does
// not compute, or a dropout, which passes its input on.
func TestFeaturesOfHeadsAndDropouts(t *testing.T) {
	e := engines(t)[0]
	b := model.NewBuilder("net", 4, 2)
	b.Dropout(0.5)
	b.ReLU()
	b.Flatten()
	b.Head("main", 1)
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]uint8, 2*4*4*3)
	for i := range pixels {
		pixels[i] = uint8(i)
	}
	for _, name := range []string{"dropout1", "relu1", "flatten1"} {
		features, err := NewFeatures(spec, weights(t, spec), name, e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := features.Run(context.Background(), pixels, 2)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got) != len(pixels) || got[1] != 3 || got[16] != 1 || got[48] != 48 {
			t.Errorf("features of %s are %v, want the pixels in NCHW", name, got)
		}
	}
	branches := branchy(t)
	aux := branches.Outputs[1].Node
	features, err := NewFeatures(branches, weights(t, branches), aux, e)
	if err != nil {
		t.Fatal(err)
	}
	got, err := features.Run(context.Background(), make([]uint8, 13*13*3), 1)
	if err != nil || len(got) != 3 {
		t.Errorf("features of %s: %v, %v, want 3 values", aux, got, err)
	}
}

func TestFeaturesRefuseWrongNodesAndSizes(t *testing.T) {
	e := engines(t)[0]
	spec := branchy(t)
	w := weights(t, spec)
	for _, name := range []string{"conv9", "", model.InputName} {
		_, err := NewFeatures(spec, w, name, e)
		if err == nil || !strings.Contains(err.Error(), "no node") {
			t.Errorf("node %q: got error %v, want one that says so", name, err)
		}
	}
	if _, err := NewFeatures(spec, w, "conv1", nil); err == nil {
		t.Error("made features without an engine")
	}
	features, err := NewFeatures(spec, w, "conv1", e)
	if err != nil {
		t.Fatal(err)
	}
	for n, bytes := range map[int]int{0: 0, 1: 12 * 13 * 3, 2: 13 * 13 * 3, -1: 3} {
		if _, err := features.Run(context.Background(), make([]uint8, bytes), n); err == nil {
			t.Errorf("took %d images in %d bytes", n, bytes)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := features.Run(ctx, make([]uint8, 13*13*3), 1); err == nil {
		t.Error("ran although the context had ended")
	}
}

func TestLargeResultsMakeSmallBatches(t *testing.T) {
	for size, want := range map[int]int{32: 64, 224: 64, 1024: 16, 1 << 14: 1} {
		spec := model.Spec{Input: [3]int{3, size, size}}
		if got := batchSize(spec, nil); got != want {
			t.Errorf("batches of %d images of %d pixels, want %d", got, size, want)
		}
	}
}

// BenchmarkFeatures compares the time of 64 images with that of Forward, in one batch and
// in batches of 8.
func BenchmarkFeatures(b *testing.B) {
	list := engines(b)
	e := list[len(list)-1]
	spec, w := preset(b, "resnet-small", 96)
	const n = 64
	pixels := goldenBatch(0, n, 96, 5).Pixels
	area := onnx.Elements(spec.Input[:])
	features, err := NewFeatures(spec, w, spec.Logits(spec.Main()), e)
	if err != nil {
		b.Fatal(err)
	}
	f, err := NewForward(spec, w, e)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("features", func(b *testing.B) {
		for b.Loop() {
			if _, err := features.Run(b.Context(), pixels, n); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, size := range []int{n, 32, 8} {
		b.Run(fmt.Sprintf("forward%d", size), func(b *testing.B) {
			for b.Loop() {
				for from := 0; from < n; from += size {
					part := pixels[from*area : (from+size)*area]
					if _, _, err := f.Run(b.Context(), part, size); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
