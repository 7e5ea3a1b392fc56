package nn

import (
	"context"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// gradients takes a step on one batch and returns the gradients by parameter.
func gradients(t *testing.T, spec model.Spec, e kernel.Engine[float32], frozen []string,
	frozenStatistics bool) map[string][]float32 {

	t.Helper()
	n := newNetwork(t, spec, weights(t, spec), Config{Engine: e, Optimizer: optimizer(t, "sgd"),
		Seed: 3, Frozen: frozen, FrozenBatchNorm: frozenStatistics})
	mustStep(t, n, goldenBatch(0, 5, spec.Input[1], spec.Classes))
	out := map[string][]float32{}
	for _, p := range n.params {
		out[p.Name] = p.Grad
	}
	return out
}

// TestFreezingLeavesTheOtherGradients: those of the parameters that are trained have the
// same bits with and without frozen nodes, wherever these are, and frozen ones have none.
func TestFreezingLeavesTheOtherGradients(t *testing.T) {
	tiny, _ := preset(t, "v7-batchnorm", 64)
	for _, e := range engines(t) {
		for _, spec := range []model.Spec{branchy(t), tiny} {
			owners := withParams(t, spec)
			all := gradients(t, spec, e, nil, true)
			var sets [][]string
			for i := range owners {
				sets = append(sets, owners[:i], owners[i:i+1])
			}
			for _, frozen := range sets {
				if len(frozen) == len(owners) {
					continue
				}
				got := gradients(t, spec, e, frozen, true)
				for name, want := range all {
					node, _, _ := strings.Cut(name, ".")
					g, ok := got[name]
					if ok == slices.Contains(frozen, node) {
						t.Errorf("%s, %v frozen: %s has a gradient: %v", e.Name(), frozen, name, ok)
					}
					if ok && !slices.Equal(g, want) {
						t.Errorf("%s, %v frozen: the gradient of %s has other bits", e.Name(), frozen, name)
					}
				}
			}
		}
	}
}

// TestFreezingBeforeABatchNorm: batch norms that train take the batch's statistics, and
// the gradients behind a frozen node are the same ones.
func TestFreezingBeforeABatchNorm(t *testing.T) {
	for _, e := range engines(t) {
		spec := branchy(t)
		all := gradients(t, spec, e, nil, false)
		for name, g := range gradients(t, spec, e, []string{"conv1"}, false) {
			if !slices.Equal(g, all[name]) {
				t.Errorf("%s: the gradient of %s has other bits", e.Name(), name)
			}
		}
	}
}

// withParams lists the nodes that have parameters.
func withParams(t *testing.T, spec model.Spec) []string {
	t.Helper()
	params, err := spec.Params()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range params {
		if !slices.Contains(names, p.Node) {
			names = append(names, p.Node)
		}
	}
	return names
}

// TestFrozenNodesStay: their weights and running statistics keep their bits, and those
// of the others do not; the optimizer has no state of them.
func TestFrozenNodesStay(t *testing.T) {
	for _, e := range engines(t) {
		spec, w := preset(t, "v7-batchnorm", 64)
		owners := withParams(t, spec)
		frozen := owners[:3] // a convolution, its batch norm, and the next convolution
		before := w.Clone()
		n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t), Frozen: frozen})
		for step := range 2 {
			mustStep(t, n, goldenBatch(step, 4, 64, 5))
		}
		for name, now := range w {
			node, _, _ := strings.Cut(name, ".")
			same := slices.Equal(now.Data, before[name].Data)
			if same != slices.Contains(frozen, node) {
				t.Errorf("%s: %s is as it was: %v", e.Name(), name, same)
			}
		}
		for key := range n.State().Optimizer.Slots {
			_, name, _ := strings.Cut(key, "/")
			if node, _, _ := strings.Cut(name, "."); slices.Contains(frozen, node) {
				t.Errorf("%s: the optimizer has a state of the frozen %s", e.Name(), name)
			}
		}
	}
}

// TestBackwardEndsAtTheFirstTrainedNode: with all but the last layer frozen the only
// gradients are those of the loss and of that layer's weights.
func TestBackwardEndsAtTheFirstTrainedNode(t *testing.T) {
	for _, e := range engines(t) {
		spec, w := preset(t, "v7-batchnorm", 64)
		owners := withParams(t, spec)
		n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t),
			Frozen: owners[:len(owners)-1]})
		mustStep(t, n, goldenBatch(0, 2, 64, 5))
		var kinds []string
		for _, o := range n.Profile().Ops {
			if o.Backward {
				kinds = append(kinds, o.Kind)
			}
		}
		if want := []string{"crossentropyGradient", "denseWeights", "aside"}; !slices.Equal(kinds, want) {
			t.Errorf("%s: the backward pass is %v, want %v", e.Name(), kinds, want)
		}
	}
}

