package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
)

// FromNothing is the value of Settings.From that starts from no network, whatever
// is at hand.
const FromNothing = "none"

// Base is a network that exists, to start a training from: Settings.From says
// which. The packages that read files make it; see export/transfer.
type Base struct {
	Name string // of the network, for checkpoints and people
	Size int    // side of the images, pixels
	// Replace is the network with a head for these classes, which takes pixels of 0 to
	// 255, and its weights; copied is how many classes have their row of the old head.
	Replace func(labels []string, seed uint64) (
		spec model.Spec, w model.Weights, copied int, err error)
	// Check compares the network, as it was read, with its file on a few images:
	// squares of Size, n of them, RGB, a byte a value. It may be nil.
	Check func(ctx context.Context, pixels []uint8, n int) error
	// Extractor computes features in place of a network to train; Replace is nil then.
	Extractor *Extractor
}

// ErrNoBase means that Settings.From names a network and Options.Base is nil.
var ErrNoBase = errors.New("a network to start from is named, and not given")

// checkedImages is how many images Base.Check gets.
const checkedImages = 32

// FromBase says whether a training starts from a network that exists.
func (s *Settings) FromBase() bool { return s.From != "" && s.From != FromNothing }

// FromBase says whether the session's network is one that existed.
func (s *Session) FromBase() bool { return s.plan.FromBase() }

// starts gives the network its first weights: those of the run that goes on, of
// the network it starts from, or new ones.
func (s *Session) starts(ctx context.Context, classes int) (model.Weights, error) {
	switch {
	case s.options.Resume != nil && s.plan.FromBase():
		last := s.options.Resume.Checkpoint
		s.Spec = last.Spec
		return last.Weights.Clone(), nil
	case s.plan.frozenWay():
		return s.startsFrozen(ctx, classes)
	case s.plan.FromBase():
		return s.fromBase(ctx, classes)
	}
	var err error
	if s.Spec, err = s.plan.spec(classes); err != nil {
		return nil, err
	}
	return s.Spec.NewWeights(s.plan.Seed)
}

func (s *Session) fromBase(ctx context.Context, classes int) (w model.Weights, err error) {
	b := s.options.Base
	if b == nil || b.Replace == nil {
		return nil, ErrNoBase
	}
	if s.Images == nil {
		s.Spec, w, _, err = b.Replace(numbered(classes), s.plan.Seed)
		return w, err
	}
	if s.Spec, w, s.Copied, err = b.Replace(s.Images.Set.Labels, s.plan.Seed); err != nil {
		return nil, err
	}
	return w, s.checkBase(ctx)
}

// numbered are names of classes that have none.
func numbered(classes int) (names []string) {
	for i := range classes {
		names = append(names, strconv.Itoa(i))
	}
	return names
}

// checkBase compares the base with its file on a few of the training images.
func (s *Session) checkBase(ctx context.Context) error {
	b := s.options.Base
	if b.Check == nil {
		return nil
	}
	indices := s.Images.Set.Indices(data.Train)
	var pixels []uint8
	few := spread(len(indices), min(checkedImages, len(indices)))
	for _, i := range few {
		image, err := s.Images.Image(indices[i])
		if err != nil {
			return err
		}
		pixels = append(pixels, image...)
	}
	return b.Check(ctx, pixels, len(few))
}

// cut is the node whose values the head reads.
func cut(spec *model.Spec) (string, error) {
	head, err := headNode(spec)
	if err != nil {
		return "", err
	}
	return head.Inputs[0], nil
}

// headNode is the dense layer that gives the main output's logits.
func headNode(spec *model.Spec) (*model.Node, error) {
	softmax := spec.Node(spec.Outputs[0].Node)
	if softmax == nil || len(softmax.Inputs) == 0 {
		return nil, fmt.Errorf("network %s has no output", spec.Name)
	}
	head := spec.Node(softmax.Inputs[0])
	if head == nil || head.Op != model.Dense {
		return nil, fmt.Errorf("network %s does not end in a dense layer", spec.Name)
	}
	return head, nil
}

// bodyRates slow down all nodes but the head.
func (p *plan) bodyRates(spec *model.Spec) (map[string]float64, error) {
	if !p.FromBase() || p.LRBody == 0 || p.LRBody == p.LR {
		return nil, nil
	}
	head, err := headNode(spec)
	if err != nil {
		return nil, err
	}
	rates := map[string]float64{}
	for _, n := range spec.Nodes {
		if n.Name != head.Name {
			rates[n.Name] = p.LRBody / p.LR
		}
	}
	return rates, nil
}

// BaseName is what folders of runs are called after that start from a network.
func BaseName(from string) string {
	name := filepath.Base(from)
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// Name is what the run's network is called: for folders and lists.
func (s Settings) Name() string {
	if s.FromBase() {
		return BaseName(s.From)
	}
	return s.Arch
}
