package nn

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train/model"
)

// foldable is a small network whose batch norms can go into the convolutions before them,
// depthwise or not, with and without a bias, a ReLU and a bound.
func foldable(t *testing.T) model.Spec {
	t.Helper()
	b := model.NewBuilder("foldable", 11, 3)
	b.Rescale(1/127.5, -1)
	b.Conv(18, model.Window{Kernel: 3, Stride: 2, NoBias: true})
	b.BatchNorm()
	stem := b.Add(model.Node{Op: model.ReLU, Max: 1.5})
	b.Conv(18, model.Window{Kernel: 3, Same: true, Groups: 18})
	b.BatchNorm()
	b.Add(model.Node{Op: model.ReLU, Max: 6})
	b.Conv(18, model.Window{Kernel: 1, NoBias: true})
	b.Sum(stem, b.BatchNorm()) // no ReLU, as in MobileNetV2
	b.ReLU()
	b.BatchNorm() // returns the gradient before that ReLU
	b.Conv(5, model.Window{Kernel: 1})
	b.BatchNorm()
	b.Add(model.Node{Op: model.ReLU, Max: 0.5}) // leaves its gradient to no max-pool
	b.MaxPool(model.Window{Kernel: 2})
	pooled := b.Current()
	b.Flatten()
	b.Dense(7)
	b.Add(model.Node{Op: model.ReLU, Max: 0.1}) // dense layers have no bound
	b.Head("main", 1)
	b.At(pooled).GlobalAvgPool()
	b.Head("aux1", 0.3)
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// TestFoldingChangesNoGradient: a network with batch norms in its convolutions has the loss
// and the gradients of one with every op by itself, whichever nodes are frozen, and where a
// gamma is 0 or negative.
func TestFoldingChangesNoGradient(t *testing.T) {
	spec := foldable(t)
	convs := []string{"conv1", "conv2", "conv3", "conv4"}
	norms := []string{"batchnorm1", "batchnorm2", "batchnorm3", "batchnorm5"}
	for _, c := range []struct {
		statistics bool
		frozen     []string
		folded     int
	}{
		{true, nil, 4},
		{true, convs, 4},
		{true, []string{"conv2", "batchnorm1"}, 4},
		{false, norms, 4},
		{false, convs, 0},
		{false, []string{"conv1", "batchnorm1", "batchnorm3"}, 2},
	} {
		var loss [2]float64
		var grads [2]map[string][]float64
		for i, fused := range []bool{true, false} {
			_, src := wholeNetwork(t, spec, CrossEntropy, mode{}, fused)
			src.values["batchnorm1.weight"][2] = 0
			src.values["batchnorm2.weight"][1] = -0.7
			src.values["batchnorm5.weight"][0] = -0.4
			src.frozen = map[string]bool{}
			for _, name := range c.frozen {
				src.frozen[name] = true
			}
			src.params = slices.Clone(src.params)
			for j := range src.params {
				p := &src.params[j]
				p.Trainable = p.Trainable && !src.frozen[p.Node]
			}
			p, err := src.compile(3, mode{Train: true, FrozenBatchNorm: c.statistics})
			if err != nil {
				t.Fatal(err)
			}
			feed64(p)
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			loss[i], grads[i] = p.lossValue(), map[string][]float64{}
			at := 0
			for _, param := range src.params {
				if param.Trainable {
					grads[i][param.Name] = slices.Clone(p.Read(p.grads[at]))
					at++
				}
			}
			folded := 0
			for _, o := range p.ops {
				if o.base().kind == "convnorm" {
					folded++
				}
			}
			if want := map[bool]int{true: c.folded}[fused]; folded != want {
				t.Errorf("%v frozen: %d batch norms are folded, want %d", c.frozen, folded, want)
			}
		}
		what := fmt.Sprintf("statistics frozen %t, %v", c.statistics, c.frozen)
		if math.IsNaN(loss[0]) || math.Abs(loss[0]-loss[1]) > 1e-12 {
			t.Errorf("%s: loss %g folded, %g not", what, loss[0], loss[1])
		}
		for name, want := range grads[1] {
			closeTo(t, what+": "+name, grads[0][name], want, 1e-10)
		}
	}
}

// TestFoldedWeightsAreOfThePass: graphs of one network share the memory of the folded weights.
// An evaluation between two steps changes nothing in the second, and answers from the weights
// as they are.
func TestFoldedWeightsAreOfThePass(t *testing.T) {
	spec := foldable(t)
	for _, e := range engines(t) {
		run := func(between bool) (*Network, model.Weights, []float32) {
			w := weights(t, spec)
			n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t), FrozenBatchNorm: true})
			var answers []float32
			for step := range 3 {
				mustStep(t, n, goldenBatch(step, 4, 11, 3))
				if between {
					r, err := n.Evaluate(context.Background(), goldenBatch(9, 2, 11, 3))
					if err != nil {
						t.Fatal(err)
					}
					answers = slices.Clone(r.Probabilities)
				}
			}
			return n, w, answers
		}
		_, want, _ := run(false)
		_, got, answers := run(true)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: evaluations between the steps change the weights", e.Name())
		}
		fresh := newNetwork(t, spec, got, Config{Engine: e, Optimizer: adam(t)})
		r, err := fresh.Evaluate(context.Background(), goldenBatch(9, 2, 11, 3))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.Probabilities, answers) {
			t.Errorf("%s: a new network of the same weights answers %v, want %v", e.Name(),
				r.Probabilities, answers)
		}
	}
}
