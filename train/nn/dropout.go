package nn

import (
	"fmt"
	"hash/fnv"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// newDropout adds a dropout, which sets a share rate of the values to zero and
// divides the others by 1-rate (inverted dropout, as Keras and PyTorch). Which ones
// depends only on the graph's Seed and Step and the name of the node.
//
//	x, result: any shape
//
// It belongs in graphs that train and does not export. gorgonia's divides its
// gradient by rate and draws from the clock. Srivastava et al. 2014.
func newDropout[T kernel.Float](g *graph[T], name string, x *G.Node, rate float64) (
	*G.Node, error) {

	if !(rate >= 0 && rate < 1) {
		return nil, fmt.Errorf("node %s (dropout): rate %g, want at least 0 and under 1", name, rate)
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	o := &dropout[T]{rate: rate, stream: h.Sum64() ^ g.Seed}
	o.kind, o.config, o.shape, o.inPlace = "dropout", fmt.Sprint(rate), x.Shape(), []int{0}
	return g.apply(o, name, x)
}

type dropout[T kernel.Float] struct {
	op[T]
	rate   float64
	stream uint64
}

var _ G.SDOp = (*dropout[float32])(nil)

func (o *dropout[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	o.g.engine.Dropout(o.out, floats[T](in[0]), o.rate, mix(o.stream+mix(o.g.Step)))
	return o.end()
}

// SymDiff drops from dy what was dropped from x.
func (o *dropout[T]) SymDiff(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	d := &dropout[T]{rate: o.rate, stream: o.stream}
	d.kind, d.config, d.shape, d.inPlace = "dropoutGradient", o.config, o.shape, []int{0}
	dx, err := o.g.apply(d, o.name+".dx", dy)
	return G.Nodes{dx}, err
}

// mix is SplitMix64's output function: near numbers give results that have nothing
// in common.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
