package importer

import (
	"errors"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// TestWhatCannotBeReadIsNamed with its node, its operator and the reason.
func TestWhatCannotBeReadIsNamed(t *testing.T) {
	for _, c := range []struct {
		node, op, reason string
		file             func() *onnx.Model
	}{
		{"LRN_1", "LRN", "no op", func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.conv(4, 3, 3)
			d.node("LRN", nil, onnx.Int("size", 3))
			return d.head(4)
		}},
		{"Conv_0", "Conv", "dilations", func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.conv(4, 3, 3, onnx.Ints("dilations", 2, 2))
			return d.head(4)
		}},
		{"AveragePool_1", "AveragePool", "count_include_pad", func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.conv(4, 3, 3)
			d.node("AveragePool", nil, onnx.Ints("kernel_shape", 3, 3), onnx.Ints("pads", 1, 1, 1, 1),
				onnx.Int("count_include_pad", 1))
			return d.head(4)
		}},
		{"MaxPool_2", "MaxPool", "under 0", func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.conv(4, 3, 3)
			d.node("Pad", []string{d.ints(0, 0, 1, 1, 0, 0, 1, 1)})
			d.node("MaxPool", nil, onnx.Ints("kernel_shape", 3, 3))
			return d.head(4)
		}},
		{"Pad_0", "Pad", "mode reflect", func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.node("Pad", []string{d.ints(0, 0, 1, 1, 0, 0, 1, 1)}, onnx.String("mode", "reflect"))
			d.conv(4, 3, 3)
			return d.head(4)
		}},
		{"Clip_1", "Clip", "from 0", func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.conv(4, 3, 3)
			d.node("Clip", []string{d.scalar(-1), d.scalar(1)})
			return d.head(4)
		}},
		{"Softmax_1", "Softmax", "at the end", func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.conv(4, 3, 3)
			d.node("Softmax", nil, onnx.Int("axis", 1))
			return d.head(4)
		}},
		{"Reshape_1", "Reshape", "only a vector", func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.conv(4, 3, 3)
			d.node("Reshape", []string{d.ints(0, 2, 2, 11, 11)})
			d.node("ReduceMean", nil, onnx.Ints("axes", 2, 3, 4), onnx.Int("keepdims", 0))
			return d.model()
		}},
		{"Gemm_1", "Gemm", "transA", func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.node("Flatten", nil)
			d.node("Gemm", []string{d.weight(1, 4)}, onnx.Int("transA", 1))
			return d.model()
		}},
		{"Conv_0", "Conv", "is no constant", func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.of("Conv", []string{"x", "x"})
			return d.head(4)
		}},
		{"a function's", "com.microsoft.Conv", "no op", func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.conv(4, 3, 3)
			n := &d.Graph.Nodes[0]
			n.Name, n.Domain = "a function's", "com.microsoft"
			d.Opsets = append(d.Opsets, onnx.Opset{Domain: "com.microsoft", Version: 1})
			return d.model()
		}},
	} {
		_, err := Import(c.file(), Options{})
		var u *UnsupportedError
		if !errors.As(err, &u) {
			t.Errorf("%s: got %v, want an UnsupportedError", c.reason, err)
			continue
		}
		if u.Node != c.node || u.Op != c.op || !strings.Contains(u.Reason, c.reason) {
			t.Errorf("got node %q, op %q, reason %q, want %q, %q, one with %q", u.Node, u.Op, u.Reason, c.node, c.op, c.reason)
		}
	}
	c := networks.Preset(t, "tiny", 64)
	m := written(t, c, export.Options{Precision: export.INT8, Ranges: wide(t, c.Spec.Inference())})
	var u *UnsupportedError
	if _, err := Import(m, Options{}); !errors.As(err, &u) || !strings.HasSuffix(u.Op, "QuantizeLinear") {
		t.Errorf("int8: got %v, want an error that names a quantised node", err)
	}
}

// TestInputsThatAreRefused: one clear line each.
func TestInputsThatAreRefused(t *testing.T) {
	good := func(dims ...int) *draft {
		d := newDraft(13, dims...)
		d.conv(4, 3, 3)
		return d
	}
	two := good(3, side, side)
	two.Graph.Inputs = append(two.Graph.Inputs, onnx.TensorInfo("mask", onnx.Float32, onnx.Known(1)))
	for _, c := range []struct {
		m    *onnx.Model
		o    Options
		want string
	}{
		{two.head(4), Options{}, "takes 2 inputs, x and mask"},
		{good(3, side, side).head(4), Options{Size: 32}, "images of 13 x 13, not 32 x 32"},
		{good(3, -1, -1).head(4), Options{}, "a size has to be chosen"},
		{good(3, side, side+1).head(4), Options{}, "want squares"},
		{good(1, side, side).head(4), Options{}, "want images of 3 channels"},
		{good(3, side).head(4), Options{}, "want images [N 3 H W] or [N H W 3]"},
		{good(3, side, side).head(4), Options{Output: "nowhere"}, `no value "nowhere"`},
		{written(t, networks.Preset(t, "tiny", 64), export.Options{}), Options{Size: 32}, "64 x 64, not 32 x 32"},
		{&onnx.Model{}, Options{}, "no input"},
	} {
		if _, err := Import(c.m, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %v, want one with %q", err, c.want)
		}
	}
}

// TestSizesAndBatches: a file that leaves the size open takes the one asked for,
// and one of a fixed batch is read as one of a free batch.
func TestSizesAndBatches(t *testing.T) {
	d := newDraft(13, 3, -1, -1)
	d.conv(4, 3, 3)
	if n := imported(t, d.head(4), Options{Size: 21}); n.Spec.Input != [3]int{3, 21, 21} {
		t.Errorf("input %v, want 21 pixels a side", n.Spec.Input)
	}
	for _, batch := range []int{1, 4} {
		d = newDraft(13, 3, side, side)
		d.Graph.Inputs[0].Dims[0] = onnx.Known(batch)
		d.conv(4, 3, 9)
		d.node("Reshape", []string{d.ints(int64(batch), 100)})
		d.node("Gemm", []string{d.weight(100, 4), d.weight(4)})
		if n := imported(t, d.model(), Options{}); n.Classes != 4 {
			t.Errorf("batch %d: %d classes, want 4", batch, n.Classes)
		}
	}
}

// TestFilesOfTheZoo: networks of the ONNX model zoo, whose weights are all one
// number. Two have local response normalisation, one shuffles its channels.
func TestFilesOfTheZoo(t *testing.T) {
	for name, op := range map[string]string{"bvlc_alexnet": "LRN", "inception_v1": "LRN", "shufflenet": "Reshape"} {
		m, err := onnx.ReadFile("../../onnx/testdata/zoo/light_" + name + ".onnx")
		if err != nil {
			t.Fatal(err)
		}
		var u *UnsupportedError
		if _, err := Import(m, Options{}); !errors.As(err, &u) || u.Op != op {
			t.Errorf("%s: got %v, want an error that names a %s", name, err, op)
		}
	}
	m, err := onnx.ReadFile("../../onnx/testdata/zoo/light_squeezenet.onnx")
	if err != nil {
		t.Fatal(err)
	}
	n := imported(t, m, Options{})
	if n.Classes != 1000 || n.Spec.Node(n.Head).Op != model.Conv || n.Spec.Input != [3]int{3, 224, 224} {
		t.Errorf("squeezenet: %d classes, head %s, input %v", n.Classes, n.Head, n.Spec.Input)
	}
}
