package importer

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// side is the size of the images of drafts.
const side = 13

// ops lists the ops of a network in order.
func ops(s *model.Spec) string {
	var list []string
	for _, n := range s.Nodes {
		list = append(list, string(n.Op))
	}
	return strings.Join(list, " ")
}

// form is what another program writes, and the ops that it is read as.
type form struct {
	name, ops string
	file      func() *onnx.Model
}

var forms = append(gateForms, []form{
	{"pads by rule", "conv conv maxpool avgpool globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 3, onnx.String("auto_pad", "SAME_UPPER"), onnx.Ints("strides", 2, 2))
		d.conv(4, 4, 2, onnx.String("auto_pad", "SAME_LOWER"))
		d.node("MaxPool", nil, onnx.Ints("kernel_shape", 3, 3), onnx.Ints("strides", 2, 2),
			onnx.String("auto_pad", "SAME_UPPER"))
		d.node("AveragePool", nil, onnx.Ints("kernel_shape", 2, 2), onnx.String("auto_pad", "VALID"))
		return d.head(4)
	}},
	{"groups and uneven pads", "conv relu conv relu globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.conv(6, 3, 3, onnx.Ints("pads", 0, 1, 2, 0), onnx.Ints("strides", 2, 1))
		d.node("Clip", []string{d.scalar(0), d.scalar(6)})
		d.conv(4, 3, 3, onnx.Int("group", 2))
		d.node("Clip", []string{d.scalar(0)})
		return d.head(4)
	}},
	{"bounds of old operator sets", "conv relu globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(9, 3, side, side)
		d.conv(4, 3, 3)
		d.node("Clip", nil, onnx.Float("min", 0), onnx.Float("max", 6))
		return d.head(4)
	}},
	{"bounds as maximum and minimum", "conv relu relu globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 3)
		d.node("Max", []string{d.scalar(0)})
		d.node("Min", []string{d.scalar(0.5)})
		return d.head(4)
	}},
	{"windows rounded up", "conv maxpool avgpool globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 2)
		d.node("MaxPool", nil, onnx.Ints("kernel_shape", 3, 3), onnx.Ints("strides", 2, 2), onnx.Int("ceil_mode", 1))
		d.node("AveragePool", nil, onnx.Ints("kernel_shape", 3, 3), onnx.Ints("strides", 2, 2), onnx.Int("ceil_mode", 1))
		return d.head(4)
	}},
	{"zeros as a node", "conv relu maxpool conv globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.node("Pad", []string{d.ints(0, 0, 1, 2, 0, 0, 2, 1)})
		d.conv(4, 3, 3, onnx.Ints("strides", 2, 2))
		d.node("Relu", nil)
		d.node("Pad", []string{d.ints(0, 0, 0, 0, 0, 0, 1, 1), d.scalar(0)})
		d.node("MaxPool", nil, onnx.Ints("kernel_shape", 3, 3))
		d.node("Pad", []string{d.ints(0, 0, 1, 1, 0, 0, 0, 0)})
		d.conv(4, 4, 3, onnx.Ints("pads", 0, 0, 1, 1))
		return d.head(4)
	}},
	{"channels last", "rescale conv relu conv add concat flatten dense relu dense softmax", channelsLast},
	{"mean over axes", "conv globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 3)
		d.node("ReduceMean", nil, onnx.Ints("axes", -1, 2), onnx.Int("keepdims", 0))
		d.node("MatMul", []string{d.weight(4, 4)})
		d.node("Add", []string{d.weight(4)})
		d.node("Softmax", nil)
		return d.model()
	}},
	{"batch norm before and behind", "batchnorm conv batchnorm relu globalavgpool batchnorm dense softmax",
		func() *onnx.Model {
			d := newDraft(15, 3, side, side)
			d.norm(3)
			d.conv(4, 3, 3)
			d.norm(4)
			d.node("Relu", nil)
			d.node("GlobalAveragePool", nil)
			d.node("Squeeze", []string{d.ints(2, 3)})
			d.norm(4)
			d.node("Gemm", []string{d.weight(4, 4), d.weight(1, 4)}, onnx.Float("alpha", 0.5), onnx.Float("beta", 2))
			return d.model()
		}},
	{"constants behind layers", "conv conv maxpool conv conv globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 3)
		d.node("Mul", []string{d.weight(1, 4, 1, 1)})
		d.node("Sub", []string{d.weight(4, 1, 1)})
		left := d.conv(4, 4, 1) // read twice: no constant can go into it
		d.node("MaxPool", nil, onnx.Ints("kernel_shape", 2, 2))
		d.node("Div", []string{d.scalar(3)})
		_ = left
		d.conv(4, 4, 1)
		return d.head(4)
	}},
	{"a value added to itself", "conv conv relu globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 3)
		d.node("Add", []string{d.last})
		d.node("Relu", nil)
		return d.head(4)
	}},
	{"a convolution as head", "conv relu globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 3)
		d.node("Relu", nil)
		d.node("GlobalAveragePool", nil)
		d.conv(4, 4, 1)
		d.node("Flatten", nil)
		d.node("Softmax", nil, onnx.Int("axis", 1))
		return d.model()
	}},
	{"a head that sees all", "conv relu flatten dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 9, onnx.Ints("strides", 2, 2))
		d.node("Relu", nil)
		d.conv(4, 4, 3)
		d.node("Softmax", nil, onnx.Int("axis", 1))
		d.node("Squeeze", []string{d.ints(2, 3)})
		return d.model()
	}},
	{"shapes that are computed", "conv flatten dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		x := d.conv(4, 3, 9)
		shape := d.of("Shape", []string{x})
		first := d.of("Gather", []string{shape, d.ints(0)})
		shape = d.of("Concat", []string{first, d.ints(-1)}, onnx.Int("axis", 0))
		d.of("Reshape", []string{x, shape})
		d.node("Dropout", nil)
		d.node("Identity", nil)
		d.node("Gemm", []string{d.weight(100, 4), d.weight(4)})
		return d.model()
	}},
	{"paddings that are computed", "conv conv globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		x := d.conv(4, 3, 3)
		shape := d.of("Shape", []string{x})
		height := d.of("Slice", []string{shape, d.ints(2), d.ints(3)})
		half := d.of("Div", []string{height, d.ints(11)}) // 1
		zero := d.of("ConstantOfShape", []string{d.ints(2)}, onnx.Attribute{Name: "value", Type: onnx.TensorAttr,
			Tensor: &onnx.Initializer{Elem: onnx.Int64, Dims: []int64{1}, Raw: make([]byte, 8)}})
		pads := d.of("Concat", []string{zero, half, half, zero, half, half}, onnx.Int("axis", 0))
		d.of("Pad", []string{x, pads})
		d.conv(4, 4, 3)
		return d.head(4)
	}},
}...)

