package export

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// Fold returns a network that computes the same with fewer nodes. At inference a
// batch norm is x*scale + shift, with one of each for every channel. It is merged
// into the convolution or dense layer before it, if nothing else reads that, or
// else into the one after it, if that is its only reader. Average pools and
// flatten may be in between, and max-pools where no scale is negative. A
// convolution with padding takes none: its border would have to be padded with the
// shift. Other batch norms stay.
//
// Neither argument is changed; tensors that stay the same are shared.
func Fold(spec model.Spec, weights model.Weights) (model.Spec, model.Weights, error) {
	f := &folder{spec: spec, weights: maps.Clone(weights)}
	f.spec.Nodes = slices.Clone(spec.Nodes)
	for _, n := range spec.Nodes {
		if n.Op != model.BatchNorm {
			continue
		}
		shapes, err := f.spec.Shapes()
		if err != nil {
			return model.Spec{}, nil, err
		}
		f.shapes, f.consumers = shapes, f.spec.Consumers()
		scale, shift := affine(&n, f.weights)
		// Earlier folds may have changed what the batch norm reads.
		if bn := f.spec.Node(n.Name); f.back(bn, scale, shift) || f.forward(bn, scale, shift) {
			f.remove(n.Name)
		}
	}
	return f.spec, f.weights, f.spec.CheckWeights(f.weights)
}

// affine is what a batch norm computes at inference.
func affine(n *model.Node, w model.Weights) (scale, shift []float64) {
	get := func(role model.Role) []float32 { return w[model.ParamName(n.Name, role)].Data }
	gamma, beta := get(model.Weight), get(model.Bias)
	mean, variance := get(model.RunningMean), get(model.RunningVar)
	scale, shift = make([]float64, len(gamma)), make([]float64, len(gamma))
	for i := range gamma {
		scale[i] = float64(gamma[i]) / math.Sqrt(float64(variance[i])+n.Epsilon)
		shift[i] = float64(beta[i]) - float64(mean[i])*scale[i]
	}
	return scale, shift
}

// folder is one Fold under way.
type folder struct {
	spec      model.Spec
	weights   model.Weights
	shapes    map[string][]int
	consumers map[string][]string
}

// back merges into the layer before the batch norm: scale*(Wx+b) + shift.
func (f *folder) back(bn *model.Node, scale, shift []float64) bool {
	p := f.spec.Node(bn.Inputs[0])
	if p == nil || p.Op != model.Conv && p.Op != model.Dense || len(f.consumers[p.Name]) != 1 {
		return false
	}
	w := f.layer(p)
	rows := len(w.Data) / len(scale)
	bias := f.bias(p)
	for o := range scale {
		for i := o * rows; i < (o+1)*rows; i++ {
			w.Data[i] = float32(float64(w.Data[i]) * scale[o])
		}
		bias.Data[o] = float32(float64(bias.Data[o])*scale[o] + shift[o])
	}
	return true
}

// forward merges into the layer after the batch norm: W(scale*x+shift) + b.
func (f *folder) forward(bn *model.Node, scale, shift []float64) bool {
	area := 1 // values a channel in a flattened vector
	for name := bn.Name; len(f.consumers[name]) == 1; {
		n := f.spec.Node(f.consumers[name][0])
		switch n.Op {
		case model.MaxPool:
			if slices.Min(scale) < 0 {
				return false
			}
		case model.Flatten:
			area = int(onnx.Elements(f.shapes[name])) / len(scale)
		case model.AvgPool, model.GlobalAvgPool:
		case model.Conv:
			if n.Pads != [4]int{} {
				return false
			}
			area = n.Kernel[0] * n.Kernel[1]
			f.intoInputs(n, area, len(scale)/n.Groups, scale, shift)
			return true
		case model.Dense:
			f.intoInputs(n, area, len(scale), scale, shift)
			return true
		default:
			return false
		}
		name = n.Name
	}
	return false
}

// intoInputs scales the weight of a layer by its input channels. Each output reads
// perGroup of them, with area values each.
func (f *folder) intoInputs(n *model.Node, area, perGroup int, scale, shift []float64) {
	w, bias := f.layer(n), f.bias(n)
	outs := len(bias.Data)
	groups := len(scale) / perGroup
	for o := range outs {
		first := o / (outs / groups) * perGroup // channel that the output's group starts with
		sum := float64(bias.Data[o])
		row := w.Data[o*perGroup*area : (o+1)*perGroup*area]
		for i := range row {
			c := first + i/area
			sum += float64(row[i]) * shift[c]
			row[i] = float32(float64(row[i]) * scale[c])
		}
		bias.Data[o] = float32(sum)
	}
}

// layer replaces the node's weight by a copy and returns it.
func (f *folder) layer(n *model.Node) onnx.Tensor {
	name := model.ParamName(n.Name, model.Weight)
	t := f.weights[name].Clone()
	f.weights[name] = t
	return t
}

// bias replaces the node's bias by a copy, zeros where it had none, and returns it.
func (f *folder) bias(n *model.Node) onnx.Tensor {
	name := model.ParamName(n.Name, model.Bias)
	t := onnx.NewTensor(n.Units)
	if !n.NoBias {
		copy(t.Data, f.weights[name].Data)
	}
	n.NoBias = false
	f.weights[name] = t
	return t
}

// remove takes the batch norm out. Its readers then read its input.
func (f *folder) remove(name string) {
	bn := *f.spec.Node(name)
	f.spec.Nodes = slices.DeleteFunc(f.spec.Nodes, func(n model.Node) bool { return n.Name == name })
	for i := range f.spec.Nodes {
		n := &f.spec.Nodes[i]
		n.Inputs = slices.Clone(n.Inputs)
		for j, in := range n.Inputs {
			if in == name {
				n.Inputs[j] = bn.Inputs[0]
			}
		}
	}
	for _, role := range []model.Role{model.Weight, model.Bias, model.RunningMean, model.RunningVar} {
		delete(f.weights, model.ParamName(name, role))
	}
}

// normsToConvs turns the batch norms that are left into convolutions of one pixel
// and one channel a group, which runtimes compute in 8 bits.
func normsToConvs(spec model.Spec, weights model.Weights) (model.Spec, model.Weights, error) {
	shapes, err := spec.Shapes()
	if err != nil {
		return model.Spec{}, nil, err
	}
	spec.Nodes, weights = slices.Clone(spec.Nodes), maps.Clone(weights)
	for i := range spec.Nodes {
		n := &spec.Nodes[i]
		shape := shapes[n.Name]
		if n.Op != model.BatchNorm || len(shape) != 3 {
			continue
		}
		scale, shift := affine(n, weights)
		weight, bias := onnx.NewTensor(len(scale), 1, 1, 1), onnx.NewTensor(len(scale))
		for c := range scale {
			weight.Data[c], bias.Data[c] = float32(scale[c]), float32(shift[c])
		}
		*n = model.Node{Name: n.Name, Op: model.Conv, Inputs: n.Inputs, Units: len(scale), Groups: len(scale),
			Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}}
		weights[model.ParamName(n.Name, model.Weight)] = weight
		weights[model.ParamName(n.Name, model.Bias)] = bias
		delete(weights, model.ParamName(n.Name, model.RunningMean))
		delete(weights, model.ParamName(n.Name, model.RunningVar))
	}
	if err := spec.CheckWeights(weights); err != nil {
		return model.Spec{}, nil, fmt.Errorf("batch norms as convolutions: %w", err)
	}
	return spec, weights, nil
}
