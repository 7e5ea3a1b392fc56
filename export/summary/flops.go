package summary

import (
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// computes maps an ONNX operator to the op of train/model that has as many
// operations. Operators that are not listed count nothing.
var computes = map[string]model.Op{
	"Conv": model.Conv, "Gemm": model.Dense, "MatMul": model.Dense,
	"MaxPool": model.MaxPool, "AveragePool": model.AvgPool, "GlobalAveragePool": model.GlobalAvgPool,
	"BatchNormalization": model.BatchNorm, "Softmax": model.Softmax,
	// One operation a value.
	"Relu": model.ReLU, "Clip": model.ReLU, "LeakyRelu": model.ReLU, "Sigmoid": model.ReLU,
	"Tanh": model.ReLU, "Add": model.Add, "Mul": model.Add, "Sub": model.Add, "Div": model.Add,
}

// flops counts a node's operations for one image. A value of unknown shape counts
// nothing.
func flops(n *onnx.Node, types map[string]onnx.ValueInfo) (int64, error) {
	op, ok := computes[n.Op]
	if !ok || len(n.Outputs) == 0 || len(n.Inputs) == 0 {
		return 0, nil
	}
	w := model.Work{In: elements(types[n.Inputs[0]]), Out: elements(types[n.Outputs[0]]), Taken: 1,
		Bias: len(n.Inputs) > 2 && n.Inputs[2] != ""}
	switch op {
	case model.Conv, model.Dense:
		w.Taken = taken(n, types[n.Inputs[1]])
		w.Bias = w.Bias && w.Taken > 0
	case model.MaxPool, model.AvgPool:
		kernel, _ := n.Ints("kernel_shape") // Types has checked its kind
		for _, k := range kernel {
			w.Taken *= k
		}
	}
	return op.FLOPs(w)
}

// taken is how many values of the input one value of a convolution's or dense
// layer's result is made from, by the shape of its weight; 0 where that is not
// known.
func taken(n *onnx.Node, weight onnx.ValueInfo) int64 {
	if !weight.Ranked || len(weight.Dims) < 2 {
		return 0
	}
	if n.Op == "Conv" {
		values := int64(1)
		for _, d := range weight.Dims[1:] {
			values *= max(d.Value, 0)
		}
		return values
	}
	axis := len(weight.Dims) - 2
	if trans, _ := n.Int("transB", 0); trans != 0 {
		axis = 1
	}
	return max(weight.Dims[axis].Value, 0)
}

// elements is the number of values for one image, 0 where it is not known.
func elements(v onnx.ValueInfo) int64 {
	if !v.Ranked || len(v.Dims) == 0 {
		return 0
	}
	n := int64(1)
	for _, d := range v.Dims[1:] {
		n *= max(d.Value, 0)
	}
	return n
}
