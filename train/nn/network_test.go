package nn

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/golden"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/naive"
	"github.com/flowerctl/flowerctl/train/optim"
)

func adam(t testing.TB) optim.Optimizer { return optimizer(t, "adam") }

func optimizer(t testing.TB, name string) optim.Optimizer {
	t.Helper()
	o, err := optim.New(name, optim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// preset builds a network and its weights.
func preset(t testing.TB, name string, size int) (model.Spec, model.Weights) {
	t.Helper()
	p, err := arch.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := p.Build(size, 5)
	if err != nil {
		t.Fatal(err)
	}
	return spec, weights(t, spec)
}

func weights(t testing.TB, spec model.Spec) model.Weights {
	t.Helper()
	w, err := spec.NewWeights(7)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// newNetwork is New, closed at the end of the test.
func newNetwork(t testing.TB, spec model.Spec, w model.Weights, cfg Config) *Network {
	t.Helper()
	n, err := New(spec, w, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// goldenBatch is nn_losses.py's batch of that number.
func goldenBatch(step, n, size, classes int) *data.Batch {
	b := &data.Batch{N: n, Size: size, Classes: classes, Pixels: make([]uint8, n*size*size*3),
		Targets: make([]float32, n*classes), Labels: make([]int, n)}
	tiles := (size + 7) / 8
	fill := golden.Fill(fmt.Sprintf("pixels%d", step), n*tiles*tiles*3, 127.5, 127.5)
	for i := range b.Pixels {
		c, x, y, image := i%3, i/3%size, i/3/size%size, i/3/size/size
		b.Pixels[i] = uint8(fill[((image*tiles+y/8)*tiles+x/8)*3+c])
	}
	for i := range b.Labels {
		b.Labels[i] = (i*2 + step) % classes
		b.Targets[i*classes+b.Labels[i]] = 1
	}
	return b
}

func mustStep(t testing.TB, n *Network, b *data.Batch) float64 {
	t.Helper()
	r, err := n.Step(context.Background(), b, 1e-3)
	if err != nil {
		t.Fatal(err)
	}
	return r.Loss
}

func TestOverfitsOneBatch(t *testing.T) {
	for _, e := range engines(t) {
		for name, spec := range map[string]model.Spec{
			"tiny": first(preset(t, "tiny", 32)), "branchy": branchy(t),
		} {
			t.Run(e.Name()+"/"+name, func(t *testing.T) {
				n := newNetwork(t, spec, weights(t, spec), Config{Engine: e, Optimizer: adam(t)})
				b := goldenBatch(0, 6, spec.Input[1], spec.Classes)
				start, end, correct := mustStep(t, n, b), 0.0, 0
				for range 300 {
					r, err := n.Step(context.Background(), b, 5e-3)
					if err != nil {
						t.Fatal(err)
					}
					end, correct = r.Loss, r.Correct[0]
				}
				if !(end < start/5) || correct != b.N {
					t.Errorf("loss went from %g to %g, %d of %d right", start, end, correct, b.N)
				}
			})
		}
	}
}

func first[A, B any](a A, _ B) A { return a }

// TestSameSeedSameWeights: twice the same steps, of changing batch sizes, give
// the same bits; another seed of dropout does not.
func TestSameSeedSameWeights(t *testing.T) {
	for _, e := range engines(t) {
		t.Run(e.Name(), func(t *testing.T) {
			spec := branchy(t)
			run := func(seed uint64) model.Weights {
				w := weights(t, spec)
				n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t), Seed: seed})
				for step, size := range []int{4, 4, 3, 4, 7, 3} {
					b := goldenBatch(step, size, 13, 3)
					mustStep(t, n, b)
					if _, err := n.Evaluate(context.Background(), b); err != nil {
						t.Fatal(err)
					}
				}
				return w
			}
			if a, b := run(1), run(1); !reflect.DeepEqual(a, b) {
				t.Error("the same seed gave other weights")
			}
			if reflect.DeepEqual(run(1), run(2)) {
				t.Error("another seed gave the same weights: dropout does not drop")
			}
		})
	}
}

// TestEvaluationDoesNotDisturbTraining: it shares memory with the steps.
func TestEvaluationDoesNotDisturbTraining(t *testing.T) {
	e := engines(t)[0]
	spec := branchy(t)
	run := func(evaluate bool) model.Weights {
		w := weights(t, spec)
		n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
		for step := range 4 {
			mustStep(t, n, goldenBatch(step, 3, 13, 3))
			if evaluate {
				if _, err := n.Evaluate(context.Background(), goldenBatch(step, 20, 13, 3)); err != nil {
					t.Fatal(err)
				}
			}
		}
		return w
	}
	if !reflect.DeepEqual(run(false), run(true)) {
		t.Error("evaluating between the steps changed the weights")
	}
}

func TestRestoreContinuesBitForBit(t *testing.T) {
	for _, e := range engines(t) {
		spec := branchy(t)
		w := weights(t, spec)
		n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t), Seed: 9})
		for step := range 3 {
			mustStep(t, n, goldenBatch(step, 4, 13, 3))
		}
		state, saved := n.State(), w.Clone()
		again := newNetwork(t, spec, saved, Config{Engine: e, Optimizer: adam(t), Seed: 9})
		if err := again.Restore(state); err != nil {
			t.Fatal(err)
		}
		for step := range 3 {
			b := goldenBatch(step+3, 4, 13, 3)
			if x, y := mustStep(t, n, b), mustStep(t, again, b); x != y {
				t.Errorf("%s: step %d: loss %g, restored %g", e.Name(), step+3, x, y)
			}
		}
		if !reflect.DeepEqual(w, saved) {
			t.Errorf("%s: the restored network went elsewhere", e.Name())
		}
		if err := again.Restore(train.State{Optimizer: optimizer(t, "sgd").State()}); err == nil {
			t.Error("restored another optimizer's state")
		}
		state.Optimizer.Slots["m/conv1.weight"] = make([]float32, 3)
		if err := again.Restore(state); err == nil {
			t.Error("restored accumulators of another length")
		}
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	for _, e := range engines(t) {
		t.Run(e.Name(), func(t *testing.T) {
			spec, w := preset(t, "tiny", 50)
			n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
			b := goldenBatch(0, 8, 50, 5)
			mustStep(t, n, b)
			mustStep(t, n, b)
			const steps = 20
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range steps {
				mustStep(t, n, b)
			}
			runtime.ReadMemStats(&after)
			bytes := (after.TotalAlloc - before.TotalAlloc) / steps
			t.Logf("%d bytes and %d objects a step", bytes, (after.Mallocs-before.Mallocs)/steps)
			if bytes > 100_000 {
				t.Errorf("%d bytes a step, want under 100,000", bytes)
			}
		})
	}
}

