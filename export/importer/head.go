package importer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// ReplaceHead returns the network up to the cut with a head for other classes
// behind it: a dense layer and a softmax, named as model.Builder does. A cut that
// is an image is averaged first. The new layer starts as seed says, but classes
// that have a name in both lists keep their row; copied says how many. The weights are
// the caller's own: to train them changes neither the network nor another call's.
func (n *Network) ReplaceHead(labels []string, seed uint64) (
	spec model.Spec, w model.Weights, copied int, err error) {

	if len(labels) == 0 {
		return spec, nil, 0, errors.New("a head needs at least one class")
	}
	spec, shared, err := n.withHead(len(labels))
	if err != nil {
		return spec, nil, 0, err
	}
	w = shared.Clone() // a training changes its weights
	drawn, err := spec.NewWeights(seed)
	if err != nil {
		return spec, nil, 0, err
	}
	for _, role := range []model.Role{model.Weight, model.Bias} {
		name := model.ParamName(export.Logits, role)
		w[name] = drawn[name]
	}
	copied = n.copyRows(labels, w)
	return spec, w, copied, spec.CheckWeights(w)
}

// withHead is the body with a new head, which has no weights yet.
func (n *Network) withHead(classes int) (model.Spec, model.Weights, error) {
	nodes, w := above(n.Spec.Nodes, n.Weights, n.Cut)
	spec := model.Spec{Name: n.Spec.Name, Input: n.Spec.Input, Classes: classes, Nodes: nodes}
	for _, name := range []string{export.Logits, export.Probabilities} {
		if spec.Node(name) != nil {
			return spec, nil, fmt.Errorf("network %s: node %s is before the cut %s",
				spec.Name, name, n.Cut)
		}
	}
	features := n.Cut
	add := func(node model.Node) {
		node.Inputs = []string{features}
		features = node.Name
		spec.Nodes = append(spec.Nodes, node)
	}
	shape, err := n.cutShape()
	if err != nil {
		return spec, nil, err
	}
	if len(shape) == 3 {
		name := "globalavgpool1"
		for i := 2; spec.Node(name) != nil; i++ {
			name = fmt.Sprintf("globalavgpool%d", i)
		}
		add(model.Node{Name: name, Op: model.GlobalAvgPool})
	}
	add(model.Node{Name: export.Logits, Op: model.Dense, Units: classes})
	add(model.Node{Name: export.Probabilities, Op: model.Softmax})
	spec.Outputs = []model.Output{{Name: "main", Node: export.Probabilities, Weight: 1}}
	return spec, w, nil
}

// cutShape is the shape of the cut's value.
func (n *Network) cutShape() ([]int, error) {
	shapes := map[string][]int{model.InputName: n.Spec.Input[:]}
	for _, node := range n.Spec.Nodes {
		in := make([][]int, len(node.Inputs))
		for i, name := range node.Inputs {
			in[i] = shapes[name]
		}
		shape, err := node.Shape(in)
		if err != nil {
			return nil, fmt.Errorf("network %s: node %s (%s): %w", n.Spec.Name, node.Name, node.Op, err)
		}
		shapes[node.Name] = shape
	}
	if shapes[n.Cut] == nil {
		return nil, fmt.Errorf("network %s: no node %q to cut at", n.Spec.Name, n.Cut)
	}
	return shapes[n.Cut], nil
}

// copyRows copies the rows of classes that have a name in both lists.
func (n *Network) copyRows(labels []string, w model.Weights) (copied int) {
	old := n.Spec.Node(n.Head)
	if old == nil || old.Op != model.Dense || len(n.Labels) != old.Units ||
		n.Spec.Logits(n.Spec.Main()) != n.Head {

		return 0
	}
	from := n.Weights[model.ParamName(n.Head, model.Weight)]
	to := w[model.ParamName(export.Logits, model.Weight)]
	bias := n.Weights[model.ParamName(n.Head, model.Bias)]
	columns := from.Shape[1]
	for i, name := range labels {
		j := slices.Index(n.Labels, name)
		if j < 0 {
			continue
		}
		copied++
		copy(to.Data[i*columns:(i+1)*columns], from.Data[j*columns:(j+1)*columns])
		if !old.NoBias {
			w[model.ParamName(export.Logits, model.Bias)].Data[i] = bias.Data[j]
		}
	}
	return copied
}

// Normalise makes the network take pixels, 0 to 255: what it took until now is
// x*scale + offset of them.
func (n *Network) Normalise(scale, offset float64) error {
	return n.normalise(model.Node{Scale: scale, Offset: offset})
}

// NormaliseChannels is Normalise with a scale and an offset for each of R, G and B.
func (n *Network) NormaliseChannels(scales, offsets [3]float64) error {
	return n.normalise(model.Node{Scales: scales, Offsets: offsets})
}

// normalise puts a rescale before all that reads the input, within a rescale that
// the network has.
func (n *Network) normalise(rescale model.Node) error {
	if n.Normalised {
		return fmt.Errorf("network %s rescales its pixels already", n.Spec.Name)
	}
	rescale.Op, rescale.Inputs, rescale.Name = model.Rescale, []string{model.InputName}, "rescale1"
	for i := 2; n.Spec.Node(rescale.Name) != nil; i++ {
		rescale.Name = fmt.Sprintf("rescale%d", i)
	}
	if _, err := rescale.Shape([][]int{n.Spec.Input[:]}); err != nil {
		return fmt.Errorf("network %s: %w", n.Spec.Name, err)
	}
	nodes, used := []model.Node{rescale}, false
	for _, node := range n.Spec.Nodes {
		node.Inputs = slices.Clone(node.Inputs)
		if node.Op == model.Rescale {
			node = within(rescale, node)
		} else if i := slices.Index(node.Inputs, model.InputName); i >= 0 {
			node.Inputs[i], used = rescale.Name, true
		}
		nodes = append(nodes, node)
	}
	if !used {
		nodes = nodes[1:]
	}
	n.Spec.Nodes, n.Normalised = nodes, true
	return nil
}

// within is the rescale b of what the rescale a makes.
func within(a, b model.Node) model.Node {
	first, firstOffsets := a.Rescaling()
	second, secondOffsets := b.Rescaling()
	b.Scale, b.Offset = 0, 0
	for c := range 3 {
		b.Scales[c] = first[c] * second[c]
		b.Offsets[c] = firstOffsets[c]*second[c] + secondOffsets[c]
	}
	s, o := b.Scales, b.Offsets
	if s[0] == s[1] && s[1] == s[2] && o[0] == o[1] && o[1] == o[2] {
		b.Scale, b.Offset, b.Scales, b.Offsets = s[0], o[0], [3]float64{}, [3]float64{}
	}
	return b
}

// check says whether the network is complete, or would be with a head.
func (n *Network) check() error {
	if n.Head != "" {
		return n.Spec.CheckWeights(n.Weights)
	}
	spec, w, err := n.withHead(1)
	if err != nil {
		return err
	}
	shape, err := n.cutShape()
	if err != nil {
		return err
	}
	if shape[0] > maxValues {
		return fmt.Errorf("network %s: %s has %d features, want at most %d",
			n.Spec.Name, n.Cut, shape[0], maxValues)
	}
	w[model.ParamName(export.Logits, model.Weight)] = onnx.NewTensor(1, shape[0])
	w[model.ParamName(export.Logits, model.Bias)] = onnx.NewTensor(1)
	return spec.CheckWeights(w)
}
