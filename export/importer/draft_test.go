package importer

import (
	"fmt"
	"math/rand/v2"

	"github.com/flowerctl/flowerctl/onnx"
)

// draft is a file of another program while a test writes it.
type draft struct {
	onnx.Model
	rng  *rand.Rand
	last string
}

// newDraft starts a file of an operator set that takes images x of the given
// shape, whose batch is free.
func newDraft(opset int64, dims ...int) *draft {
	d := &draft{rng: rand.New(rand.NewPCG(5, 6)), last: "x"}
	d.IRVersion, d.Opsets = 8, []onnx.Opset{{Version: opset}}
	in := onnx.TensorInfo("x", onnx.Float32, onnx.Symbol("batch"))
	for _, n := range dims {
		in.Dims = append(in.Dims, onnx.Dim{Value: int64(n)})
	}
	d.Graph.Name, d.Graph.Inputs = "draft", []onnx.ValueInfo{in}
	return d
}

// weight adds a drawn initializer, around 0 unless it has one axis of variances.
func (d *draft) weight(shape ...int) string {
	t := onnx.NewTensor(shape...)
	for i := range t.Data {
		t.Data[i] = d.rng.Float32() - 0.5
	}
	return d.tensor(t)
}

// positive adds a drawn initializer of 0.5 to 1.5.
func (d *draft) positive(n int) string {
	t := onnx.NewTensor(n)
	for i := range t.Data {
		t.Data[i] = d.rng.Float32() + 0.5
	}
	return d.tensor(t)
}

func (d *draft) tensor(t onnx.Tensor) string {
	name := fmt.Sprintf("w%d", len(d.Graph.Initializers))
	d.Graph.Initializers = append(d.Graph.Initializers, onnx.NewInitializer(name, t))
	return name
}

func (d *draft) scalar(v float32) string { return d.tensor(onnx.Tensor{Data: []float32{v}}) }

func (d *draft) ints(v ...int64) string {
	name := fmt.Sprintf("w%d", len(d.Graph.Initializers))
	d.Graph.Initializers = append(d.Graph.Initializers, onnx.NewInt64(name, v...))
	return name
}

// node adds a node that reads the last value and others.
func (d *draft) node(op string, others []string, attrs ...onnx.Attribute) string {
	return d.of(op, append([]string{d.last}, others...), attrs...)
}

// of adds a node that reads values.
func (d *draft) of(op string, inputs []string, attrs ...onnx.Attribute) string {
	name := fmt.Sprintf("%s_%d", op, len(d.Graph.Nodes))
	d.last = name + ":0"
	d.Graph.Nodes = append(d.Graph.Nodes, onnx.Node{Op: op, Name: name, Inputs: inputs,
		Outputs: []string{d.last}, Attributes: attrs})
	return d.last
}

// conv adds a convolution of kernel k.
func (d *draft) conv(out, in, k int, attrs ...onnx.Attribute) string {
	return d.node("Conv", []string{d.weight(out, in, k, k), d.weight(out)}, attrs...)
}

// norm adds a batch norm.
func (d *draft) norm(c int) string {
	return d.node("BatchNormalization", []string{d.positive(c), d.weight(c), d.weight(c), d.positive(c)})
}

// head ends the file: a mean, and a dense layer for four classes.
func (d *draft) head(c int) *onnx.Model {
	d.node("GlobalAveragePool", nil)
	d.node("Flatten", nil)
	d.node("Gemm", []string{d.weight(4, c), d.weight(4)}, onnx.Int("transB", 1))
	return d.model()
}

// model is the file, whose output is the last value.
func (d *draft) model() *onnx.Model {
	d.Graph.Outputs = []onnx.ValueInfo{{Name: d.last, Elem: onnx.Float32}}
	return &d.Model
}
