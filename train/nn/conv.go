package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// convConfig is the geometry of a convolution; the kernel's size is that of its
// weights. The zero value has stride 1, no padding and one group.
type convConfig struct {
	Stride [2]int // vertical, horizontal; 0 is 1
	Pads   [4]int // top, left, bottom, right, as ONNX
	Groups int    // 0 is 1; C for a depthwise convolution
	BF16   bool   // multiplies in bfloat16, see Precision
	ending        // see fuse.go
}

// newConv adds a convolution, which slides w over x (cross-correlation, as every framework calls
// convolution).
//
//	x: (N, H, W, C)   w: (O, C/groups, kH, kW)   b: (O), or nil for none
//	result: (N, outH, outW, O), outH = (H+top+bottom-kH)/stride + 1
//
// It exports as ONNX Conv, and Relu. gorgonia's own is 10 to 20 times slower than
// PyTorch's and has neither groups nor asymmetric padding.
func newConv[T kernel.Float](g *graph[T], name string, x, w, b *G.Node, cfg convConfig) (
	*G.Node, error) {

	shape, err := convShape(g, x, w, b, cfg, g.wanted(w, b))
	if err != nil {
		return nil, fmt.Errorf("node %s (conv): %w", name, err)
	}
	k, err := g.engine.Conv(shape)
	if err != nil {
		return nil, fmt.Errorf("node %s (conv): %w", name, err)
	}
	o := &conv[T]{cfg: cfg, kernel: k}
	o.kind, o.config, o.shape = "conv", fmt.Sprint(shape), nhwc(shape.Out())
	return g.apply(o, name, present(x, w, b)...)
}

// convShape is the kernel's shape of a convolution, and an error if a parameter does
// not fit x. trained says that a gradient of a parameter is wanted.
func convShape[T kernel.Float](g *graph[T], x, w, b *G.Node, cfg convConfig, trained bool) (
	s kernel.ConvShape, err error) {

	if err := dims(x, 4, "(N, H, W, C)"); err != nil {
		return s, err
	}
	ws, groups := w.Shape(), max(cfg.Groups, 1)
	if len(ws) != 4 || ws[1]*groups != x.Shape()[3] || ws[0]%groups != 0 {
		return s, fmt.Errorf("weights %v in %d groups do not fit the input %v", ws, groups, x.Shape())
	}
	return kernel.ConvShape{
		In: image(x.Shape()), Filters: ws[0], Groups: groups,
		Bias: b != nil, ReLU: cfg.ReLU, Max: cfg.Max, BF16: cfg.BF16,
		Window: kernel.Window{
			Kernel: [2]int{ws[2], ws[3]}, Pads: cfg.Pads,
			Stride: [2]int{max(cfg.Stride[0], 1), max(cfg.Stride[1], 1)},
		},
		Inference: !trained && !g.wanted(x), NoBackwardData: !g.wanted(x),
	}, wantVectors(ws[0], b)
}

type conv[T kernel.Float] struct {
	op[T]
	cfg    convConfig
	kernel kernel.Conv[T]
}

var _ G.SDOp = (*conv[float32])(nil)

func (o *conv[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.kernel.Forward(o.out, floats[T](in[0]), floats[T](in[1]), third[T](in))
	return o.end()
}

func (o *conv[T]) SymDiff(in G.Nodes, y, dy *G.Node) (G.Nodes, error) {
	return linearGradients(o.g, o, in, y, dy, o.cfg.ending)
}

func (o *conv[T]) weights() linearWeights[T] { return o.kernel }
