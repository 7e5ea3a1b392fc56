package importer

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/checkpoint"
)

// checkpointOf is an imported network as a checkpoint.
func checkpointOf(n *Network) *checkpoint.Checkpoint {
	c := &checkpoint.Checkpoint{Spec: n.Spec, Weights: n.Weights,
		Preprocess: imageprep.Config{Size: n.Spec.Input[1]}}
	for i := range n.Classes {
		c.Labels = append(c.Labels, strconv.Itoa(i))
	}
	return c
}

// mutate changes a model as the bytes say, three bytes a change.
func mutate(m *onnx.Model, script []byte) {
	ops := []string{"Conv", "Reshape", "Transpose", "Pad", "Gemm", "MatMul", "Add", "Mul", "Concat", "Clip",
		"Softmax", "Squeeze", "Unsqueeze", "ReduceMean", "MaxPool", "AveragePool", "GlobalAveragePool", "Identity",
		"BatchNormalization", "Flatten", "Sub", "Div", "Slice", "Gather", "Shape", "Sum", "Max", "Min", "Cast"}
	numbers := []int64{0, 1, -1, 2, 3, 7, math.MaxInt64, math.MinInt64, 1 << 20, 1 << 31}
	for ; len(script) >= 3; script = script[3:] {
		what, where, how := int(script[0]), int(script[1]), int(script[2])
		n := &m.Graph.Nodes[where%len(m.Graph.Nodes)]
		switch what % 8 {
		case 0:
			n.Op = ops[how%len(ops)]
		case 1:
			if len(n.Inputs) > 0 {
				other := m.Graph.Nodes[how%len(m.Graph.Nodes)]
				n.Inputs[what/8%len(n.Inputs)] = other.Outputs[0]
			}
		case 2:
			if len(n.Inputs) > 0 && len(m.Graph.Initializers) > 0 {
				n.Inputs[what/8%len(n.Inputs)] = m.Graph.Initializers[how%len(m.Graph.Initializers)].Name
			}
		case 3:
			if len(n.Attributes) > 0 {
				a := &n.Attributes[what/8%len(n.Attributes)]
				a.Int, a.Float = numbers[how%len(numbers)], float32(how)-3
				if len(a.Ints) > 0 {
					a.Ints = slices.Clone(a.Ints)
					a.Ints[how%len(a.Ints)] = numbers[how/len(a.Ints)%len(numbers)]
				}
			}
		case 4:
			n.Attributes = append(n.Attributes, onnx.Ints([]string{"axes", "perm", "pads", "kernel_shape", "dilations"}[what/8%5],
				numbers[how%10], numbers[how/10%10]))
		case 5:
			n.Inputs = n.Inputs[:min(how%4, len(n.Inputs))]
		case 6:
			if t := m.Graph.Initializers; len(t) > 0 {
				t[where%len(t)].Dims = []int64{numbers[how%10], numbers[how/10%10]}
			}
		case 7:
			d := m.Graph.Inputs[0].Dims
			d[where%len(d)].Value = numbers[how%10]
		}
	}
}

// FuzzImport: whatever a file's graph says, Import answers or returns an error.
func FuzzImport(f *testing.F) {
	f.Add(uint8(0), []byte{0, 3, 1})
	f.Add(uint8(3), []byte{1, 5, 2, 8, 9, 3})
	f.Add(uint8(9), []byte{3, 2, 6, 4, 1, 12, 6, 0, 2})
	tiny := networks.Preset(f, "tiny", 64)
	var files [][]byte
	for _, m := range []*onnx.Model{written(f, tiny, export.Options{}), written(f, tiny, export.Options{Input: export.Float})} {
		file, err := m.Encode()
		if err != nil {
			f.Fatal(err)
		}
		files = append(files, file)
	}
	for _, form := range forms {
		file, err := form.file().Encode()
		if err != nil {
			f.Fatal(err)
		}
		files = append(files, file)
	}
	f.Fuzz(func(t *testing.T, which uint8, script []byte) {
		m, err := onnx.Decode(files[int(which)%len(files)])
		if err != nil {
			t.Fatal(err)
		}
		mutate(m, script)
		n, err := Import(m, Options{})
		if err != nil {
			return
		}
		if err := n.check(); err != nil {
			t.Errorf("a network that is not complete: %v", err)
		}
	})
}
