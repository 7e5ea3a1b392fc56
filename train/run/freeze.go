package run

import (
	"math"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
)

// Values of Settings.Freeze beside the names of nodes.
const (
	FreezeAll = "all" // trains the head alone
	// FreezeAuto is FreezeAll where there are fewer than tuneFrom training images a
	// class. Elsewhere it is the node that ends the stages whose values are an eighth of
	// the image across or more, if there is one: edges and textures are the same in all
	// photographs, and these stages take most of the time.
	FreezeAuto = "auto"
	FreezeNone = "none" // as ""
)

// tuneFrom is from how many training images a class on, in the mean, more than the
// head is trained. With EfficientNet-Lite0 and five flowers, of 500 other photographs
// right were: from 16 a class, 81.6 % trained and 81.8 % by the head; from 80, 88.6 %
// and 87.6 %.
const tuneFrom = 50

// fewImages decides whether FreezeAuto is FreezeAll for the images there are. A head
// alone is done after the epoch that fits it.
func (s *Session) fewImages() {
	p := s.plan
	if p.Freeze == FreezeNone {
		p.Freeze = ""
	}
	if p.Freeze == FreezeAuto && s.trainingImages() < tuneFrom*s.Images.Set.Classes() {
		p.Freeze = FreezeAll
		p.Precision = string(nn.FP32) // there is no step for another one
		p.CropFrom = 0                // and no varied image
	}
	if p.Freeze == FreezeAll && p.Hidden == 0 {
		p.Epochs = 1
	}
	s.Settings = p.Settings
}

// settleFreeze replaces FreezeAuto by the node that it is for the network.
func (s *Session) settleFreeze() error {
	if s.plan.Freeze != FreezeAuto {
		return nil
	}
	node, err := lowerStages(&s.Spec)
	s.plan.Freeze, s.Settings.Freeze = node, node
	return err
}

// lowerStages is where the stages end whose values are an eighth of the image across
// or more: of the nodes that everything after them reads through, the last of those
// with the fewest values. It is "" where there is none.
func lowerStages(spec *model.Spec) (string, error) {
	shapes, err := spec.Shapes()
	if err != nil {
		return "", err
	}
	lastReader := map[string]int{} // the last node that reads a value
	for i, n := range spec.Nodes {
		for _, in := range n.Inputs {
			lastReader[in] = i
		}
	}
	node, least := "", math.MaxInt
	read := 0 // the last reader of all values so far
	for i, n := range spec.Nodes {
		shape := shapes[n.Name]
		if len(shape) != 3 || 9*shape[2] < spec.Input[2] { // 27 of 224 is an eighth
			break
		}
		values := shape[0] * shape[1] * shape[2]
		if read <= i && values <= least && n.Op != model.Rescale {
			node, least = n.Name, values
		}
		read = max(read, lastReader[n.Name])
	}
	return node, nil
}

// frozen are the nodes that Settings.Freeze keeps as they are: all before the head,
// or those up to a node.
func (p *plan) frozen(spec *model.Spec) ([]string, error) {
	if p.Freeze == "" {
		return nil, nil
	}
	last := p.Freeze
	if p.frozenWay() {
		return []string{spec.Nodes[0].Name}, nil
	}
	if last == FreezeAll {
		var err error
		if last, err = cut(spec); err != nil {
			return nil, err
		}
	}
	if spec.Node(last) == nil {
		var names []string
		for _, n := range spec.Nodes {
			if n.Op == model.Conv || n.Op == model.Add || n.Op == model.Dense {
				names = append(names, n.Name)
			}
		}
		return nil, wrong("freeze", "network %s has no node %q, want %s, or one such as %s",
			spec.Name, last, FreezeAll, strings.Join(names[max(0, len(names)-6):], ", "))
	}
	before := map[string]bool{last: true}
	for _, n := range slices.Backward(spec.Nodes) {
		if before[n.Name] {
			for _, in := range n.Inputs {
				before[in] = true
			}
		}
	}
	var names []string
	for _, n := range spec.Nodes {
		if before[n.Name] {
			names = append(names, n.Name)
		}
	}
	return names, nil
}