func TestClipNormScalesAllGradients(t *testing.T) {
	e := engines(t)[0]
	spec, w := preset(t, "tiny", 32)
	before := w.Clone()
	n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: optimizer(t, "sgd"), ClipNorm: 0.01})
	if _, err := n.Step(context.Background(), goldenBatch(0, 4, 32, 5), 1); err != nil {
		t.Fatal(err)
	}
	sum, unclipped := 0.0, 0.0
	for _, g := range n.Gradients() {
		unclipped += g.Norm * g.Norm
		for i, v := range w[g.Name].Data {
			d := float64(v - before[g.Name].Data[i])
			sum += d * d
		}
	}
	if !(unclipped > 0.1) {
		t.Fatalf("gradient norm %g is too small for this test", math.Sqrt(unclipped))
	}
	if got := math.Sqrt(sum); !(math.Abs(got-0.01) < 1e-4) {
		t.Errorf("the update has norm %g, want the clip norm 0.01", got)
	}
}

// TestWeightsAreShared: what is written into the weights, the next call sees.
func TestWeightsAreShared(t *testing.T) {
	for _, e := range engines(t) {
		spec, w := preset(t, "tiny", 32)
		n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
		b := goldenBatch(0, 4, 32, 5)
		evaluate := func() float64 {
			r, err := n.Evaluate(context.Background(), b)
			if err != nil {
				t.Fatal(err)
			}
			return r.Loss
		}
		start, saved := evaluate(), w.Clone()
		mustStep(t, n, b)
		if evaluate() == start {
			t.Errorf("%s: the step changed nothing", e.Name())
		}
		for name, values := range n.Weights() {
			copy(values.Data, saved[name].Data)
		}
		if got := evaluate(); got != start {
			t.Errorf("%s: with the old weights the loss is %g, was %g", e.Name(), got, start)
		}
	}
}

// TestNaiveEngineTrains: a network trains on the readable reference, with the losses
// that the other engines have.
func TestNaiveEngineTrains(t *testing.T) {
	for _, e := range engines(t) {
		var losses [2][]float64
		for i, e := range []kernel.Engine[float32]{naive.New[float32](), e} {
			spec := branchy(t)
			n := newNetwork(t, spec, weights(t, spec), Config{Engine: e, Optimizer: adam(t)})
			for step := range 5 {
				losses[i] = append(losses[i], mustStep(t, n, goldenBatch(step, 3, 13, 3)))
			}
		}
		closeTo(t, "losses on "+e.Name(), losses[0], losses[1], 1e-3)
	}
}
