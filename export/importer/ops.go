package importer

import (
	"math"
	"strconv"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// readers is the table of operators, the inverse of export's: how each one is
// read. A reader sets no name; errors need not name the node.
var readers = map[string]func(r *reader, n *onnx.Node) (*value, error){
	"Conv": conv, "BatchNormalization": batchNorm,
	"Relu": relu, "Clip": clip, "Max": bound, "Min": bound,
	"Sigmoid": sigmoid, "HardSigmoid": hardSigmoid, "HardSwish": hardSwish,
	"MaxPool": pool, "AveragePool": pool,
	"GlobalAveragePool": globalPool, "GlobalMaxPool": globalPool, "ReduceMean": reduceMean,
	"Reshape": reshape, "Flatten": reshape, "Squeeze": reshape, "Unsqueeze": reshape,
	"Transpose": transposeView, "Pad": pad,
	"Gemm": gemm, "MatMul": matMul,
	"Add": add, "Sum": sum, "Sub": sub, "Mul": mul, "Div": div, "Concat": concat,
	"Softmax": softmax, "LogSoftmax": softmax,
	"Dropout": nothing, "Identity": nothing, "Cast": nothing,
}

// nothing reads what computes nothing at inference. A cast between types of real
// numbers is read as that: the network computes in float32.
func nothing(r *reader, n *onnx.Node) (*value, error) {
	if n.Op == "Cast" {
		to, err := n.Int("to", 0)
		if err != nil {
			return nil, err
		}
		switch onnx.ElemType(to) {
		case onnx.Float32, onnx.Float16, onnx.Float64, onnx.BFloat16:
		default:
			return nil, unsupported("it casts to %s: values of the network are real numbers",
				onnx.ElemType(to))
		}
	}
	r.dropped[n.Op]++
	return r.value(n, 0)
}

// decimal is the shortest number that has the same float32: 0.001 where the file
// can only say 0.0010000000474974513.
func decimal(f float32) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	if err != nil {
		return float64(f)
	}
	return v
}

func batchNorm(r *reader, n *onnx.Node) (*value, error) {
	if training, err := n.Int("training_mode", 0); err != nil || training != 0 {
		return nil, unsupported("it is in training mode: export the network for inference")
	}
	if spatial, err := n.Int("spatial", 1); err != nil || spatial != 1 {
		return nil, unsupported("it has statistics a pixel (spatial 0)")
	}
	x, err := r.value(n, 0)
	if err != nil {
		return nil, err
	}
	if x, err = r.plain(x); err != nil {
		return nil, err
	}
	if !x.first() || x.flat != nil {
		return nil, unsupported("its input is %s, want the channels second", x)
	}
	epsilon, err := n.Float("epsilon", 1e-5)
	if err != nil {
		return nil, err
	}
	if !(epsilon > 0) {
		return nil, unsupported("epsilon %g, want more than 0", epsilon)
	}
	node := model.Node{Op: model.BatchNorm, Epsilon: decimal(epsilon), Momentum: r.opts.Momentum}
	out, err := r.emit(node, label(n), x.node)
	if err != nil {
		return nil, err
	}
	for i, role := range roles {
		t, err := r.weight(n, i+1)
		if err != nil {
			return nil, err
		}
		if len(t.Shape) != 1 || t.Shape[0] != x.shape[0] {
			return nil, unsupported("its %s has shape %v, want [%d]", role, t.Shape, x.shape[0])
		}
		r.set(out.node, role, t.Clone())
	}
	out.axes = x.axes
	return out, nil
}

// element adds a node that computes each value by itself.
func (r *reader) element(n *onnx.Node, node model.Node) (*value, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, err
	}
	if x, err = r.plain(x); err != nil {
		return nil, err
	}
	out, err := r.emit(node, label(n), x.node)
	if err != nil {
		return nil, err
	}
	out.axes, out.flat = x.axes, x.flat
	return out, nil
}

func relu(r *reader, n *onnx.Node) (*value, error) { return r.bounded(n, 0, math.Inf(1)) }

// bounded is min(max(x, low), high), where that is a ReLU.
func (r *reader) bounded(n *onnx.Node, low, high float64) (*value, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, err
	}
	if math.IsInf(low, -1) && x.positive {
		low = 0 // it is there already
	}
	switch {
	case math.IsInf(low, -1) && math.IsInf(high, 1):
		return x, nil
	case low == 0 && x.sixth(high):
		return x.hardSigmoid(n, high), nil
	case low != 0 || !(high > 0):
		return nil, unsupported("it holds values to %g and %g: only from 0 is a ReLU", low, high)
	}
	node := model.Node{Op: model.ReLU}
	if !math.IsInf(high, 1) && high < math.MaxFloat32 {
		node.Max = high
	}
	out, err := r.element(n, node)
	if err == nil {
		out.positive = true
	}
	return out, err
}

// clip has its bounds as attributes up to operator set 10.
func clip(r *reader, n *onnx.Node) (*value, error) {
	bounds := [2]float64{math.Inf(-1), math.Inf(1)}
	for i, name := range []string{"min", "max"} {
		if r.opset < 11 {
			v, err := n.Float(name, float32(bounds[i]))
			if err != nil {
				return nil, err
			}
			bounds[i] = decimal(v)
			continue
		}
		if !has(n, i+1) {
			continue
		}
		a, err := r.constant(n, i+1)
		if err != nil {
			return nil, err
		}
		if len(a.data) != 1 {
			return nil, unsupported("its %s has %d values, want one", name, len(a.data))
		}
		bounds[i] = decimal(float32(a.data[0]))
	}
	if bounds[0] <= -math.MaxFloat32 {
		bounds[0] = math.Inf(-1)
	}
	return r.bounded(n, bounds[0], bounds[1])
}

// bound reads Max and Min with a number.
func bound(r *reader, n *onnx.Node) (*value, error) {
	if len(n.Inputs) != 2 {
		return nil, unsupported("it has %d inputs, want a value and a number", len(n.Inputs))
	}
	at := 1
	if r.constants[n.Inputs[0]] {
		at = 0
	}
	a, err := r.constant(n, at)
	if err != nil {
		return nil, err
	}
	if len(a.data) != 1 {
		return nil, unsupported("it compares with %d values, want one", len(a.data))
	}
	swapped := *n
	swapped.Inputs = []string{n.Inputs[1-at]}
	if n.Op == "Max" {
		return r.bounded(&swapped, a.data[0], math.Inf(1))
	}
	return r.bounded(&swapped, math.Inf(-1), a.data[0])
}

// softmax ends the network.
func softmax(r *reader, n *onnx.Node) (*value, error) {
	x, err := r.value(n, 0)
	if err != nil {
		return nil, err
	}
	otherwise := int64(-1)
	if r.opset < 13 {
		otherwise = 1
	}
	axis, err := n.Int("axis", otherwise)
	if err != nil {
		return nil, err
	}
	if axis < 0 {
		axis += int64(len(x.axes))
	}
	over := r.opset < 13 && axis == 1 || // of all axes but the batch together
		axis >= 0 && axis < int64(len(x.axes)) && x.axes[axis] == 0
	if x.softmax != "" || !over || len(x.order()) > 1 {
		return nil, unsupported("it is over axis %d of %s: only one over the classes, at the end, can be",
			axis, x)
	}
	if n.Op == "LogSoftmax" {
		r.note("The file answers with logarithms of probabilities, the network with probabilities.")
	}
	x.softmax = label(n)
	return x, nil
}
