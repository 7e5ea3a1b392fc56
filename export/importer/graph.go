package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// newReader finds the input and the output of a graph, and the shapes between.
func newReader(m *onnx.Model, o Options) (*reader, error) {
	m = withoutTemperature(m)
	r := &reader{opts: o, opset: m.Opset(""), graph: &m.Graph, batch: -1,
		makers:       make(map[string]*onnx.Node, len(m.Graph.Nodes)),
		initializers: make(map[string]*onnx.Initializer, len(m.Graph.Initializers)),
		computed:     map[string]*array{}, values: map[string]*value{}, shapes: map[string][]int{},
		weights: model.Weights{}, names: map[string]bool{model.InputName: true, export.ImageInput: true},
		rescale: map[string]string{}, dropped: map[string]int{}}
	for i := range m.Graph.Initializers {
		r.initializers[m.Graph.Initializers[i].Name] = &m.Graph.Initializers[i]
	}
	for i := range m.Graph.Nodes {
		for _, out := range m.Graph.Nodes[i].Outputs {
			r.makers[out] = &m.Graph.Nodes[i]
		}
	}
	delete(r.makers, "")
	var err error
	if r.meta, err = export.ReadMetadata(m); err != nil {
		r.note("The file's metadata are not read: %s.", err)
		r.meta = export.Metadata{}
	}
	r.spec.Name = r.networkName()
	if err := r.findInput(m); err != nil {
		return nil, err
	}
	r.findConstants()
	return r, r.findOutput()
}

// withoutTemperature is the model whose softmax reads the logits where the file says
// that it divides them by a temperature: it belongs to the answers, not to the network.
func withoutTemperature(m *onnx.Model) *onnx.Model {
	if _, ok := m.Property("temperature"); !ok {
		return m
	}
	out := *m
	out.Graph.Nodes = slices.Clone(m.Graph.Nodes)
	for i := range out.Graph.Nodes {
		n := &out.Graph.Nodes[i]
		if n.Op != "Softmax" || len(n.Inputs) != 1 {
			continue
		}
		for j := range m.Graph.Nodes {
			d := &m.Graph.Nodes[j]
			if d.Op == "Div" && len(d.Inputs) == 2 && slices.Contains(d.Outputs, n.Inputs[0]) &&
				d.Inputs[0] == export.Logits {
				n.Inputs = []string{export.Logits}
				break
			}
		}
	}
	return &out
}

// networkName is what the caller says, or what the file does.
func (r *reader) networkName() string {
	for _, name := range []string{r.opts.Name, r.meta.Arch, r.graph.Name} {
		if name = strings.Join(strings.Fields(name), "-"); name != "" {
			return name
		}
	}
	return "imported"
}

// findInput sets the value that is the network's input, its shape, and the types
// of all values for images of its size.
func (r *reader) findInput(m *onnx.Model) error {
	var inputs []onnx.ValueInfo
	for _, in := range r.graph.Inputs {
		if r.initializers[in.Name] == nil {
			inputs = append(inputs, in)
		}
	}
	switch len(inputs) {
	case 0:
		return fmt.Errorf("the file takes no input")
	case 1:
	default:
		return fmt.Errorf("the file takes %d inputs, %s and %s: only a classifier of one image is read",
			len(inputs), inputs[0].Name, inputs[1].Name)
	}
	in := inputs[0]
	if r.prepares(in) {
		return r.behindPreprocessing(m)
	}
	axes, err := r.layout(in)
	if err != nil {
		return err
	}
	size, err := r.size(in, axes)
	if err != nil {
		return err
	}
	if b := in.Dims[0].Value; b > 0 {
		r.batch = b
	}
	known := onnx.TensorInfo(in.Name, in.Elem, in.Dims[0], onnx.Dim{}, onnx.Dim{}, onnx.Dim{})
	if r.batch < 0 {
		known.Dims[0] = onnx.Symbol("N")
	}
	for i, a := range axes[1:] {
		known.Dims[i+1] = onnx.Known([]int{3, size, size}[a])
	}
	sized := *m
	sized.Graph.Inputs = slices.Clone(m.Graph.Inputs)
	for i, other := range sized.Graph.Inputs {
		if other.Name == in.Name {
			sized.Graph.Inputs[i] = known
		}
	}
	r.sized = &sized
	if r.types, err = sized.Types(); err != nil {
		return err
	}
	r.start(in.Name, size, axes)
	return nil
}

// start makes a value of the file the network's input.
func (r *reader) start(name string, size int, axes []int) {
	r.input = name
	r.spec.Input = [3]int{3, size, size}
	r.shapes[model.InputName] = r.spec.Input[:]
	r.values[name] = &value{node: model.InputName, shape: r.shapes[model.InputName], axes: axes}
}

// prepares says whether the file holds this module's own preprocessing.
func (r *reader) prepares(in onnx.ValueInfo) bool {
	return r.meta.Input == export.Image && in.Name == export.ImageInput &&
		r.makers[model.InputName] != nil
}