// channelsLast is how tf2onnx writes a network of Keras: it takes [N H W 3], the
// pixels are rescaled, an image is flattened with its channels last.
func channelsLast() *onnx.Model {
	d := newDraft(13, side, side, 3)
	d.node("Mul", []string{d.scalar(1 / 127.5)})
	d.node("Sub", []string{d.scalar(1)})
	d.node("Transpose", nil, onnx.Ints("perm", 0, 3, 1, 2))
	d.conv(4, 3, 3, onnx.String("auto_pad", "SAME_UPPER"), onnx.Ints("strides", 2, 2))
	x := d.node("Transpose", nil, onnx.Ints("perm", 0, 2, 3, 1))
	left := d.node("Relu", nil)
	d.of("Transpose", []string{x}, onnx.Ints("perm", 0, 3, 1, 2))
	d.conv(4, 4, 1)
	right := d.node("Transpose", nil, onnx.Ints("perm", 0, 2, 3, 1))
	sum := d.of("Add", []string{left, right})
	d.of("Concat", []string{sum, left}, onnx.Int("axis", -1))
	d.node("Reshape", []string{d.ints(-1, 7*7*8)})
	d.node("MatMul", []string{d.weight(7*7*8, 5)})
	d.of("Add", []string{d.weight(5), d.last})
	d.node("Relu", nil)
	d.node("MatMul", []string{d.weight(5, 4)})
	d.node("Add", []string{d.weight(4)})
	d.node("Softmax", nil)
	return d.model()
}

// TestForms of other programs: they are read as the ops that they mean, and
// answer as in onnxruntime.
func TestForms(t *testing.T) {
	onnxruntime.Need(t)
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			m := f.file()
			n := imported(t, m, Options{})
			if got := ops(&n.Spec); got != f.ops {
				t.Errorf("read as %s, want %s", got, f.ops)
			}
			scale, offset := 1.0, 0.0
			if !n.Normalised {
				scale, offset = 1/100.0, -1
				if err := n.Normalise(scale, offset); err != nil {
					t.Fatal(err)
				}
			}
			x := pixels(3, side)
			got, want := trained(t, n, x), answers(t, m, x, scale, offset)
			if m.Graph.Nodes[len(m.Graph.Nodes)-1].Op == "Softmax" || strings.HasPrefix(f.name, "a head that") {
				got = softmaxOf(got)
			}
			if d := furthest(t, got, want); !(d < 1e-4) {
				t.Errorf("answers differ by %g of the largest", d)
			}
		})
	}
}

// answers are those of a file in onnxruntime.
func answers(t testing.TB, m *onnx.Model, x onnx.Tensor, scale, offset float64) onnx.Tensor {
	t.Helper()
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ort.NewSession(file, ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	in := planes(x, scale, offset)
	if m.Graph.Inputs[0].Dims[3].Value == 3 {
		in = x
	}
	out, err := s.Run(context.Background(), map[string]onnx.Tensor{m.Graph.Inputs[0].Name: in})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range out {
		return v
	}
	t.Fatal(fmt.Errorf("no output"))
	return onnx.Tensor{}
}
