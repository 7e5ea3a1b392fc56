package importer

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

// written is what a checkpoint's file holds after encoding and decoding.
func written(t testing.TB, c *checkpoint.Checkpoint, o export.Options) *onnx.Model {
	t.Helper()
	m, err := export.Model(c, o)
	if err != nil {
		t.Fatal(err)
	}
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if m, err = onnx.Decode(file); err != nil {
		t.Fatal(err)
	}
	return m
}

func imported(t testing.TB, m *onnx.Model, o Options) *Network {
	t.Helper()
	n, err := Import(m, o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestEveryPresetComesBack from its file as the network that was written: nodes,
// names, shapes and weights.
func TestEveryPresetComesBack(t *testing.T) {
	for _, p := range arch.All() {
		t.Run(p.Name, func(t *testing.T) {
			if testing.Short() && p.Parameters > 5e6 {
				t.Skip("large")
			}
			size := 0
			if p.Parameters > 2e7 {
				size = 80 // the same nodes, and fewer weights
			}
			if other := networks.Twin(t, p.Name, size); other != "" {
				t.Skipf("has the nodes of %s", other)
			}
			c := networks.Preset(t, p.Name, size)
			for _, fold := range []bool{false, true} {
				if fold && !networks.Has(c, model.BatchNorm) {
					continue
				}
				for _, in := range []export.Input{export.Image, export.Float} {
					o := export.Options{Input: in, FoldBatchNorm: fold}
					want, weights, err := export.Network(c, o)
					if err != nil {
						t.Fatal(err)
					}
					got := imported(t, written(t, c, o), Options{})
					if err := sameNetwork(got, want, weights); err != nil {
						t.Errorf("%s, folded %t: %v", in, fold, err)
					}
					if !got.Normalised || !slices.Equal(got.Labels, c.Labels) || *got.Preprocess != c.Preprocess {
						t.Errorf("%s: normalised %t, labels %v, preprocessing %v", in, got.Normalised, got.Labels, got.Preprocess)
					}
				}
			}
		})
	}
}

// everyOp is a network with every op but dropout, which files do not have.
func everyOp() *model.Builder {
	b := model.NewBuilder("every-op", 21, 4)
	b.Add(model.Node{Op: model.Rescale, Scales: [3]float64{1. / 58, 1. / 57, 1. / 56}, Offsets: [3]float64{-2, -1.9, -1.8}})
	b.Conv(6, model.Window{Kernel: 3, Stride: 2, Same: true, NoBias: true})
	b.BatchNorm()
	x := b.Activation(model.SiLU)
	b.AvgPool(model.Window{Kernel: b.Shape()[1]})
	b.Conv(3, model.Window{Kernel: 1})
	b.Activation(model.HardSwish)
	b.Conv(6, model.Window{Kernel: 1})
	x = b.Mul(x, b.Activation(model.HardSigmoid))
	left := b.Conv(6, model.Window{Kernel: 3, Pad: 1, Groups: 3})
	b.At(x).MaxPool(model.Window{Kernel: 3, Stride: 1, Pad: 1})
	x = b.Sum(left, b.Activation(model.Sigmoid))
	b.At(x).AvgPool(model.Window{Kernel: 2, Stride: 1, Same: true})
	b.Add(model.Node{Op: model.ReLU, Max: 6})
	b.Concat(x, b.Current())
	b.MaxPool(model.Window{Kernel: 3, Stride: 2, Same: true})
	b.Flatten()
	b.Dense(8)
	b.ReLU()
	b.Head("main", 1)
	return b
}

// TestEveryOpComesBack from every operator set.
func TestEveryOpComesBack(t *testing.T) {
	c := networks.Build(t, everyOp())
	for _, op := range model.Ops() {
		// Of which the first is not in files, and the last is one of its own.
		elsewhere := []model.Op{model.Dropout, model.GlobalAvgPool, model.Extract}
		if !slices.Contains(elsewhere, op) && !slices.ContainsFunc(c.Spec.Nodes, func(n model.Node) bool { return n.Op == op }) {
			t.Errorf("op %s is in no file that this test reads", op)
		}
	}
	for opset := export.MinOpset; opset <= export.MaxOpset; opset++ {
		for _, o := range []export.Options{{Opset: opset, Input: export.Float}, {Opset: opset}, {Precision: export.FP16}} {
			if o.Input != export.Float && o.Precision == "" && opset < 18 {
				continue
			}
			want, weights, err := export.Network(c, o)
			if err != nil {
				t.Fatal(err)
			}
			got := imported(t, written(t, c, o), Options{})
			if o.Precision == export.FP16 {
				got.Weights = weights
			}
			if err := sameNetwork(got, want, weights); err != nil {
				t.Errorf("%+v: %v", o, err)
			}
		}
	}
}

// sameNetwork compares all that a file can hold: how weights started and the
// momentum of batch norms are not in it.
func sameNetwork(got *Network, want model.Spec, weights model.Weights) error {
	have := got.Spec
	want.Nodes, have.Nodes = slices.Clone(want.Nodes), slices.Clone(have.Nodes)
	for _, nodes := range [][]model.Node{want.Nodes, have.Nodes} {
		for i := range nodes {
			n := &nodes[i]
			n.Init, n.Momentum = "", 0
			n.Scale, n.Offset = float64(float32(n.Scale)), float64(float32(n.Offset))
			for c := range 3 {
				n.Scales[c], n.Offsets[c] = float64(float32(n.Scales[c])), float64(float32(n.Offsets[c]))
			}
			n.Inputs = slices.Clone(n.Inputs)
		}
	}
	if !reflect.DeepEqual(have, want) {
		for i := range min(len(want.Nodes), len(have.Nodes)) {
			if !reflect.DeepEqual(have.Nodes[i], want.Nodes[i]) {
				return fmt.Errorf("node %+v, want %+v", have.Nodes[i], want.Nodes[i])
			}
		}
		return fmt.Errorf("got %d nodes, outputs %v, %s, want %d, %v, %s",
			len(have.Nodes), have.Outputs, have.Name, len(want.Nodes), want.Outputs, want.Name)
	}
	if !reflect.DeepEqual(got.Weights, weights) {
		return fmt.Errorf("the weights differ")
	}
	return nil
}

// TestOperatorSetsAndHalves: what older operator sets write in another way, and
// weights of float16.
func TestOperatorSetsAndHalves(t *testing.T) {
	for _, name := range []string{"mobilenetv2", "v6-googlenet", "resnet-small", "tiny"} {
		c := networks.Preset(t, name, 128)
		for opset := export.MinOpset; opset <= export.MaxOpset; opset++ {
			o := export.Options{Input: export.Float, Opset: opset}
			want, weights, err := export.Network(c, o)
			if err != nil {
				t.Fatal(err)
			}
			if err := sameNetwork(imported(t, written(t, c, o), Options{}), want, weights); err != nil {
				t.Errorf("%s, operator set %d: %v", name, opset, err)
			}
		}
		o := export.Options{Precision: export.FP16}
		want, weights, err := export.Network(c, o)
		if err != nil {
			t.Fatal(err)
		}
		got := imported(t, written(t, c, o), Options{})
		for key, w := range weights {
			for i, v := range w.Data {
				if d := v - got.Weights[key].Data[i]; max(d, -d) > 1e-3*max(v, -v, 1) {
					t.Fatalf("%s: %s is %g, want %g", name, key, got.Weights[key].Data[i], v)
				}
			}
		}
		if err := sameNetwork(&Network{Spec: got.Spec, Weights: weights}, want, weights); err != nil {
			t.Errorf("%s, float16: %v", name, err)
		}
	}
}
