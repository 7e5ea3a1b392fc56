package nn

import (
	"context"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/golden"
	"github.com/flowerctl/flowerctl/train/model"
)

// TestThreeHeadsEqualPyTorch trains GoogLeNet with different weights for the
// losses of its heads, and counts the right answers of each, as nn_heads.py did.
func TestThreeHeadsEqualPyTorch(t *testing.T) {
	want, err := golden.Read[struct {
		losses
		LR       float64
		Weights  []float64
		Correct  []int
		EvalStep int `json:"eval_step"`
	}]("heads.json")
	if err != nil {
		t.Fatal(err)
	}
	list := engines(t)
	e := list[len(list)-1] // the fast one; the others agree with it op by op
	spec, w := preset(t, "v6-googlenet", want.Size)
	goldenWeights(t, spec, w)
	for i := range spec.Outputs {
		spec.Outputs[i].Weight = want.Weights[i]
	}
	for i := range spec.Nodes {
		if spec.Nodes[i].Op == model.Dropout {
			spec.Nodes[i].Rate = 0
		}
	}
	n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: optimizer(t, "sgd")})
	var got []float64
	for step := range want.Losses {
		r, err := n.Step(context.Background(), goldenBatch(step, want.Batch, want.Size, 5), want.LR)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Loss)
	}
	closeTo(t, "losses", got, want.Losses, 1e-4)
	b := goldenBatch(want.EvalStep, want.Batch, want.Size, 5)
	r, err := n.Evaluate(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	closeTo(t, "evaluation loss", []float64{r.Loss}, []float64{want.EvalLoss}, 1e-4)
	closeTo(t, "right answers", floats64(r.Correct), floats64(want.Correct), 0)
	f, err := NewForward(spec, w, e)
	if err != nil {
		t.Fatal(err)
	}
	logits, _, err := f.Run(context.Background(), b.Pixels, b.N)
	if err != nil {
		t.Fatal(err)
	}
	closeTo(t, "logits", logits, want.EvalLogits, 1e-3)
}

func floats64(counts []int) []float64 {
	out := make([]float64, len(counts))
	for i, n := range counts {
		out[i] = float64(n)
	}
	return out
}