// behindPreprocessing starts at the value that the preprocessing makes.
func (r *reader) behindPreprocessing(m *onnx.Model) error {
	sized, err := *m, error(nil)
	r.sized = &sized
	if r.types, err = m.Types(); err != nil {
		return err
	}
	t := r.types[model.InputName]
	if !t.Ranked || len(t.Dims) != 4 || t.Dims[1].Value != 3 || t.Dims[2].Value < 1 ||
		t.Dims[2] != t.Dims[3] {

		return fmt.Errorf("the preprocessing makes %s, want [N 3 S S]", t)
	}
	size := int(t.Dims[2].Value)
	if r.opts.Size != 0 && r.opts.Size != size {
		return r.otherSize(size)
	}
	r.start(model.InputName, size, []int{batchAxis, 0, 1, 2})
	return nil
}

func (r *reader) otherSize(size int) error {
	return fmt.Errorf("the file takes images of %d x %d, not %d x %d",
		size, size, r.opts.Size, r.opts.Size)
}

// layout says where an input has its channels.
func (r *reader) layout(in onnx.ValueInfo) ([]int, error) {
	if in.Kind != onnx.TensorKind || !in.Ranked || len(in.Dims) != 4 {
		return nil, fmt.Errorf("input %s is %s, want images [N 3 H W] or [N H W 3]", in.Name, in)
	}
	first, last := []int{batchAxis, 0, 1, 2}, []int{batchAxis, 1, 2, 0}
	switch {
	case in.Dims[1].Value == 3:
		return first, nil
	case in.Dims[3].Value == 3:
		return last, nil
	case in.Dims[1].Value >= 0 && in.Dims[3].Value >= 0:
		return nil, fmt.Errorf("input %s is %s, want images of 3 channels, [N 3 H W] or [N H W 3]",
			in.Name, in)
	}
	for i := range r.graph.Nodes { // all lengths are free: the first Transpose tells
		n := &r.graph.Nodes[i]
		if n.Op == "Transpose" && slices.Contains(n.Inputs, in.Name) {
			if perm, err := n.Ints("perm"); err == nil && slices.Equal(perm, []int64{0, 3, 1, 2}) {
				return last, nil
			}
		}
	}
	return first, nil
}

// size is the side of the square: the file's, or the one that is asked for.
func (r *reader) size(in onnx.ValueInfo, axes []int) (int, error) {
	var sides []int64
	for i, a := range axes {
		if v := in.Dims[i].Value; a > 0 && v > 0 {
			sides = append(sides, v)
		}
	}
	if len(sides) == 2 && sides[0] != sides[1] {
		return 0, fmt.Errorf("input %s is %s, want squares", in.Name, in)
	}
	size := r.opts.Size
	switch {
	case len(sides) > 0 && sides[0] > largest:
		return 0, fmt.Errorf("input %s is %s, want at most %d pixels a side", in.Name, in, largest)
	case len(sides) > 0 && size != 0 && size != int(sides[0]):
		return 0, r.otherSize(int(sides[0]))
	case len(sides) > 0:
		size = int(sides[0])
	case size == 0:
		size = r.meta.Size
	}
	if size < 1 || size > largest {
		return 0, fmt.Errorf("the file takes images of any size (%s): a size has to be chosen", in)
	}
	return size, nil
}

// findOutput chooses the output that is read.
func (r *reader) findOutput() error {
	if r.opts.Output != "" {
		r.output = r.opts.Output
		if r.makers[r.output] == nil {
			return fmt.Errorf("the file has no value %q", r.output)
		}
		return nil
	}
	position := make(map[*onnx.Node]int, len(r.graph.Nodes))
	for i := range r.graph.Nodes {
		position[&r.graph.Nodes[i]] = i
	}
	best := [2]int{-2, -2}
	for _, out := range r.graph.Outputs {
		n, t := r.makers[out.Name], r.types[out.Name]
		if n == nil || t.Kind == onnx.TensorKind && t.Elem != onnx.NoElem && !real(t.Elem) {
			continue
		}
		at := [2]int{r.lastLayer(out.Name, position), position[n]}
		if slices.Compare(at[:], best[:]) > 0 {
			best, r.output = at, out.Name
		}
	}
	if r.output == "" {
		return fmt.Errorf("the file has no output of real numbers")
	}
	for _, out := range r.graph.Outputs {
		if out.Name != r.output && !r.reads(out.Name) {
			r.note("Output %s is not read.", out.Name)
		}
	}
	if r.meta.MultiLabel && r.output == export.Probabilities && r.makers[export.Logits] != nil {
		r.output = export.Logits // their sigmoids are those of the labels
	}
	return nil
}

func real(t onnx.ElemType) bool {
	return slices.Contains([]onnx.ElemType{onnx.Float32, onnx.Float16, onnx.Float64, onnx.BFloat16}, t)
}

// lastLayer is the place of the last layer with weights that a value depends on,
// -1 where there is none.
func (r *reader) lastLayer(value string, position map[*onnx.Node]int) int {
	last := -1
	for n := range r.above(value) {
		if slices.Contains([]string{"Gemm", "MatMul", "Conv"}, n.Op) {
			last = max(last, position[n])
		}
	}
	return last
}

// reads says whether the output that is read depends on a value.
func (r *reader) reads(value string) bool {
	return r.above(r.output)[r.makers[value]]
}

// above are the nodes that a value depends on.
func (r *reader) above(value string) map[*onnx.Node]bool {
	found := map[*onnx.Node]bool{}
	for next := []string{value}; len(next) > 0; {
		v := next[len(next)-1]
		next = next[:len(next)-1]
		n := r.makers[v]
		if n == nil || found[n] || v == r.input {
			continue
		}
		found[n] = true
		next = append(next, r.dataInputs(n)...)
	}
	return found
}
