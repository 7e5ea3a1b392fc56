package nn

import (
	"math"
	"slices"
	"time"
)

// Profile has the time of all steps since the network was made, or since
// [Network.ResetProfile], by what it was spent on. It costs two clock readings an op.
type Profile struct {
	Steps     int
	Input     time.Duration // pixels and targets into the graph
	Forward   time.Duration // ops up to the loss
	Backward  time.Duration // gradient ops
	Optimizer time.Duration // norms, clipping and the update
	Machine   time.Duration // what gorgonia spent between the ops

	Ops []OpTime // in the order of execution

	run time.Duration // of the whole graph
}

// OpTime is the time of one node of the training graphs.
type OpTime struct {
	Node     string // "conv1", or "conv1.dw" for a gradient
	Kind     string // "conv", "convWeights"
	Backward bool
	Time     time.Duration
}

// Profile returns the times of the steps so far.
func (n *Network) Profile() Profile {
	p := n.profile
	index := map[string]int{}
	for _, prog := range n.trainingPrograms() {
		for _, o := range prog.ops {
			b := o.base()
			i, ok := index[b.name]
			if !ok {
				i = len(p.Ops)
				index[b.name] = i
				p.Ops = append(p.Ops, OpTime{Node: b.name, Kind: b.kind, Backward: b.backward})
			}
			p.Ops[i].Time += b.spent
			if b.backward {
				p.Backward += b.spent
			} else {
				p.Forward += b.spent
			}
		}
	}
	p.Machine = p.run - p.Forward - p.Backward
	return p
}

// ResetProfile starts again at zero.
func (n *Network) ResetProfile() {
	n.profile = Profile{}
	for _, prog := range n.trainingPrograms() {
		for _, o := range prog.ops {
			o.base().spent = 0
		}
	}
}

// trainingPrograms lists them, the largest batch first.
func (n *Network) trainingPrograms() []*program[float32] {
	var uses []use
	for u := range n.programs {
		if u.purpose == training {
			uses = append(uses, u)
		}
	}
	slices.SortFunc(uses, func(a, b use) int { return b.n - a.n })
	out := make([]*program[float32], len(uses))
	for i, u := range uses {
		out[i] = n.programs[u]
	}
	return out
}

func rms(norm float64, n int) float64 { return norm / math.Sqrt(float64(n)) }
