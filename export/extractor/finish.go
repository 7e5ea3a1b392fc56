package extractor

import (
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/summary"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// Names in the file.
const (
	Input    = export.FloatInput
	Features = export.Features
	prefix   = "extractor/" // of all that comes between
)

// Form is how the file takes several images.
type Form int

// The forms.
const (
	// Together: all at once, also where the network's file says one.
	Together Form = iota
	// OneByOne: the network runs once for each of them, in a Scan.
	OneByOne
)

// File is a finished extractor.
type File struct {
	Model    *onnx.Model
	Features int
	Said     string // what makes one vector of the network's value, "" for nothing
	// Parameters are the numbers that the file owns, FLOPs its operations for one image.
	Parameters, FLOPs int64
	pool              pooling
}

// Vector is the features, as the file computes them, of the network's value for one
// image.
func (f *File) Vector(value onnx.Tensor) []float32 { return f.pool.vector(value) }

// Finish makes the file. shape is that of the Model's value for one image.
func (d *Draft) Finish(shape []int, form Form) (*File, error) {
	pool, features, said, err := poolingOf(shape)
	if err != nil {
		return nil, fmt.Errorf("value %s: %w", d.value, err)
	}
	body := *d.Model
	hoist(&body.Graph)
	if err := body.Upgrade(export.DefaultOpset); err != nil {
		return nil, err
	}
	inner := body.Graph.Prefixed(prefix)
	g := onnx.Graph{Name: "extractor", Initializers: inner.Initializers}
	d.take(&g, inner.Inputs[0].Name)
	g.Nodes = append(g.Nodes, inner.Nodes...)
	value := inner.Outputs[0]
	out := pool.apply(&g, value.Name)
	g.Nodes = append(g.Nodes, onnx.Node{Name: Features, Op: "Cast", Inputs: []string{out},
		Outputs: []string{Features}, Attributes: []onnx.Attribute{onnx.Int("to", int64(onnx.Float32))}})
	n := onnx.Symbol("N")
	if form == OneByOne {
		n = onnx.Known(1)
	}
	g.Inputs = []onnx.ValueInfo{onnx.TensorInfo(Input, onnx.Float32, n, onnx.Known(3),
		onnx.Known(d.Size), onnx.Known(d.Size))}
	g.Outputs = []onnx.ValueInfo{onnx.TensorInfo(Features, onnx.Float32, n, onnx.Known(features))}
	m := &onnx.Model{IRVersion: max(body.IRVersion, 8), Opsets: body.Opsets,
		ProducerName: "flowerctl", Functions: body.Functions, Graph: g}
	counts, err := summary.OfModel(m) // which checks it
	if err != nil {
		return nil, err
	}
	if form == OneByOne {
		m.Graph = oneByOne(g, d.Size, features)
		if err := m.Check(); err != nil {
			return nil, err
		}
	}
	return &File{Model: m, Features: features, Said: said, pool: pool,
		Parameters: counts.Parameters, FLOPs: counts.FLOPs}, nil
}

// hoist makes initializers of the constants among the nodes: Paddle keeps its weights in
// them.
func hoist(g *onnx.Graph) {
	var nodes []onnx.Node
	g.Initializers = slices.Clone(g.Initializers)
	for _, n := range g.Nodes {
		a := n.Attribute("value")
		if n.Op != "Constant" || n.Domain != "" || a == nil || a.Tensor == nil {
			nodes = append(nodes, n)
			continue
		}
		t := *a.Tensor
		t.Name = n.Outputs[0]
		g.Initializers = append(g.Initializers, t)
	}
	g.Nodes = nodes
}

// take adds what makes the network's input of pixels.
func (d *Draft) take(g *onnx.Graph, input string) {
	x := Input
	add := func(op, name string, attrs []onnx.Attribute, more ...string) {
		name = prefix + "take_" + name
		g.Nodes = append(g.Nodes, onnx.Node{Name: name, Op: op, Inputs: append([]string{x}, more...),
			Outputs: []string{name}, Attributes: attrs})
		x = name
	}
	three := func(name string, v [3]float64) string {
		name = prefix + "take_" + name
		g.Initializers = append(g.Initializers, onnx.NewInitializer(name, onnx.Tensor{
			Shape: []int{1, 3, 1, 1}, Data: []float32{float32(v[0]), float32(v[1]), float32(v[2])}}))
		return name
	}
	if d.scale != [3]float64{1, 1, 1} {
		add("Mul", "scaled", nil, three("scale", d.scale))
	}
	if d.move != [3]float64{} {
		add("Add", "moved", nil, three("offset", d.move))
	}
	if d.swapped {
		g.Initializers = append(g.Initializers, onnx.NewInt64(prefix+"take_bgr", 2, 1, 0))
		add("Gather", "swapped", []onnx.Attribute{onnx.Int("axis", 1)}, prefix+"take_bgr")
	}
	if !d.Input.ChannelsFirst {
		add("Transpose", "last", []onnx.Attribute{onnx.Ints("perm", 0, 2, 3, 1)})
	}
	elem := map[string]onnx.ElemType{"uint8": onnx.Uint8, "float16": onnx.Float16}[d.Input.Type]
	if elem == onnx.NoElem {
		elem = onnx.Float32
	}
	g.Nodes = append(g.Nodes, onnx.Node{Name: input, Op: "Cast", Inputs: []string{x},
		Outputs: []string{input}, Attributes: []onnx.Attribute{onnx.Int("to", int64(elem))}})
}

// oneByOne runs a graph for one image after the other.
func oneByOne(g onnx.Graph, size, features int) onnx.Graph {
	const image, one, row = prefix + "image", prefix + "images", prefix + "row"
	body := onnx.Graph{Name: "image"}
	body.Inputs = []onnx.ValueInfo{onnx.TensorInfo(image, onnx.Float32, onnx.Known(3),
		onnx.Known(size), onnx.Known(size))}
	body.Outputs = []onnx.ValueInfo{onnx.TensorInfo(row, onnx.Float32, onnx.Known(features))}
	axis := onnx.NewInt64(prefix+"axis", 0)
	body.Nodes = append(body.Nodes, onnx.Node{Name: one, Op: "Unsqueeze",
		Inputs: []string{image, axis.Name}, Outputs: []string{one}})
	for _, n := range g.Nodes {
		n.Inputs, n.Outputs = slices.Clone(n.Inputs), slices.Clone(n.Outputs)
		for i, in := range n.Inputs {
			if in == Input {
				n.Inputs[i] = one
			}
		}
		if n.Outputs[0] == Features {
			n.Name, n.Outputs[0] = prefix+Features, prefix+Features
		}
		body.Nodes = append(body.Nodes, n)
	}
	body.Nodes = append(body.Nodes, onnx.Node{Name: row, Op: "Squeeze",
		Inputs: []string{prefix + Features, axis.Name}, Outputs: []string{row}})
	n := onnx.Symbol("N")
	return onnx.Graph{Name: g.Name, Initializers: append(g.Initializers, axis),
		Inputs: []onnx.ValueInfo{onnx.TensorInfo(Input, onnx.Float32, n, onnx.Known(3),
			onnx.Known(size), onnx.Known(size))},
		Outputs: []onnx.ValueInfo{onnx.TensorInfo(Features, onnx.Float32, n, onnx.Known(features))},
		Nodes: []onnx.Node{{Name: Features, Op: "Scan", Inputs: []string{Input},
			Outputs: []string{Features}, Attributes: []onnx.Attribute{
				{Name: "body", Type: onnx.GraphAttr, Graph: &body},
				onnx.Int("num_scan_inputs", 1)}}}}
}

// Node is the extractor in a network: of a file with this hash, made of something.
func (f *File) Node(sha256, of string) model.Node {
	return model.Node{Name: "extractor", Op: model.Extract, Inputs: []string{model.InputName},
		Units: f.Features, File: &model.File{SHA256: sha256, Parameters: f.Parameters,
			FLOPs: f.FLOPs, Of: of}}
}
