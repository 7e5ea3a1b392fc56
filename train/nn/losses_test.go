package nn

import (
	"context"
	"math"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/golden"
	"github.com/flowerctl/flowerctl/fixtures/race"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic"
)

// losses is one network of fixtures/golden/losses.json.
type losses struct {
	Size, Batch int
	Losses      []float64
	EvalLoss    float64   `json:"eval_loss"`
	EvalLogits  []float64 `json:"eval_logits"`
	RunningMean []float64 `json:"running_mean"`
	RunningVar  []float64 `json:"running_var"`
}

func readLosses(t *testing.T) map[string]losses {
	t.Helper()
	networks, err := golden.Read[map[string]losses]("losses.json")
	if err != nil {
		t.Fatal(err)
	}
	return networks
}

// TestLossesEqualPyTorch trains from given weights on given batches, with every
// engine. float32 is up to 2e-4 off the numbers in PyTorch too, see
// nn_losses.py; TestLossesEqualPyTorchInFloat64 is the exact one.
func TestLossesEqualPyTorch(t *testing.T) {
	networks := readLosses(t)
	for _, e := range engines(t) {
		for name, want := range networks {
			t.Run(e.Name()+"/"+name, func(t *testing.T) {
				spec, w := preset(t, name, want.Size)
				goldenWeights(t, spec, w)
				n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
				var got []float64
				for step := range want.Losses {
					r, err := n.Step(context.Background(), goldenBatch(step, want.Batch, want.Size, 5), 1e-4)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, r.Loss)
				}
				closeTo(t, "losses", got, want.Losses, 3e-4)
				closeTo(t, "running mean", w["batchnorm1.running_mean"].Data, want.RunningMean, 1e-3)
				closeTo(t, "running variance", w["batchnorm1.running_var"].Data, want.RunningVar, 1e-3)
				b := goldenBatch(len(got), want.Batch, want.Size, 5)
				r, err := n.Evaluate(context.Background(), b)
				if err != nil {
					t.Fatal(err)
				}
				closeTo(t, "evaluation loss", []float64{r.Loss}, []float64{want.EvalLoss}, 2e-4)
				f, err := NewForward(spec, w, e)
				if err != nil {
					t.Fatal(err)
				}
				logits, _, err := f.Run(context.Background(), b.Pixels, b.N)
				if err != nil {
					t.Fatal(err)
				}
				closeTo(t, "logits", logits, want.EvalLogits, 5e-4)
			})
		}
	}
}

// goldenWeights writes nn_losses.py's starting weights.
func goldenWeights(t *testing.T, spec model.Spec, w model.Weights) {
	t.Helper()
	params, err := spec.Params()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params {
		values := w[p.Name].Data
		norm := spec.Node(p.Node).Op == model.BatchNorm
		switch {
		case !p.Trainable:
		case p.Role == model.Bias:
			copy(values, golden.Fill(p.Name, len(values), 0.1, 0))
		case norm:
			copy(values, golden.Fill(p.Name, len(values), 0.1, 1))
		default:
			area := 1
			for _, d := range p.Shape[2:] {
				area *= d
			}
			limit := math.Sqrt(6 / float64(area*(p.Shape[0]+p.Shape[1])))
			copy(values, golden.Fill(p.Name, len(values), limit, 0))
		}
	}
}

