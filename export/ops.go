package export

import (
	"fmt"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// network writes the preprocessing and every node of the spec.
func (g *graph) network(prep imageprep.Config) error {
	nodes := g.spec.Nodes
	c, h, w := g.spec.Input[0], g.spec.Input[1], g.spec.Input[2]
	n := onnx.Symbol("N")
	switch g.opts.Input {
	case Image:
		if c != 3 || h != w || h != prep.Size {
			return fmt.Errorf("the network takes %v and the images are prepared as 3 x %d x %d",
				g.spec.Input, prep.Size, prep.Size)
		}
		g.Inputs = []onnx.ValueInfo{onnx.TensorInfo(ImageInput, onnx.Uint8,
			n, onnx.Symbol("H"), onnx.Symbol("W"), onnx.Known(3))}
		g.preprocess(prep)
	case Float:
		g.Inputs = []onnx.ValueInfo{onnx.TensorInfo(FloatInput, onnx.Float32,
			n, onnx.Known(c), onnx.Known(h), onnx.Known(w))}
		if r := rescale(g.spec); r != nil {
			g.value[r.Name] = FloatInput // the caller has rescaled
			nodes = nodes[1:]
		}
	}
	g.value[model.InputName], g.elem[FloatInput] = FloatInput, onnx.Float32
	for i := range nodes {
		if err := g.node(&nodes[i]); err != nil {
			return fmt.Errorf("node %s (%s): %w", nodes[i].Name, nodes[i].Op, err)
		}
	}
	return nil
}

// rescale is the network's first node if that is a rescale, else nil.
func rescale(spec *model.Spec) *model.Node {
	first := &spec.Nodes[0]
	if first.Op != model.Rescale || len(spec.Consumers()[model.InputName]) != 1 {
		return nil
	}
	return first
}

func (g *graph) node(n *model.Node) error {
	if n.Op == model.Rescale {
		g.rescale(n, g.value[n.Inputs[0]]) // in float32 always: pixels need it
		return nil
	}
	if n.Op == model.Softmax {
		g.finish(n, "Softmax", []string{g.tempered(n)}, onnx.Int("axis", 1))
		return nil
	}
	if n.Op == model.Sigmoid && n.Name == g.spec.Main().Node { // of several labels
		g.finish(n, "Sigmoid", []string{g.tempered(n)})
		return nil
	}
	if n.Op == model.Extract {
		return g.extract(n)
	}
	in := make([]string, len(n.Inputs))
	for i, name := range n.Inputs {
		in[i] = g.input(name)
	}
	switch n.Op {
	case model.Conv:
		in = append(in, g.param(n, model.Weight))
		if !n.NoBias {
			in = append(in, g.param(n, model.Bias))
		}
		g.finish(n, "Conv", in, append(window(n), onnx.Int("group", int64(n.Groups)))...)
	case model.BatchNorm:
		in = append(in, g.param(n, model.Weight), g.param(n, model.Bias),
			g.param(n, model.RunningMean), g.param(n, model.RunningVar))
		g.finish(n, "BatchNormalization", in, onnx.Float("epsilon", float32(n.Epsilon)))
	case model.ReLU:
		g.relu(n, in[0])
	case model.MaxPool:
		g.finish(n, "MaxPool", in, window(n)...)
	case model.AvgPool:
		g.finish(n, "AveragePool", in, append(window(n), onnx.Int("count_include_pad", 0))...)
	case model.GlobalAvgPool:
		mean := g.step("GlobalAveragePool", n.Name+"/mean", in)
		g.finish(n, "Flatten", []string{mean}, onnx.Int("axis", 1))
	case model.Flatten:
		g.finish(n, "Flatten", in, onnx.Int("axis", 1))
	case model.Dense:
		g.dense(n, in[0])
	case model.Concat:
		g.finish(n, "Concat", in, onnx.Int("axis", 1))
	case model.Add:
		g.finish(n, "Add", in)
	case model.Sigmoid:
		g.finish(n, "Sigmoid", in)
	case model.HardSigmoid:
		g.finish(n, "HardSigmoid", in, sixth()...)
	case model.SiLU, model.HardSwish:
		g.gated(n, in[0])
	case model.Mul:
		g.finish(n, "Mul", in)
	case model.Dropout:
		g.finish(n, "Identity", in)
	default:
		return fmt.Errorf("unknown op, want one of %v", model.Ops())
	}
	return nil
}

// tempered is what a softmax reads: the logits, divided by the temperature where
// there is one. That is float32 in every precision.
func (g *graph) tempered(n *model.Node) string {
	logits := g.value[n.Inputs[0]]
	if g.opts.Temperature == 1 {
		return logits
	}
	t := g.constant(onnx.NewScalar(n.Name+".temperature", float32(g.opts.Temperature)))
	return g.step("Div", n.Name+"/tempered", []string{logits, t})
}

// window is the geometry of a convolution or pool.
func window(n *model.Node) []onnx.Attribute {
	ints := func(v ...int) []int64 {
		out := make([]int64, len(v))
		for i, x := range v {
			out[i] = int64(x)
		}
		return out
	}
	return []onnx.Attribute{
		onnx.Ints("kernel_shape", ints(n.Kernel[:]...)...),
		onnx.Ints("strides", ints(n.Stride[:]...)...),
		onnx.Ints("pads", ints(n.Pads[:]...)...),
	}
}

// rescale is x*scale + offset, without the parts that change nothing.
func (g *graph) rescale(n *model.Node, x string) {
	numbers := func(role string, v [3]float64) string {
		t := onnx.Tensor{Data: []float32{float32(v[0])}}
		if n.PerChannel() {
			t = onnx.Tensor{Shape: []int{1, 3, 1, 1},
				Data: []float32{float32(v[0]), float32(v[1]), float32(v[2])}}
		}
		return g.constant(onnx.NewInitializer(n.Name+"."+role, t))
	}
	scales, offsets := n.Rescaling()
	switch scaled, moved := scales != [3]float64{1, 1, 1}, offsets != [3]float64{}; {
	case !scaled && !moved:
		g.finish(n, "Identity", []string{x})
	case !moved:
		g.finish(n, "Mul", []string{x, numbers("scale", scales)})
	case !scaled:
		g.finish(n, "Add", []string{x, numbers("offset", offsets)})
	default:
		y := g.step("Mul", n.Name+"/scaled", []string{x, numbers("scale", scales)})
		g.finish(n, "Add", []string{y, numbers("offset", offsets)})
	}
}

// relu is a Relu, or with an upper bound a Clip, whose bounds are attributes up to
// operator set 10.
func (g *graph) relu(n *model.Node, x string) {
	if n.Max == 0 {
		g.finish(n, "Relu", []string{x})
		return
	}
	high := float32(n.Max)
	if g.opts.Opset < 11 {
		g.finish(n, "Clip", []string{x}, onnx.Float("min", 0), onnx.Float("max", high))
		return
	}
	g.finish(n, "Clip", []string{x,
		g.float(n.Name+".min", onnx.Tensor{Data: []float32{0}}),
		g.float(n.Name+".max", onnx.Tensor{Data: []float32{high}})})
}

// sixth are the constants of a hard sigmoid; ONNX' own are Keras 2's.
func sixth() []onnx.Attribute {
	return []onnx.Attribute{onnx.Float("alpha", 1./6), onnx.Float("beta", 0.5)}
}

// gated is a value times its own sigmoid. ONNX has HardSwish from operator set 14
// on, and Swish only from 24 on.
func (g *graph) gated(n *model.Node, x string) {
	if n.Op == model.HardSwish && g.opts.Opset >= 14 {
		g.finish(n, "HardSwish", []string{x})
		return
	}
	op, attrs := "Sigmoid", []onnx.Attribute(nil)
	if n.Op == model.HardSwish {
		op, attrs = "HardSigmoid", sixth()
	}
	gate := g.step(op, gateOf(n.Name), []string{x}, attrs...)
	g.finish(n, "Mul", []string{x, gate})
}

// gateOf is the name of the sigmoid that a node multiplies by.
func gateOf(node string) string { return node + "/gate" }

// dense is x*wT + b. Up to operator set 10 a Gemm needs a bias.
func (g *graph) dense(n *model.Node, x string) {
	in := []string{x, g.param(n, model.Weight)}
	switch {
	case !n.NoBias:
		in = append(in, g.param(n, model.Bias))
	case g.opts.Opset < 11:
		in = append(in, g.float(n.Name+".zero", onnx.NewTensor(n.Units)))
	}
	g.finish(n, "Gemm", in, onnx.Int("transB", 1))
}
