package nn

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/model"
)

// TestTrainSize: steps on smaller images are those of the same network at their size,
// bit for bit, and evaluation stays at the network's own.
func TestTrainSize(t *testing.T) {
	for _, e := range engines(t) {
		t.Run(e.Name(), func(t *testing.T) {
			large, small := first(preset(t, "tiny", 32)), first(preset(t, "tiny", 24))
			run := func(spec model.Spec, cfg Config) (*Network, model.Weights) {
				w := weights(t, spec)
				cfg.Engine, cfg.Optimizer = e, adam(t)
				n := newNetwork(t, spec, w, cfg)
				for step, images := range []int{4, 3, 4} {
					mustStep(t, n, goldenBatch(step, images, 24, 5))
				}
				return n, w
			}
			n, got := run(large, Config{TrainSize: 24})
			_, want := run(small, Config{})
			if !reflect.DeepEqual(got, want) {
				t.Error("steps at 24 pixels of a network of 32 gave other weights than those of one of 24")
			}
			ctx := context.Background()
			if _, err := n.Evaluate(ctx, goldenBatch(0, 4, 32, 5)); err != nil {
				t.Errorf("evaluation at the network's size: %v", err)
			}
			if _, err := n.Evaluate(ctx, goldenBatch(0, 4, 24, 5)); err == nil {
				t.Error("evaluation took images of the training's size")
			}
			if _, err := n.Step(ctx, goldenBatch(0, 4, 32, 5), 1e-3); err == nil {
				t.Error("a step took images of the network's size")
			}
		})
	}
}

// TestTrainSizeThatChangesParameters: a dense layer on all pixels has another size, and
// an image can be too small.
func TestTrainSizeThatChangesParameters(t *testing.T) {
	for _, tt := range []struct {
		arch string
		size int
		want string
	}{{"v7-base", 100, "dense"}, {"tiny", 4, "4 pixels"}, {"tiny", -24, "-24 pixels"}} {
		spec, w := preset(t, tt.arch, 64)
		_, err := New(spec, w, Config{Engine: engines(t)[0], Optimizer: adam(t), TrainSize: tt.size})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s at %d: got %v, want an error about %q", tt.arch, tt.size, err, tt.want)
		}
	}
}
