package model

// FLOPs counts the floating-point operations of one forward pass of one image,
// by node: a multiply-add is two. Pooling counts one operation a value in the
// window, element-wise ops one a value (batch norm and rescale two); dropout,
// flatten and concat compute nothing.
func (s *Spec) FLOPs() (total int64, byNode map[string]int64, err error) {
	shapes, err := s.Shapes()
	if err != nil {
		return 0, nil, err
	}
	byNode = make(map[string]int64, len(s.Nodes))
	for i := range s.Nodes {
		n := &s.Nodes[i]
		in, out := product(shapes[n.Inputs[0]]), product(shapes[n.Name])
		window := int64(n.Kernel[0]) * int64(n.Kernel[1])
		bias := int64(1)
		if n.NoBias {
			bias = 0
		}
		var f int64
		switch n.Op {
		case Conv:
			f = out * (2*window*int64(shapes[n.Inputs[0]][0]/n.Groups) + bias)
		case Dense:
			f = out * (2*in + bias)
		case MaxPool, AvgPool:
			f = out * window
		case GlobalAvgPool:
			f = in
		case Rescale, BatchNorm:
			f = 2 * out
		case ReLU, Add:
			f = out
		case Softmax:
			f = 3 * out
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
