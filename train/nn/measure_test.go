package nn

import (
	"context"
	"errors"
	"iter"
	"maps"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
)

// list is a source's epoch; err comes after its batches.
func list(err error, batches ...*data.Batch) iter.Seq2[*data.Batch, error] {
	return func(yield func(*data.Batch, error) bool) {
		for _, b := range batches {
			if !yield(b, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// TestMeasuredStatisticsAnswerAsTraining: with the statistics of a batch a network
// answers for it as in training, where it has no dropout.
func TestMeasuredStatisticsAnswerAsTraining(t *testing.T) {
	for _, e := range engines(t) {
		spec, w := preset(t, "resnet-small", 32)
		for i := range spec.Nodes {
			spec.Nodes[i].Rate = 0
		}
		n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
		b := goldenBatch(0, 6, 32, 5)
		if err := n.Measure(t.Context(), list(nil, b)); err != nil {
			t.Fatal(err)
		}
		got, err := n.Evaluate(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if want := mustStep(t, n, b); math.Abs(got.Loss-want) > 1e-4*want {
			t.Errorf("%s: loss %g with measured statistics, %g in training", e.Name(), got.Loss, want)
		}
	}
}

// TestStatisticsOfBatchesAreThoseOfAllTheirImages: at the first batch norm, before
// which nothing depends on the batch.
func TestStatisticsOfBatchesAreThoseOfAllTheirImages(t *testing.T) {
	for _, e := range engines(t) {
		spec, w := preset(t, "resnet-small", 32)
		n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
		parts := []*data.Batch{goldenBatch(0, 4, 32, 5), goldenBatch(1, 2, 32, 5), goldenBatch(2, 3, 32, 5)}
		all := &data.Batch{Size: 32, Classes: 5}
		for _, b := range parts {
			all.N += b.N
			all.Pixels = append(all.Pixels, b.Pixels...)
			all.Targets = append(all.Targets, b.Targets...)
			all.Labels = append(all.Labels, b.Labels...)
		}
		measure := func(batches ...*data.Batch) model.Weights {
			if err := n.Measure(t.Context(), list(nil, batches...)); err != nil {
				t.Fatal(err)
			}
			return w.Clone()
		}
		want, got := measure(all), measure(parts...)
		if again := measure(parts...); !reflect.DeepEqual(again, got) {
			t.Errorf("%s: measured twice, the statistics differ", e.Name())
		}
		first := ""
		for _, node := range spec.Nodes {
			if node.Op == model.BatchNorm {
				first = node.Name
				break
			}
		}
		for _, role := range []model.Role{model.RunningMean, model.RunningVar} {
			name := model.ParamName(first, role)
			for c, v := range want[name].Data {
				if d := math.Abs(float64(got[name].Data[c] - v)); d > 1e-4*math.Abs(float64(v))+1e-5 {
					t.Errorf("%s: %s of channel %d is %g, want %g", e.Name(), name, c, got[name].Data[c], v)
				}
			}
		}
	}
}

// TestMeasuringChangesNothingElse: no weight, nothing where batch norms are frozen,
// and nothing at all where it fails.
func TestMeasuringChangesNothingElse(t *testing.T) {
	spec, w := preset(t, "resnet-small", 32)
	before, b := w.Clone(), goldenBatch(0, 4, 32, 5)
	same := func(what string, statistics bool) {
		for name := range maps.Keys(w) {
			is := strings.Contains(name, ".running_")
			if is == statistics && !reflect.DeepEqual(w[name].Data, before[name].Data) {
				t.Errorf("%s: %s is another", what, name)
			}
		}
	}
	n := newNetwork(t, spec, w, Config{Engine: engines(t)[0], Optimizer: adam(t)})
	fails := errors.New("no more")
	if err := n.Measure(t.Context(), list(fails, b)); !errors.Is(err, fails) {
		t.Errorf("got %v, want %v", err, fails)
	}
	same("after an error", true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Measure(ctx, list(nil, b)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	frozen := newNetwork(t, spec, w,
		Config{Engine: engines(t)[0], Optimizer: adam(t), FrozenBatchNorm: true})
	if err := frozen.Measure(t.Context(), list(nil, b)); err != nil {
		t.Error(err)
	}
	same("frozen", true)
	if err := n.Measure(t.Context(), list(nil, b)); err != nil {
		t.Error(err)
	}
	same("measured", false)
}
