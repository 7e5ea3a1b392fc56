package importer

import "github.com/flowerctl/flowerctl/onnx"

// gateForms are the ways to write sigmoids, what multiplies by them, and what is
// rescaled by channel.
var gateForms = []form{
	{"a value times its sigmoid", "conv silu conv silu globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		x := d.conv(4, 3, 3)
		d.of("Mul", []string{x, d.of("Sigmoid", []string{x})})
		x = d.conv(4, 4, 3)
		d.of("Mul", []string{d.of("Sigmoid", []string{x}), x})
		return d.head(4)
	}},
	{"hard swishes", "conv hardswish conv hardswish conv hardswish globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(14, 3, side, side)
		d.conv(4, 3, 3)
		d.node("HardSwish", nil)
		x := d.conv(4, 4, 3) // PyTorch below operator set 14
		d.of("HardSigmoid", []string{x}, onnx.Float("alpha", 1./6))
		d.of("Mul", []string{x, d.last})
		x = d.conv(4, 4, 3) // Keras: x * (relu6(x+3) * (1/6))
		d.of("Add", []string{x, d.scalar(3)})
		d.node("Clip", []string{d.scalar(0), d.scalar(6)})
		d.node("Mul", []string{d.scalar(1. / 6)})
		d.of("Mul", []string{d.last, x})
		return d.head(4)
	}},
	{"a hard swish that is divided", "conv hardswish conv conv globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		x := d.conv(4, 3, 3) // x*relu6(x+3)/6, and x*relu6(x+3)/4
		d.of("Add", []string{x, d.scalar(3)})
		d.node("Clip", []string{d.scalar(0), d.scalar(6)})
		d.of("Mul", []string{x, d.last})
		d.node("Div", []string{d.scalar(4)})
		d.conv(4, 4, 3)
		return d.head(4)
	}},
	{"squeeze and excitation", "conv relu avgpool conv relu conv sigmoid mul avgpool conv hardsigmoid mul globalavgpool dense softmax",
		func() *onnx.Model {
			d := newDraft(13, 3, side, side)
			d.conv(4, 3, 3)
			x := d.node("Relu", nil)
			d.node("GlobalAveragePool", nil)
			d.conv(2, 4, 1)
			d.node("Relu", nil)
			d.conv(4, 2, 1)
			x = d.of("Mul", []string{d.of("Sigmoid", []string{d.last}), x})
			d.node("ReduceMean", nil, onnx.Ints("axes", 2, 3), onnx.Int("keepdims", 0))
			d.node("Reshape", []string{d.ints(-1, 4, 1, 1)})
			d.conv(4, 4, 1)
			d.node("Add", []string{d.scalar(3)})
			d.node("Clip", []string{d.scalar(0), d.scalar(6)})
			d.node("Div", []string{d.scalar(6)})
			d.of("Mul", []string{x, d.last})
			return d.head(4)
		}},
	{"sigmoids by themselves", "conv sigmoid hardsigmoid relu globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 3)
		d.node("Sigmoid", nil)
		d.node("HardSigmoid", nil, onnx.Float("alpha", 1./6))
		d.node("Relu", nil)
		return d.head(4)
	}},
	{"Keras 2's hard sigmoid", "conv relu globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		d.conv(4, 3, 3)
		d.node("Mul", []string{d.scalar(0.2)})
		d.node("Add", []string{d.scalar(0.5)})
		d.node("Clip", []string{d.scalar(0), d.scalar(1)})
		return d.head(4)
	}},
	{"pixels by channel", "rescale conv globalavgpool dense softmax", func() *onnx.Model {
		d := newDraft(13, 3, side, side)
		channels := func(r, g, b float32) string {
			return d.tensor(onnx.Tensor{Shape: []int{1, 3, 1, 1}, Data: []float32{r, g, b}})
		}
		d.node("Div", []string{d.scalar(255)})
		d.node("Sub", []string{channels(0.485, 0.456, 0.406)})
		d.node("Div", []string{channels(0.229, 0.224, 0.225)})
		d.conv(4, 3, 3)
		return d.head(4)
	}},
}
