package export

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
)

// int8Opset is the first operator set whose DequantizeLinear has an axis.
const int8Opset = 13

// quantize rewrites a float32 graph in QDQ form: weights become int8 with a
// DequantizeLinear after them, values between layers pass through a pair of
// QuantizeLinear and DequantizeLinear. Runtimes merge these with the layers
// between them and compute in 8 bits. The head stays float32.
//
// The scheme is onnxruntime's static quantization
// (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html):
// weights symmetric, a scale for each output channel; values asymmetric, one
// scale; biases int32 with the product of both scales.
func quantize(g *onnx.Graph, ranges Ranges) error {
	q := &quantizer{in: g, ranges: ranges, scales: map[string]float32{}, zeros: map[string]uint8{},
		readers: map[string][]*onnx.Node{}}
	for i := range g.Nodes {
		for _, in := range g.Nodes[i].Inputs {
			q.readers[in] = append(q.readers[in], &g.Nodes[i])
		}
	}
	for i := range g.Nodes {
		if err := q.node(g.Nodes[i]); err != nil {
			return fmt.Errorf("quantize node %s: %w", g.Nodes[i].Name, err)
		}
	}
	g.Nodes, g.Initializers = q.nodes, q.initializers()
	return nil
}

// quantizer is one quantize under way.
type quantizer struct {
	in       *onnx.Graph
	ranges   Ranges
	nodes    []onnx.Node
	replaced map[string]bool // initializers that have become int8
	added    []onnx.Initializer
	scales   map[string]float32 // of values that have a pair
	zeros    map[string]uint8
	readers  map[string][]*onnx.Node
}

// layers are the operators that runtimes compute in 8 bits. Those that only move
// or choose values keep the scale of their input.
var layers = map[string]struct{ moves bool }{
	"Conv": {}, "Gemm": {}, "Relu": {}, "Clip": {}, "Add": {}, "Concat": {},
	"Sigmoid": {}, "HardSigmoid": {}, "HardSwish": {}, "Mul": {},
	"AveragePool": {}, "GlobalAveragePool": {}, "MaxPool": {moves: true}, "Flatten": {moves: true},
}

func (q *quantizer) node(n onnx.Node) error {
	kind, ok := layers[n.Op]
	if !ok || n.Outputs[0] == Probabilities || strings.HasPrefix(n.Name, "preprocess") || q.rescales(&n) {
		q.nodes = append(q.nodes, n)
		return nil
	}
	n.Inputs = slices.Clone(n.Inputs)
	merged := (n.Op == "Relu" || n.Op == "Clip") && q.scales[n.Inputs[0]] == 0
	for i, in := range n.Inputs {
		switch {
		case in == "" || q.in.Initializer(in) != nil || merged:
			continue
		case q.scales[in] == 0: // the network's first value
			if err := q.pair(in, in); err != nil {
				return err
			}
		}
		n.Inputs[i] = in + "/dequantized"
	}
	if n.Op == "Conv" || n.Op == "Gemm" {
		if err := q.layer(&n); err != nil {
			return err
		}
	}
	q.nodes = append(q.nodes, n)
	out := n.Outputs[0]
	if out == Logits || q.leadsIntoClip(&n) {
		return nil
	}
	if kind.moves {
		in, _ := strings.CutSuffix(n.Inputs[0], "/dequantized")
		q.same(out, in)
		return nil
	}
	return q.pair(out, strings.TrimSuffix(n.Name, "/mean"))
}

// rescales reports whether n is the Mul or Add of a rescale: one with a constant.
func (q *quantizer) rescales(n *onnx.Node) bool {
	return (n.Op == "Add" || n.Op == "Mul") && q.in.Initializer(n.Inputs[1]) != nil
}

// leadsIntoClip reports whether a Relu or Clip is the only reader of a layer:
// runtimes merge the two.
func (q *quantizer) leadsIntoClip(n *onnx.Node) bool {
	readers := q.readers[n.Outputs[0]]
	if n.Op != "Conv" && n.Op != "Gemm" || len(readers) != 1 {
		return false
	}
	return readers[0].Op == "Relu" || readers[0].Op == "Clip"
}

// pair puts a QuantizeLinear and a DequantizeLinear after a value, with the range
// of the named node.
func (q *quantizer) pair(value, node string) error {
	r, ok := q.ranges[node]
	if !ok {
		return fmt.Errorf("%s has no range: calibrate with the nodes of export.Network", node)
	}
	if math.IsNaN(r.Min) || math.IsNaN(r.Max) || r.Min > r.Max {
		return fmt.Errorf("%s has the range %v", node, r)
	}
	q.scales[value], q.zeros[value] = r.uint8()
	q.write(value)
	return nil
}

