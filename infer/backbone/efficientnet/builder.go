package efficientnet

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
)

// builder collects the nodes and initializers of a graph. Its first error stays.
type builder struct {
	weights      map[string]*onnx.Initializer
	left         map[string]bool // weights that are not used yet
	keep         bool            // batch norms are nodes
	nodes        []onnx.Node
	initializers []onnx.Initializer
	err          error
}

func newBuilder(weights []onnx.Initializer, keep bool) *builder {
	b := &builder{weights: map[string]*onnx.Initializer{}, left: map[string]bool{}, keep: keep}
	for i := range weights {
		w := &weights[i]
		b.weights[w.Name] = w
		if !strings.HasSuffix(w.Name, "num_batches_tracked") {
			b.left[w.Name] = true
		}
	}
	return b
}

// take is the weight of that name, which must have that shape.
func (b *builder) take(name string, shape ...int) []float64 {
	n := onnx.Elements(shape)
	w := b.weights[name]
	delete(b.left, name)
	if w == nil {
		b.fail("no weight %q", name)
		return make([]float64, n)
	}
	t, err := w.Tensor()
	if err != nil || w.Elem != onnx.Float32 || !slices.Equal(t.Shape, shape) {
		b.fail("weight %q is %s%v, want float32%v", name, w.Elem, w.Dims, shape)
		return make([]float64, n)
	}
	out := make([]float64, n)
	for i, x := range t.Data {
		out[i] = float64(x)
	}
	return out
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// finish is the first error, weights that nothing used among them.
func (b *builder) finish() error {
	for name := range b.left {
		b.fail("weight %q has no place in this network", name)
	}
	return b.err
}

// init adds an initializer and returns its name.
func (b *builder) init(name string, values []float64, shape ...int) string {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
	}
	t := onnx.Initializer{Name: name, Elem: onnx.Float32, Raw: raw}
	for _, d := range shape {
		t.Dims = append(t.Dims, int64(d))
	}
	b.initializers = append(b.initializers, t)
	return name
}

func (b *builder) constant(name string, v float64) { b.init(name, []float64{v}) }

// node adds a node that is called as its output.
func (b *builder) node(op, name string, inputs []string, attributes ...onnx.Attribute) {
	b.nodes = append(b.nodes, onnx.Node{Name: name, Op: op, Inputs: inputs,
		Outputs: []string{name}, Attributes: attributes})
}

// layer is a convolution with its batch norm, and ReLU6 where it has one.
type layer struct {
	name, norm     string // of their weights
	in, out        int    // channels
	kernel, stride int
	group          int
	relu6          bool
}

// conv adds a layer behind x, which has the side size. The padding is TensorFlow's
// SAME: at stride 2 one more row and column at the end than at the start.
func (b *builder) conv(x string, l layer, size int) (string, int) {
	shape := []int{l.out, l.in / l.group, l.kernel, l.kernel}
	w := b.take(l.name+".weight", shape...)
	gamma, beta := b.take(l.norm+".weight", l.out), b.take(l.norm+".bias", l.out)
	mean, variance := b.take(l.norm+".running_mean", l.out), b.take(l.norm+".running_var", l.out)
	outSize := (size + l.stride - 1) / l.stride
	pad := int64(max((outSize-1)*l.stride+l.kernel-size, 0))
	before, after := pad/2, pad-pad/2
	kernel, stride := int64(l.kernel), int64(l.stride)
	geometry := []onnx.Attribute{
		onnx.Int("group", int64(l.group)), onnx.Ints("kernel_shape", kernel, kernel),
		onnx.Ints("pads", before, before, after, after), onnx.Ints("strides", stride, stride),
	}
	y := public(l.name)
	if b.keep {
		b.node("Conv", y+".conv", []string{x, b.init(y+".weight", w, shape...)}, geometry...)
		b.node("BatchNormalization", y, []string{y + ".conv",
			b.init(y+".bn.scale", gamma, l.out), b.init(y+".bn.bias", beta, l.out),
			b.init(y+".bn.mean", mean, l.out), b.init(y+".bn.var", variance, l.out),
		}, onnx.Float("epsilon", Epsilon))
	} else {
		fold(w, gamma, beta, mean, variance)
		b.node("Conv", y, []string{x, b.init(y+".weight", w, shape...),
			b.init(y+".bias", beta, l.out)}, geometry...)
	}
	if l.relu6 {
		b.node("Clip", y+".relu6", []string{y, "zero", "six"})
		y += ".relu6"
	}
	return y, outSize
}

// fold puts a batch norm into the convolution before it: beta becomes its bias. The
// product is rounded before the difference, so that no machine fuses the two.
func fold(w, gamma, beta, mean, variance []float64) {
	each := len(w) / len(gamma)
	for c := range gamma {
		scale := gamma[c] / math.Sqrt(variance[c]+Epsilon)
		for i := c * each; i < (c+1)*each; i++ {
			w[i] *= scale
		}
		beta[c] -= float64(mean[c] * scale)
	}
}

// head adds what is after the last convolution.
func (b *builder) head(x string) {
	b.node("GlobalAveragePool", "pool", []string{x})
	b.node("Flatten", "features", []string{"pool"}, onnx.Int("axis", 1))
	w, bias := b.take("_fc.weight", classes, features), b.take("_fc.bias", classes)
	b.node("Gemm", "logits", []string{"features", b.init("fc.weight", w, classes, features),
		b.init("fc.bias", bias, classes)}, onnx.Int("transB", 1))
}
