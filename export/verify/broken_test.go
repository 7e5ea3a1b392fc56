package verify

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

// branched is a network with every layer that an exporter gets wrong: padding,
// unequal windows, two branches, batch norm, a dense layer after flatten.
func branched(t testing.TB) *checkpoint.Checkpoint {
	t.Helper()
	b := model.NewBuilder("branched", 24, 5)
	b.Rescale(1.0/255, 0)
	b.ConvReLU(6, model.Window{Kernel: 3, Same: true})
	b.BatchNorm()
	x := b.MaxPool(model.Window{Kernel: 2})
	left := b.ConvReLU(4, model.Window{Kernel: 3, Same: true})
	right := b.At(x).AvgPool(model.Window{Kernel: 3, Stride: 1, Same: true})
	b.Concat(left, right)
	b.ConvReLU(7, model.Window{Kernel: 3, Stride: 2, Pad: 1})
	b.Flatten()
	b.Dense(9)
	b.ReLU()
	b.Head("main", 1)
	return networks.Build(t, b)
}

// verifyFile compares a file on 24 drawn images.
func verifyFile(t testing.TB, file []byte, c *checkpoint.Checkpoint, o Options) *Report {
	t.Helper()
	if o.Photos == nil {
		o.Photos = drawn(24, 40)
	}
	report, err := File(context.Background(), file, c, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestARightFileIsVerified(t *testing.T) {
	onnxruntime.Need(t)
	c := branched(t)
	r := verifyFile(t, encoded(t, c, export.Options{}), c, Options{Layers: true, Reader: readerCommand(t)})
	if !r.OK || len(r.Problems) > 0 || r.FirstDifference != "" {
		t.Errorf("not verified: %v", r.Problems)
	}
	if len(r.Engines) != 2 || r.Engines[0].N != 24 || r.Engines[0].ArgmaxEqual != 24 || r.Engines[1].Skipped != "op AveragePool" {
		t.Errorf("engines %+v", r.Engines)
	}
	if len(r.Batches) != 4 || len(r.Resizing) != 2*originalSizes || len(r.Layers) < len(c.Spec.Nodes) {
		t.Errorf("%d batch sizes, %d sizes, %d layers", len(r.Batches), len(r.Resizing), len(r.Layers))
	}
}

// TestABrokenExporterIsCaught breaks one thing at a time that leaves a file with
// all the right shapes.
func TestABrokenExporterIsCaught(t *testing.T) {
	onnxruntime.Need(t)
	for _, test := range []struct {
		what, node string
		breakIt    func(t *testing.T, m *onnx.Model)
	}{
		{"pads begin and end swapped", "conv3", func(t *testing.T, m *onnx.Model) {
			m.Graph.Node("conv3").Attribute("pads").Ints = []int64{0, 0, 2, 2}
		}},
		{"padding counts towards the mean", "avgpool1", func(t *testing.T, m *onnx.Model) {
			m.Graph.Node("avgpool1").Attribute("count_include_pad").Int = 1
		}},
		{"branches joined in the other order", "concat1", func(t *testing.T, m *onnx.Model) {
			// The channels come out 6 + 4 for 4 + 6: the shape is the same.
			slices.Reverse(m.Graph.Node("concat1").Inputs)
		}},
		{"softmax over the batch", "probabilities", func(t *testing.T, m *onnx.Model) {
			m.Graph.Node("probabilities").Attribute("axis").Int = 0
		}},
		{"images transposed", "input", func(t *testing.T, m *onnx.Model) {
			m.Graph.Node("preprocess/transpose").Attribute("perm").Ints = []int64{0, 3, 2, 1}
		}},
		{"PyTorch's epsilon for Keras'", "batchnorm1", func(t *testing.T, m *onnx.Model) {
			m.Graph.Node("batchnorm1").Attribute("epsilon").Float = 1e-5
		}},
		{"kernels transposed", "conv2", func(t *testing.T, m *onnx.Model) {
			permute(m.Graph.Initializer("conv2.weight"), func(i int) int { return i/9*9 + i%3*3 + i%9/3 })
		}},
		{"flattened with the channels last", "dense1", func(t *testing.T, m *onnx.Model) {
			permute(m.Graph.Initializer("dense1.weight"), func(i int) int {
				const channels, area = 7, 36
				return i/(channels*area)*channels*area + i%channels*area + i%(channels*area)/channels
			})
		}},
		{"BGR for RGB", "conv1", func(t *testing.T, m *onnx.Model) {
			permute(m.Graph.Initializer("conv1.weight"), func(i int) int { return i/27*27 + (2-i%27/9)*9 + i%9 })
		}},
		{"a filter as narrow as when enlarging", "preprocessing", func(t *testing.T, m *onnx.Model) {
			m.Graph.Node("preprocess/across_longer").Inputs[0] = "preprocess/size"
		}},
		{"a pixel's corner for its centre", "input", func(t *testing.T, m *onnx.Model) {
			clear(m.Graph.Initializer("preprocess/first").Raw)
		}},
		{"one row of the resizing moved by half a pixel", "input", func(t *testing.T, m *onnx.Model) {
			m.Graph.Initializer("preprocess/down_places").Raw[3*8]++
		}},
		{"not antialiased", "preprocessing", func(t *testing.T, m *onnx.Model) {
			m.Graph.Node("preprocess/across_resized").Attribute("antialias").Int = 0
			m.Graph.Node("preprocess/across_resized").Attribute("exclude_outside").Int = 0
		}},
		{"one weight off by a hundredth", "conv3", func(t *testing.T, m *onnx.Model) {
			raw := m.Graph.Initializer("conv3.weight").Raw
			raw[2] ^= 0x40
		}},
		{"gamma and beta swapped", "batchnorm1", func(t *testing.T, m *onnx.Model) {
			in := m.Graph.Node("batchnorm1").Inputs
			in[1], in[2] = in[2], in[1]
		}},
	} {
		t.Run(test.what, func(t *testing.T) {
			c := branched(t)
			var o export.Options
			if test.what == "not antialiased" {
				o.ResizeOp = export.ByResize
			}
			m, err := export.Model(c, o)
			if err != nil {
				t.Fatal(err)
			}
			test.breakIt(t, m)
			file, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			r := verifyFile(t, file, c, Options{})
			if r.OK || len(r.Problems) == 0 {
				t.Fatalf("not noticed: %+v", r.Engines)
			}
			if test.node == "preprocessing" {
				if !strings.HasPrefix(r.Problems[0], "preprocessing:") {
					t.Errorf("the report says %q, want preprocessing", r.Problems)
				}
				return
			}
			if r.FirstDifference != test.node {
				t.Errorf("the report names %q, want %q: %q", r.FirstDifference, test.node, r.Problems)
			}
		})
	}
}

// permute puts value source(i) at index i.
func permute(t *onnx.Initializer, source func(i int) int) {
	old := slices.Clone(t.Raw)
	for i := range len(old) / 4 {
		v := binary.LittleEndian.Uint32(old[4*source(i):])
		binary.LittleEndian.PutUint32(t.Raw[4*i:], v)
	}
}

func TestAnotherRunsCheckpointIsNoticed(t *testing.T) {
	onnxruntime.Need(t)
	c := branched(t)
	file := encoded(t, c, export.Options{})
	other := *c
	other.Weights = c.Weights.Clone()
	other.Weights["conv1.bias"].Data[0]++
	other.Labels = slices.Clone(c.Labels)
	other.Labels[0] = "tulip"
	r := verifyFile(t, file, &other, Options{Quick: true})
	if r.OK || !strings.Contains(r.Problems[0], "other weights") || !strings.Contains(r.Problems[1], "labels") {
		t.Errorf("problems %q", r.Problems)
	}
}