// same puts a pair after a value that has another value's scale.
func (q *quantizer) same(value, other string) {
	q.scales[value], q.zeros[value] = q.scales[other], q.zeros[other]
	q.write(value)
}

func (q *quantizer) write(value string) {
	scale, zero := value+"/scale", value+"/zero_point"
	q.added = append(q.added, onnx.NewScalar(scale, q.scales[value]),
		onnx.Initializer{Name: zero, Elem: onnx.Uint8, Raw: []byte{q.zeros[value]}})
	quantized, back := value+"/quantized", value+"/dequantized"
	q.nodes = append(q.nodes,
		onnx.Node{Op: "QuantizeLinear", Name: quantized,
			Inputs: []string{value, scale, zero}, Outputs: []string{quantized}},
		onnx.Node{Op: "DequantizeLinear", Name: back,
			Inputs: []string{quantized, scale, zero}, Outputs: []string{back}})
}

// layer writes the weight of a convolution or dense layer in 8 bits, its bias in 32.
func (q *quantizer) layer(n *onnx.Node) error {
	name := n.Inputs[1]
	w, err := q.in.Initializer(name).Tensor()
	if err != nil {
		return err
	}
	outs := w.Shape[0]
	rows := len(w.Data) / outs
	scales, raw := onnx.NewTensor(outs), make([]byte, len(w.Data))
	for o := range outs {
		row := w.Data[o*rows : (o+1)*rows]
		largest := float32(0)
		for _, v := range row {
			largest = max(largest, float32(math.Abs(float64(v))))
		}
		scale := largest / 127
		if scale == 0 {
			scale = 1 // a channel of zeros
		}
		scales.Data[o] = scale
		for i, v := range row {
			raw[o*rows+i] = byte(int8(math.RoundToEven(float64(v) / float64(scale))))
		}
	}
	dims := q.in.Initializer(name).Dims
	q.parameter(n, 1, onnx.Initializer{Name: name, Elem: onnx.Int8, Dims: dims, Raw: raw}, scales)
	if len(n.Inputs) < 3 {
		return nil
	}
	b, err := q.in.Initializer(n.Inputs[2]).Tensor()
	if err != nil {
		return err
	}
	input := q.scales[strings.TrimSuffix(n.Inputs[0], "/dequantized")]
	product, ints := onnx.NewTensor(outs), make([]byte, 0, 4*outs)
	for o, v := range b.Data {
		product.Data[o] = input * scales.Data[o]
		x := math.RoundToEven(float64(v) / float64(product.Data[o]))
		x = min(max(x, math.MinInt32), math.MaxInt32)
		ints = binary.LittleEndian.AppendUint32(ints, uint32(int32(x)))
	}
	q.parameter(n, 2, onnx.Initializer{Name: n.Inputs[2], Elem: onnx.Int32,
		Dims: []int64{int64(outs)}, Raw: ints}, product)
	return nil
}

// parameter replaces input i of a layer by integers and a DequantizeLinear.
func (q *quantizer) parameter(n *onnx.Node, i int, t onnx.Initializer, scales onnx.Tensor) {
	if q.replaced == nil {
		q.replaced = map[string]bool{}
	}
	q.replaced[t.Name] = true
	scale, zero, back := t.Name+"/scale", t.Name+"/zero_point", t.Name+"/dequantized"
	outs, width := len(scales.Data), 1 // bytes of a zero point
	if t.Elem == onnx.Int32 {
		width = 4
	}
	q.added = append(q.added, t, onnx.NewInitializer(scale, scales),
		onnx.Initializer{Name: zero, Elem: t.Elem, Dims: []int64{int64(outs)},
			Raw: make([]byte, width*outs)})
	q.nodes = append(q.nodes, onnx.Node{Op: "DequantizeLinear", Name: back,
		Inputs: []string{t.Name, scale, zero}, Outputs: []string{back},
		Attributes: []onnx.Attribute{onnx.Int("axis", 0)}})
	n.Inputs[i] = back
}

// initializers are the old ones that stay, then the new ones.
func (q *quantizer) initializers() []onnx.Initializer {
	var out []onnx.Initializer
	for _, t := range q.in.Initializers {
		if !q.replaced[t.Name] {
			out = append(out, t)
		}
	}
	return append(out, q.added...)
}
