package nn

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// tensors holds parameters, or their gradients, by name.
type tensors[T kernel.Float] map[string][]T

// source is what the graphs of a network, one for each use and batch size, are
// made from and share.
type source[T kernel.Float] struct {
	spec   model.Spec
	params []model.Param
	engine kernel.Engine[T]
	memory *workspace[T]
	values tensors[T]
	grads  tensors[T] // where gradients go; nil leaves them in the workspace
	loss   Loss       // "" for a graph without a loss
	// positive are the weights of Config.PositiveWeights.
	positive []float32
	fused    bool            // as fuse.go says
	keep     bool            // the value of every node can be read after a run
	frozen   map[string]bool // nodes that do not train, see Config.Frozen
	result   string          // a node whose value can be read after a run; "" for the heads alone
}

// program is one sealed graph, for a use and a batch size.
type program[T kernel.Float] struct {
	*graph[T]
	images, targets, weights *G.Node
	// By head, the main one first. probabilities are nil where nothing needs them.
	logits, probabilities []*G.Node
	loss                  *G.Node
	grads                 []*G.Node // of the trainable parameters, in order
	value                 map[string]*G.Node
}

// sized is the source for square images of another side.
func (s *source[T]) sized(side int) *source[T] {
	out := *s
	out.spec.Input[1], out.spec.Input[2] = side, side
	return &out
}

// compile makes the graph for batches of n images.
func (s *source[T]) compile(n int, m mode) (*program[T], error) {
	// A hash collision, see graph.unique, goes away with other names.
	for salt := 0; ; salt++ {
		p, err := s.try(n, m, salt)
		if err == nil || !errors.Is(err, errHash) || salt == 3 {
			return p, err
		}
	}
}

func (s *source[T]) try(n int, m mode, salt int) (*program[T], error) {
	g := newGraph(s.engine, s.memory, m)
	g.salt = salt
	p := &program[T]{graph: g, images: g.Input(model.InputName, s.input(n)...)}
	b := &builder[T]{g: g, spec: &s.spec, frozen: s.frozen, params: map[string]*G.Node{}}
	if s.fused {
		b.fusion = fuse(&s.spec)
	}
	var trainable []*G.Node
	for _, param := range s.params {
		node := g.Param(param.Name, s.values[param.Name], param.Trainable, param.Shape...)
		b.params[param.Name] = node
		if param.Trainable {
			trainable = append(trainable, node)
		}
	}
	if err := b.build(p.images); err != nil {
		return nil, err
	}
	p.value = b.value
	if err := s.heads(p); err != nil {
		return nil, err
	}
	if m.Train {
		if err := s.differentiate(p, trainable); err != nil {
			return nil, err
		}
	}
	return p, g.Seal()
}

// heads finds the logits and probabilities that are read, and adds the loss.
func (s *source[T]) heads(p *program[T]) error {
	if s.loss != "" {
		p.targets = p.Input("targets", p.images.Shape()[0], s.spec.Classes)
		p.weights = p.Input("weights", p.images.Shape()[0])
	}
	var losses []*G.Node
	for _, head := range s.spec.Outputs {
		logits, probabilities := p.value[s.spec.Logits(head)], p.value[head.Node]
		p.logits, p.probabilities = append(p.logits, logits), append(p.probabilities, probabilities)
		p.Keep(logits, probabilities)
		if s.loss == "" {
			continue
		}
		name, from, make := head.Name+".loss", logits, newCrossEntropyLoss[T]
		switch {
		case s.loss == SquaredError:
			from, make = probabilities, newSquaredErrorLoss[T]
		case s.spec.MultiLabel():
			make = s.newBinaryCrossEntropyLoss
		}
		l, err := make(p.graph, name, from, p.targets, p.weights, head.Weight)
		if err != nil {
			return err
		}
		losses = append(losses, l)
	}
	if s.keep {
		for _, n := range p.value {
			p.Keep(n)
		}
	}
	if s.result != "" {
		p.Keep(p.value[s.result])
	}
	switch len(losses) {
	case 0:
		return nil
	case 1:
		p.loss = losses[0]
	default:
		var err error
		if p.loss, err = newTotalLoss(p.graph, "loss", losses...); err != nil {
			return err
		}
	}
	p.Keep(p.loss)
	return nil
}

// differentiate adds the backward pass; gradients go to s.grads.
func (s *source[T]) differentiate(p *program[T], trainable []*G.Node) error {
	var err error
	if p.grads, err = p.Differentiate(p.loss, trainable...); err != nil {
		return fmt.Errorf("network %s: %w", s.spec.Name, err)
	}
	if s.grads == nil {
		return nil
	}
	i := 0
	for _, param := range s.params {
		if param.Trainable {
			p.grads[i].Op().(operation[T]).base().bind(s.grads[param.Name])
			i++
		}
	}
	return nil
}
