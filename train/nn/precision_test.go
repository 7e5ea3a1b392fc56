package nn

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train/model"
)

// TestBF16: the convolutions of a training graph multiply in bfloat16 where they read 16
// channels in one group, the steps come close to those in fp32, by less than 1 % and not the
// same, and evaluation is in fp32.
func TestBF16(t *testing.T) {
	b := model.NewBuilder("net", 20, 5)
	b.Rescale(1/127.5, -1)
	b.ConvReLU(16, model.Window{Kernel: 3, Stride: 2})          // reads 3 channels
	b.Conv(16, model.Window{Kernel: 3, Same: true, Groups: 16}) // depthwise
	b.ConvReLU(24, model.Window{Kernel: 3, Same: true})         // in bfloat16
	b.Conv(20, model.Window{Kernel: 1, NoBias: true})           // in bfloat16
	b.BatchNorm()
	b.GlobalAvgPool()
	b.Head("main", 1)
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	batch := goldenBatch(0, 4, 20, 5)
	for _, e := range engines(t) {
		losses, answers := map[Precision][]float64{}, map[Precision][]float32{}
		for _, precision := range Precisions() {
			n := newNetwork(t, spec, weights(t, spec),
				Config{Engine: e, Optimizer: adam(t), Precision: precision})
			r, err := n.Evaluate(context.Background(), batch)
			if err != nil {
				t.Fatal(err)
			}
			answers[precision] = slices.Clone(r.Probabilities)
			for range 3 {
				losses[precision] = append(losses[precision], mustStep(t, n, batch))
			}
			var low []string
			for _, o := range n.programs[use{4, 20, training}].ops {
				if c, ok := o.(*conv[float32]); ok && c.cfg.BF16 {
					low = append(low, c.name)
				}
			}
			if want := []string{"conv3", "conv4"}; precision == FP32 && low != nil ||
				precision == BF16 && !slices.Equal(low, want) {
				t.Errorf("%s: %q multiply in bfloat16; in bf16 %q shall", precision, low, want)
			}
		}
		if !slices.Equal(answers[FP32], answers[BF16]) {
			t.Errorf("%s: evaluation is not in fp32: %v and %v", e.Name(), answers[FP32], answers[BF16])
		}
		for i, want := range losses[FP32] {
			got := losses[BF16][i]
			if got == want || math.Abs(got-want) > 0.01*want {
				t.Errorf("%s: loss of step %d is %g in bf16, and %g in fp32", e.Name(), i+1, got, want)
			}
		}
	}
}

func TestUnknownPrecisionsAreRefused(t *testing.T) {
	cfg := Config{Engine: engines(t)[0], Optimizer: adam(t), Precision: "fp16"}
	spec := branchy(t)
	if err := cfg.check(&spec); err == nil || err.Error() != `precision "fp16", want one of [fp32 bf16]` {
		t.Errorf("error is %v", err)
	}
}