// TestRestoreContinuesWithFrozenNodes: two steps, a restore and two more are four steps.
func TestRestoreContinuesWithFrozenNodes(t *testing.T) {
	for _, e := range engines(t) {
		spec := branchy(t)
		cfg := func() Config {
			return Config{Engine: e, Optimizer: adam(t), Seed: 9,
				Frozen: []string{"conv1", "batchnorm1"}, Rates: map[string]float64{"dense1": 0.3}}
		}
		steps := func(n *Network, from, to int) {
			for step := from; step < to; step++ {
				mustStep(t, n, goldenBatch(step, 4, 13, 3))
			}
		}
		straight := weights(t, spec)
		steps(newNetwork(t, spec, straight, cfg()), 0, 4)
		w := weights(t, spec)
		first := newNetwork(t, spec, w, cfg())
		steps(first, 0, 2)
		saved := w.Clone()
		again := newNetwork(t, spec, saved, cfg())
		if err := again.Restore(first.State()); err != nil {
			t.Fatal(err)
		}
		steps(again, 2, 4)
		if !reflect.DeepEqual(straight, saved) {
			t.Errorf("%s: the restored network went elsewhere", e.Name())
		}
	}
}

// TestRatesChangeTheNodesTheyName: a node of rate 0.5 takes the step of half the learning
// rate, and the others theirs.
func TestRatesChangeTheNodesTheyName(t *testing.T) {
	e := engines(t)[0]
	spec := branchy(t)
	step := func(rates map[string]float64, lr float64) model.Weights {
		w := weights(t, spec)
		n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t), Rates: rates})
		if _, err := n.Step(context.Background(), goldenBatch(0, 4, 13, 3), lr); err != nil {
			t.Fatal(err)
		}
		return w
	}
	got := step(map[string]float64{"conv2": 0.5}, 0.01)
	full, half := step(nil, 0.01), step(nil, 0.005)
	want := maps.Clone(full)
	for name := range want {
		if strings.HasPrefix(name, "conv2.") {
			want[name] = half[name]
		}
	}
	if !reflect.DeepEqual(got, want) || reflect.DeepEqual(got, full) {
		t.Error("a rate of 0.5 for conv2 is not half the learning rate for conv2 alone")
	}
}

func TestWrongFrozenNodesAndRatesAreNamed(t *testing.T) {
	e := engines(t)[0]
	spec := branchy(t)
	for want, cfg := range map[string]Config{
		`no node "conv9" to freeze`:   {Frozen: []string{"conv1", "conv9"}},
		`no node "conv8", whose`:      {Rates: map[string]float64{"conv8": 1}},
		"conv1: factor 0 on":          {Rates: map[string]float64{"conv1": 0}},
		"conv1: factor NaN on":        {Rates: map[string]float64{"conv1": math.NaN()}},
		"all parameters are frozen":   {Frozen: withParams(t, spec)},
		`no node "conv1.weight" to f`: {Frozen: []string{"conv1.weight"}},
	} {
		cfg.Engine, cfg.Optimizer = e, adam(t)
		_, err := New(spec, weights(t, spec), cfg)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

// BenchmarkStep compares an inference pass with a step whose body is frozen and with a
// whole one.
func BenchmarkStep(b *testing.B) {
	list := engines(b)
	e := list[len(list)-1]
	for _, name := range []string{"resnet-small", "v7-batchnorm"} {
		spec, w := preset(b, name, 96)
		batch := goldenBatch(0, 32, 96, 5)
		f, err := NewForward(spec, w, e)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/forward", func(b *testing.B) {
			for b.Loop() {
				if _, _, err := f.Run(b.Context(), batch.Pixels, batch.N); err != nil {
					b.Fatal(err)
				}
			}
		})
		params, err := spec.Params()
		if err != nil {
			b.Fatal(err)
		}
		var body []string
		for _, p := range params {
			if p.Node != params[len(params)-1].Node {
				body = append(body, p.Node)
			}
		}
		for _, c := range []struct {
			name   string
			frozen []string
		}{{"frozen", body}, {"whole", nil}} {
			n := newNetwork(b, spec, w.Clone(), Config{Engine: e, Optimizer: adam(b), Frozen: c.frozen})
			mustStep(b, n, batch)
			b.Run(name+"/"+c.name, func(b *testing.B) {
				for b.Loop() {
					mustStep(b, n, batch)
				}
			})
		}
	}
}
