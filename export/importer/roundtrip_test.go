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
			if p.Parameters > 3e7 {
				size = 96 // the same nodes, a tenth of the weights
			}
			c := networks.Preset(t, p.Name, size)
			for _, fold := range []bool{false, true} {
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
