package nn

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/optim"
)

// sums is an extractor whose features are sums of an image's channels, times a number.
type sums struct{ calls int }

func (x *sums) Extract(_ context.Context, pixels []uint8, n int) ([]float32, error) {
	x.calls++
	out := make([]float32, 3*n)
	per := len(pixels) / n
	for i, v := range pixels {
		out[i/per*3+i%3] += float32(v) / 10000
	}
	return out, nil
}

// extracting is a network of two layers on three features.
func extracting(t *testing.T) (model.Spec, model.Weights) {
	t.Helper()
	b := model.NewBuilder("frozen", 13, 3)
	b.Add(model.Node{Name: "extractor", Op: model.Extract, Units: 3,
		File: &model.File{SHA256: strings.Repeat("a", 64)}})
	b.BatchNorm()
	b.Dense(4)
	b.ReLU()
	b.Head("main", 1)
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec, weights(t, spec)
}

// TestFeaturesThatABatchHasAreNotComputed: they give the answers and steps that those
// give which the extractor computes.
func TestFeaturesThatABatchHasAreNotComputed(t *testing.T) {
	for _, e := range engines(t) {
		spec, w := extracting(t)
		b := goldenBatch(0, 5, 13, 3)
		made := new(sums)
		var losses [2][]float64
		for i := range losses {
			adam, err := optim.New("adam", optim.Config{})
			if err != nil {
				t.Fatal(err)
			}
			n, err := New(spec, w.Clone(), Config{Engine: e, Optimizer: adam, Extractor: made, FrozenBatchNorm: true})
			if err != nil {
				t.Fatal(err)
			}
			if i == 1 {
				b.Features, _ = made.Extract(t.Context(), b.Pixels, b.N)
				b.Pixels = nil
			}
			for range 4 {
				losses[i] = append(losses[i], mustStep(t, n, b))
			}
			r, err := n.Evaluate(t.Context(), b)
			if err != nil {
				t.Fatal(err)
			}
			losses[i] = append(losses[i], r.Loss)
		}
		closeTo(t, e.Name(), losses[0], losses[1], 0)
		if losses[0][0] == losses[0][3] || made.calls != 6 {
			t.Errorf("losses %v with %d extractions, want other ones and 5 by the network", losses[0], made.calls-1)
		}
	}
}

// TestForwardExtracts: the features are the node's value, and what follows is computed
// of them.
func TestForwardExtracts(t *testing.T) {
	for _, e := range engines(t) {
		spec, w := extracting(t)
		f, err := NewForward(spec, w, e)
		if err != nil {
			t.Fatal(err)
		}
		b := goldenBatch(0, 2, 13, 3)
		if _, _, err := f.Run(t.Context(), b.Pixels, 2); err == nil || !strings.Contains(err.Error(), "nothing computes the features of node extractor") {
			t.Errorf("without an extractor: got %v", err)
		}
		f.Extractor = new(sums)
		values, err := f.Trace(t.Context(), b.Pixels, 2)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := new(sums).Extract(t.Context(), b.Pixels, 2)
		closeTo(t, "extractor", values["extractor"].Data, want, 0)
		logits, _, err := f.Run(t.Context(), b.Pixels, 2)
		if err != nil {
			t.Fatal(err)
		}
		hidden, weight, bias := values["relu1"].Data, w["logits.weight"].Data, w["logits.bias"].Data
		for i, got := range logits {
			sum := bias[i%3]
			for j := range 4 {
				sum += hidden[i/3*4+j] * weight[i%3*4+j]
			}
			closeTo(t, "logit", []float32{got}, []float32{sum}, 1e-5)
		}
	}
}

// failing computes one feature too few.
type failing struct{ err error }

func (x failing) Extract(context.Context, []uint8, int) ([]float32, error) {
	return make([]float32, 5), x.err
}

func TestWrongFeaturesAreRefused(t *testing.T) {
	spec, w := extracting(t)
	f, err := NewForward(spec, w, engines(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	b := goldenBatch(0, 2, 13, 3)
	f.Extractor = failing{}
	if _, _, err := f.Run(t.Context(), b.Pixels, 2); err == nil || !strings.Contains(err.Error(), "5 features for 2 images, want 3 each") {
		t.Errorf("got %v", err)
	}
	lost := errors.New("lost")
	f.Extractor = failing{lost}
	if _, _, err := f.Run(t.Context(), b.Pixels, 2); !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
}
