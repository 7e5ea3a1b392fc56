package model

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/flowerctl/flowerctl/onnx"
)

// Init is how a node's weights start. Biases start at 0, batch norm starts at gamma 1,
// beta 0, mean 0 and variance 1.
type Init string

// The initialisers. Fans are those of Keras: for a convolution
// fan_in = C/groups*kH*kW and fan_out = O*kH*kW.
const (
	GlorotUniform Init = "glorot_uniform" // U(-l, l), l = sqrt(6/(fan_in+fan_out)); Keras' default
	HeNormal      Init = "he_normal"      // N(0, 2/fan_in) cut at two sigma, as Keras
	HeUniform     Init = "he_uniform"     // U(-l, l), l = sqrt(6/fan_in)
	Zeros         Init = "zeros"
)

// Inits lists the initialisers.
func Inits() []Init { return []Init{GlorotUniform, HeNormal, HeUniform, Zeros} }

// NewWeights draws the first weights. Each parameter has a random stream of its own,
// from seed and its name, so that a new node changes no other node's weights.
func (s *Spec) NewWeights(seed uint64) (Weights, error) {
	params, err := s.Params()
	if err != nil {
		return nil, err
	}
	w := make(Weights, len(params))
	for _, p := range params {
		t := onnx.NewTensor(p.Shape...)
		n := s.Node(p.Node)
		switch {
		case p.Role == RunningVar, p.Role == Weight && n.Op == BatchNorm:
			for i := range t.Data {
				t.Data[i] = 1
			}
		case p.Role == Weight:
			h := fnv.New64a()
			h.Write([]byte(p.Name))
			rng := rand.New(rand.NewPCG(seed, h.Sum64()))
			if err := n.Init.fill(t, rng); err != nil {
				return nil, fmt.Errorf("network %s: node %s: %w", s.Name, n.Name, err)
			}
		}
		w[p.Name] = t
	}
	return w, nil
}

// fill draws the weight of a convolution [O C kH kW] or dense layer [out in].
func (init Init) fill(t onnx.Tensor, rng *rand.Rand) error {
	area := 1
	for _, d := range t.Shape[2:] {
		area *= d
	}
	fanIn, fanOut := float64(t.Shape[1]*area), float64(t.Shape[0]*area)
	uniform := func(limit float64) {
		for i := range t.Data {
			t.Data[i] = float32((2*rng.Float64() - 1) * limit)
		}
	}
	switch init {
	case GlorotUniform, "":
		uniform(math.Sqrt(6 / (fanIn + fanOut)))
	case HeUniform:
		uniform(math.Sqrt(6 / fanIn))
	case HeNormal:
		// A normal distribution that is cut at two sigma has 0.8796 of its deviation;
		// Keras' VarianceScaling divides by that.
		sigma := math.Sqrt(2/fanIn) / 0.87962566103423978
		for i := range t.Data {
			z := rng.NormFloat64()
			for math.Abs(z) > 2 {
				z = rng.NormFloat64()
			}
			t.Data[i] = float32(z * sigma)
		}
	case Zeros:
	default:
		return fmt.Errorf("initialiser %q, want one of %v", init, Inits())
	}
	return nil
}
