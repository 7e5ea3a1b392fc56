package nn

import (
	"slices"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/optim"
)

// freeze takes the parameters of the named nodes out of the training, makes the memory
// of the gradients of all others, and returns these with their factors on the learning
// rate.
//
// That the backward pass ends at the first trained node follows: graph.apply wants no
// gradient of a node that depends on no trained parameter, and such nodes prepare their
// kernels for inference.
func freeze(s *source[float32], nodes []string, rates map[string]float64) []optim.Param {
	s.frozen = make(map[string]bool, len(nodes))
	for _, name := range nodes {
		s.frozen[name] = true
	}
	s.params, s.grads = slices.Clone(s.params), tensors[float32]{}
	var trained []optim.Param
	for i := range s.params {
		p := &s.params[i]
		p.Trainable = p.Trainable && !s.frozen[p.Node]
		if !p.Trainable {
			continue
		}
		value := s.values[p.Name]
		grad := make([]float32, len(value))
		s.grads[p.Name] = grad
		trained = append(trained,
			optim.Param{Name: p.Name, Value: value, Grad: grad, Rate: rates[p.Node]})
	}
	return trained
}

// statistics lists the running statistics that steps change.
func statistics(s *source[float32]) []statistic {
	var stats []statistic
	for _, p := range s.params {
		running := p.Role == model.RunningMean || p.Role == model.RunningVar
		if value := s.values[p.Name]; running && !s.frozen[p.Node] {
			one := statistic{now: value, before: make([]float32, len(value)), mean: -1}
			if p.Role == model.RunningVar { // which comes after its mean
				one.mean = len(stats) - 1
			}
			stats = append(stats, one)
		}
	}
	return stats
}
