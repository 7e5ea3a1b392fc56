package train

import (
	"testing"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// TestADeadNetworkIsToldInTheFourthEpoch: not in the third, since healthy networks
// answer one class only for an epoch or two.
func TestADeadNetworkIsToldInTheFourthEpoch(t *testing.T) {
	cfg, _ := dead(t, "")
	cfg.Epochs = 8
	if o := mustRun(t, cfg); o.Dead == nil || o.Dead.Epoch != 4 {
		t.Errorf("got %+v, want a dead network in epoch 4", o.Dead)
	}
}

// TestZeroGradientsOfANetworkThatIsRight: a layer without a gradient is dead where
// fewer than 9 of 10 images are right; above, there is little left to learn.
func TestZeroGradientsOfANetworkThatIsRight(t *testing.T) {
	for accuracy, want := range map[float64]string{0: "logits", 0.85: "logits", 0.899: "logits", 0.9: "", 0.95: ""} {
		cfg := fakeConfig(t, "")
		cfg.Probe, cfg.Epochs = fakeProbe{zero: "logits"}, 8
		l, err := newLoop(cfg)
		if err != nil {
			t.Fatal(err)
		}
		several := Evaluation{Predictions: []Prediction{
			{Class: 0, Probabilities: []float32{0.9, 0.1}}, {Class: 1, Probabilities: []float32{0.1, 0.9}}}}
		for epoch := 1; epoch <= 4; epoch++ {
			if err := l.watch(t.Context(), Epoch{Epoch: epoch, Accuracy: accuracy}, several, false); err != nil {
				t.Fatal(err)
			}
		}
		got := ""
		if l.state.Dead != nil {
			got = l.state.Dead.Layer
		}
		if got != want {
			t.Errorf("accuracy %g: the dead layer is %q, want %q", accuracy, got, want)
		}
	}
}

// TestFirstDeadLayer: one whose values are the same for all images to one part in
// 10,000 of the largest.
func TestFirstDeadLayer(t *testing.T) {
	spec := model.Spec{Nodes: []model.Node{{Name: "a"}, {Name: "b"}, {Name: "c"}}}
	rows := func(values ...float32) onnx.Tensor {
		return onnx.Tensor{Shape: []int{len(values) / 2, 2}, Data: values}
	}
	alive := rows(1, 2, 3, 4)
	for _, c := range []struct {
		what   string
		values map[string]onnx.Tensor
		want   string
	}{
		{"all differ", map[string]onnx.Tensor{"a": alive, "b": alive, "c": alive}, ""},
		{"the first of two", map[string]onnx.Tensor{"a": alive, "b": rows(1, 2, 1, 2), "c": rows(0, 0, 0, 0)}, "b"},
		{"a value that is not there", map[string]onnx.Tensor{"c": rows(0, 0, 0, 0)}, "c"},
		{"one image", map[string]onnx.Tensor{"a": rows(1, 2)}, ""},
		{"0.9 in 10,000", map[string]onnx.Tensor{"a": rows(1, 10000, 1, 10000.9)}, "a"},
		{"1.1 in 10,000", map[string]onnx.Tensor{"a": rows(1, 10000, 1, 10001.1)}, ""},
		{"less than the first image", map[string]onnx.Tensor{"a": rows(1, 10000, 1, 9998)}, ""},
		{"of a negative largest", map[string]onnx.Tensor{"a": rows(-10000, 1, -10000, 1.5)}, "a"},
		{"the last image differs", map[string]onnx.Tensor{"a": rows(1, 2, 1, 2, 1, 3)}, ""},
	} {
		if got := FirstDead(&spec, c.values); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}
