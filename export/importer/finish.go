package importer

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/table"
)

// finish makes a network of what was read up to the output.
func (r *reader) finish(out *value) (*Network, error) {
	last := *out
	softmax := last.softmax
	last.softmax = ""
	net := &Network{Weights: r.weights}
	v, err := &last, error(nil)
	if softmax == "" && last.mean == "" && len(last.order()) > 1 {
		v, err = r.plain(&last) // features of several pixels
	} else {
		v, err = r.vector(&last)
	}
	if err != nil {
		return nil, err
	}
	if v.flat != nil && softmax != "" {
		return nil, unsupported("its classes are the values of an image")
	}
	if v.node == model.InputName || r.spec.Node(v.node) == nil {
		return nil, unsupported("there is no network between the input and the output")
	}
	node := r.denseHead(v.node)
	if head := r.layer(node); head != nil && r.answers(node, head, softmax) {
		if err := r.end(net, node, head, softmax); err != nil {
			return nil, err
		}
	} else {
		net.Cut = node
	}
	r.prune(net)
	net.Spec = r.spec
	if err := net.check(); err != nil {
		return nil, err
	}
	return net, r.describe(net)
}

// denseHead writes a classifier that is a convolution over all of its input, and
// then flattened, as the dense layer that it is. It returns the name of the node
// that answers.
func (r *reader) denseHead(node string) string {
	flat := r.spec.Node(node)
	if flat.Op != model.Flatten {
		return node
	}
	conv := r.spec.Node(flat.Inputs[0])
	readers := r.spec.Consumers()
	if conv == nil || conv.Op != model.Conv || conv.Groups != 1 || conv.Pads != [4]int{} ||
		len(readers[conv.Name]) != 1 {
		return node
	}
	in := r.shapes[conv.Inputs[0]]
	if conv.Kernel != [2]int{in[1], in[2]} {
		return node
	}
	source := r.spec.Node(conv.Inputs[0])
	w := model.ParamName(conv.Name, model.Weight)
	data := r.weights[w].Data
	r.weights[w] = onnx.Tensor{Shape: []int{conv.Units, len(data) / conv.Units}, Data: data}
	dense := model.Node{Name: conv.Name, Op: model.Dense, Units: conv.Units, NoBias: conv.NoBias}
	r.shapes[conv.Name] = []int{conv.Units}
	at := slices.IndexFunc(r.spec.Nodes, named(conv.Name))
	if source != nil && source.Op == model.AvgPool && r.isGlobal(source) &&
		len(readers[source.Name]) == 1 {

		*source = model.Node{Name: source.Name, Op: model.GlobalAvgPool, Inputs: source.Inputs}
		r.shapes[source.Name] = in[:1]
		dense.Inputs = []string{source.Name}
		r.spec.Nodes[at] = dense
		r.spec.Nodes = slices.DeleteFunc(r.spec.Nodes, named(node))
		return dense.Name
	}
	before := model.Node{Name: node, Op: model.Flatten, Inputs: []string{conv.Inputs[0]}}
	dense.Inputs = []string{node}
	nodes := slices.DeleteFunc(slices.Clone(r.spec.Nodes), named(node))
	nodes[at] = dense
	r.spec.Nodes = slices.Insert(nodes, at, before)
	r.shapes[node] = []int{int(product(in))}
	return dense.Name
}

// named finds a node by its name.
func named(name string) func(model.Node) bool {
	return func(n model.Node) bool { return n.Name == name }
}

// isGlobal says whether a pool's one window is all of its input.
func (r *reader) isGlobal(n *model.Node) bool {
	x := r.shapes[n.Inputs[0]]
	return n.Kernel == [2]int{x[1], x[2]} && n.Pads == [4]int{}
}

func product(shape []int) int64 {
	p := int64(1)
	for _, d := range shape {
		p *= int64(d)
	}
	return p
}

// layer is the last layer with weights before a node, or the node itself; nil
// where branches meet first.
func (r *reader) layer(node string) *model.Node {
	for {
		n := r.spec.Node(node)
		switch {
		case n == nil:
			return nil
		case n.Op == model.Conv || n.Op == model.Dense:
			return n
		case len(n.Inputs) != 1:
			return nil
		}
		node = n.Inputs[0]
	}
}

// answers says whether a node's values are answers for classes rather than
// features: there is a softmax, or a name for each, or a dense layer makes them,
// or a convolution as many as ImageNet has classes.
func (r *reader) answers(node string, head *model.Node, softmax string) bool {
	k := r.shapes[node]
	if len(k) != 1 {
		return false
	}
	imageNet := k[0] == 1000 || k[0] == 1001 // one more for the background
	return softmax != "" || len(r.meta.Labels) == k[0] ||
		head.Op == model.Dense && head.Name == node ||
		head.Op == model.Conv && head.Units == k[0] && imageNet
}

