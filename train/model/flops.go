package model

import "fmt"

// Work has the numbers of values, for one image, from which the operations of a node
// are counted.
type Work struct {
	In, Out int64 // of the first input, of the result
	// Taken is the number of values of the input for one value of the result, in
	// convolutions, dense layers and pools.
	Taken int64
	Bias  bool // a bias is added to each value of the result
}

// FLOPs counts floating-point operations of a node: a multiply-add is two.
// Pooling counts one operation a value in the window, element-wise ops one a
// value, batch norm and rescale two, softmax three, the sigmoids four, what is
// multiplied by them one more; dropout, flatten and concat compute nothing. It is
// the one count: networks and ONNX files use it.
func (op Op) FLOPs(w Work) (int64, error) {
	switch op {
	case Conv, Dense:
		each := 2 * w.Taken
		if w.Bias {
			each++
		}
		return w.Out * each, nil
	case MaxPool, AvgPool:
		return w.Out * w.Taken, nil
	case GlobalAvgPool:
		return w.In, nil
	case Rescale, BatchNorm:
		return 2 * w.Out, nil
	case ReLU, Add, Mul:
		return w.Out, nil
	case Sigmoid, HardSigmoid:
		return 4 * w.Out, nil
	case SiLU, HardSwish:
		return 5 * w.Out, nil
	case Softmax:
		return 3 * w.Out, nil
	case Dropout, Flatten, Concat:
		return 0, nil
	}
	return 0, fmt.Errorf("operations of op %s are not counted", op)
}

// FLOPs counts the floating-point operations of one forward pass of one image,
// by node, as [Op.FLOPs] does. An Extract node says its own.
func (s *Spec) FLOPs() (total int64, byNode map[string]int64, err error) {
	shapes, err := s.Shapes()
	if err != nil {
		return 0, nil, err
	}
	byNode = make(map[string]int64, len(s.Nodes))
	for i := range s.Nodes {
		n := &s.Nodes[i]
		x := shapes[n.Inputs[0]]
		w := Work{In: product(x), Out: product(shapes[n.Name]), Bias: !n.NoBias}
		w.Taken = int64(n.Kernel[0]) * int64(n.Kernel[1])
		if n.Op == Extract {
			byNode[n.Name] = n.File.FLOPs
			total += n.File.FLOPs
			continue
		}
		switch n.Op {
		case Conv:
			w.Taken *= int64(x[0] / n.Groups)
		case Dense:
			w.Taken = w.In
		}
		f, err := n.Op.FLOPs(w)
		if err != nil {
			return 0, nil, fmt.Errorf("network %s: node %s: %w", s.Name, n.Name, err)
		}
		byNode[n.Name] = f
		total += f
	}
	return total, byNode, nil
}

func product(shape []int) int64 {
	p := int64(1)
	for _, d := range shape {
		p *= int64(d)
	}
	return p
}