// TestLossesEqualPyTorchInFloat64: the same graphs on the reference kernels,
// where rounding does not blur anything.
func TestLossesEqualPyTorchInFloat64(t *testing.T) {
	for name, want := range readLosses(t) {
		t.Run(name, func(t *testing.T) {
			if name != "tiny" {
				race.Slow(t)
			}
			spec, w := preset(t, name, want.Size)
			goldenWeights(t, spec, w)
			params, err := spec.Params()
			if err != nil {
				t.Fatal(err)
			}
			src := &source[float64]{
				spec: spec, params: params, engine: generic.New[float64](2), fused: true,
				memory: &workspace[float64]{}, loss: CrossEntropy,
				values: tensors[float64]{}, grads: tensors[float64]{},
			}
			for _, p := range params {
				src.values[p.Name] = convert[float64](w[p.Name].Data)
				src.grads[p.Name] = make([]float64, len(src.values[p.Name]))
			}
			p, err := src.compile(want.Batch, mode{Train: true})
			if err != nil {
				t.Fatal(err)
			}
			state := map[string][2][]float64{}
			var got []float64
			for step := range want.Losses {
				feedGolden(p, step, want)
				if err := p.Run(); err != nil {
					t.Fatal(err)
				}
				got = append(got, p.lossValue())
				adam64(src, state, step+1, 1e-4)
			}
			closeTo(t, "losses", got, want.Losses, 1e-9)
			closeTo(t, "running mean", src.values["batchnorm1.running_mean"], want.RunningMean, 1e-9)
			closeTo(t, "running variance", src.values["batchnorm1.running_var"], want.RunningVar, 1e-9)
			e, err := src.compile(want.Batch, mode{})
			if err != nil {
				t.Fatal(err)
			}
			feedGolden(e, len(got), want)
			if err := e.Run(); err != nil {
				t.Fatal(err)
			}
			closeTo(t, "logits", e.Read(e.logits[0]), want.EvalLogits, 1e-8)
		})
	}
}

func feedGolden(p *program[float64], step int, l losses) {
	b := goldenBatch(step, l.Batch, l.Size, 5)
	for i, v := range b.Pixels {
		p.Write(p.images)[i] = float64(v)
	}
	copy(p.Write(p.targets), convert[float64](b.Targets))
	for i := range p.Write(p.weights) {
		p.Write(p.weights)[i] = 1
	}
}

// adam64 is Keras' Adam.
func adam64(src *source[float64], state map[string][2][]float64, step int, lr float64) {
	const beta1, beta2, epsilon = 0.9, 0.999, 1e-7
	rate := lr * math.Sqrt(1-math.Pow(beta2, float64(step))) / (1 - math.Pow(beta1, float64(step)))
	for _, p := range src.params {
		if !p.Trainable {
			continue
		}
		w, g := src.values[p.Name], src.grads[p.Name]
		if _, ok := state[p.Name]; !ok {
			state[p.Name] = [2][]float64{make([]float64, len(w)), make([]float64, len(w))}
		}
		m, v := state[p.Name][0], state[p.Name][1]
		for i := range w {
			m[i] += (1 - beta1) * (g[i] - m[i])
			v[i] += (1 - beta2) * (g[i]*g[i] - v[i])
			w[i] -= rate * m[i] / (math.Sqrt(v[i]) + epsilon)
		}
	}
}

// TestTheReportsTwoLosses: an output of 0.9 where 0 is right costs 0.81 by squared
// error and 2.30 by cross-entropy, and the slopes by that output are 1.8 and 10.
// So squared error pulls least where the network is most confident and wrong.
func TestTheReportsTwoLosses(t *testing.T) {
	const p = 0.9 // of the second class, where the first is right
	target := []float64{1, 0}
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	d := make([]float64, 2)
	near("squared error", squaredError(d, []float64{1 - p, p}, target), 0.81)
	near("its slope", d[1]-d[0], 1.8) // the first output falls as the second rises
	near("cross-entropy", crossEntropy(d, []float64{0, math.Log(p / (1 - p))}, target), -math.Log(0.1))
	near("its slope", d[1]/(p*(1-p)), 10) // by the logit, over what the logit moves the output
}

// TestWeightedSharesEqualPyTorch: class weights 0, 2 and 0.5 multiplied into the
// targets, against torch.nn.functional.cross_entropy(x, shares, weight=weights)
// and its gradient; shares and weights are those of mixed images.
func TestWeightedSharesEqualPyTorch(t *testing.T) {
	x := [][]float64{{1, -0.5, 0.25}, {0.3, 0.2, -1}}
	weighted := []float64{0.5 * 0, 0.5 * 2, 0 * 0.5} // half and half of the first two
	want := [][]float64{{0.2948988318284063, -0.4341991764265428, 0.1393003445981365},
		{0.2296349178898773, -0.2922177338056239, 0.06258281591574652}}
	sum, d := 0.0, make([]float64, 3)
	for i := range x {
		sum += crossEntropy(d, x[i], weighted) / 2
		for j := range d {
			d[j] /= 2
		}
		closeTo(t, "gradient", d, want[i], 1e-12)
	}
	closeTo(t, "loss", []float64{sum}, []float64{1.4530465539966948}, 1e-12)
}