// end adds the softmax, and keeps the names of the exported file's outputs for
// what they mean.
func (r *reader) end(net *Network, logits string, head *model.Node, softmax string) error {
	net.Cut, net.Head, net.Classes = head.Inputs[0], head.Name, r.shapes[logits][0]
	if net.Cut == model.InputName {
		return unsupported("there is no network before its head")
	}
	rename := map[string]string{}
	for _, reserved := range []string{export.Logits, export.Probabilities} {
		if n := r.spec.Node(reserved); n != nil && (reserved != export.Logits || logits != reserved) {
			rename[reserved] = r.unique(reserved + "_layer")
		}
	}
	for from, to := range rename {
		r.rename(from, to)
		for _, s := range []*string{&net.Cut, &net.Head, &logits} {
			if *s == from {
				*s = to
			}
		}
	}
	if softmax == "" {
		softmax = export.Probabilities
	}
	delete(r.names, export.Probabilities)
	v, err := r.emit(model.Node{Op: model.Softmax}, softmax, logits)
	if err != nil {
		return err
	}
	r.spec.Classes = net.Classes
	r.spec.Outputs = []model.Output{{Name: "main", Node: v.node, Weight: 1}}
	return nil
}

// rename changes the name of a node and of its parameters.
func (r *reader) rename(from, to string) {
	for i := range r.spec.Nodes {
		n := &r.spec.Nodes[i]
		if n.Name == from {
			n.Name = to
		}
		n.Inputs = slices.Clone(n.Inputs)
		for j, in := range n.Inputs {
			if in == from {
				n.Inputs[j] = to
			}
		}
	}
	r.shapes[to] = r.shapes[from]
	for _, role := range roles {
		if t, ok := r.weights[model.ParamName(from, role)]; ok {
			r.weights[model.ParamName(to, role)] = t
			delete(r.weights, model.ParamName(from, role))
		}
	}
}

// roles are all that a parameter can be.
var roles = []model.Role{model.Weight, model.Bias, model.RunningMean, model.RunningVar}

// prune takes out nodes that nothing needs.
func (r *reader) prune(net *Network) {
	last := net.Cut
	if len(r.spec.Outputs) > 0 {
		last = r.spec.Main().Node
	}
	r.spec.Nodes, r.weights = above(r.spec.Nodes, r.weights, last)
	net.Weights = r.weights
}

// above are the nodes that a node needs, itself among them, and their weights.
func above(nodes []model.Node, weights model.Weights, last string) ([]model.Node, model.Weights) {
	needed := map[string]bool{last: true}
	var list []model.Node
	for i := len(nodes) - 1; i >= 0; i-- {
		if n := nodes[i]; needed[n.Name] {
			n.Inputs = slices.Clone(n.Inputs)
			list = append(list, n)
			for _, in := range n.Inputs {
				needed[in] = true
			}
		}
	}
	slices.Reverse(list)
	rest := maps.Clone(weights)
	for _, n := range nodes {
		if !needed[n.Name] {
			for _, role := range roles {
				delete(rest, model.ParamName(n.Name, role))
			}
		}
	}
	return list, rest
}

// brightest is the largest number that networks are trained with: those that take
// bytes less their mean have 151.
const brightest = 160

// takesPixels says whether the file rescales its input itself, to numbers that
// networks take where the input is 0 to 255. Where it is 0 to 1 they would be
// hundreds.
func (r *reader) takesPixels() bool {
	for i := range r.spec.Nodes {
		n := &r.spec.Nodes[i]
		if n.Op != model.Rescale {
			continue
		}
		scales, offsets := n.Rescaling()
		for c := range 3 {
			if math.Abs(255*scales[c]+offsets[c]) > brightest {
				r.note("The file rescales its input, which seems not to be 0 to 255: that would make it %.4g.",
					255*scales[c]+offsets[c])
				return false
			}
		}
	}
	return len(r.rescale) > 0
}

// describe fills in what the metadata say, and the notes.
func (r *reader) describe(net *Network) error {
	net.Normalised = r.meta.Input != "" || r.takesPixels()
	if s := r.meta.Rescale; s != nil && r.meta.Input == export.Float {
		net.Normalised = false
		err := net.normalise(model.Node{Scale: s.Scale, Offset: s.Offset,
			Scales: s.Scales, Offsets: s.Offsets})
		if err != nil {
			return fmt.Errorf("metadata rescale: %w", err)
		}
	}
	net.Labels = r.meta.Labels
	if net.Labels != nil && len(net.Labels) != net.Classes {
		r.note("The file has %d labels for %d classes: they are not used.", len(net.Labels), net.Classes)
		net.Labels = nil
	}
	if p := r.meta.Preprocess; p != (imageprep.Config{}) {
		p.Size = net.Spec.Input[1]
		net.Preprocess = &p
	}
	for _, op := range slices.Sorted(maps.Keys(r.dropped)) {
		r.note("Left out, since it computes nothing at inference: %s (%s).", op,
			table.Count(r.dropped[op], "time"))
	}
	if net.Head == "" {
		r.note("The file has no classifier: %s is its feature vector.", net.Cut)
	}
	if !net.Normalised {
		r.note("The file does not say how pixels become its input.")
	}
	net.Notes = r.notes
	return nil
}
