package nn

import (
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// newActivation adds a sigmoid, or a value times its own: model.Sigmoid,
// HardSigmoid, SiLU or HardSwish.
//
//	x, result: any shape
//
// It exports as ONNX Sigmoid and HardSigmoid, with a Mul behind them for SiLU, and
// as HardSwish. The arithmetic is float64 for both types of values.
func newActivation[T kernel.Float](g *graph[T], name string, x *G.Node, kind model.Op) (
	*G.Node, error) {

	o := &activation[T]{curve: curves[kind]}
	o.kind, o.shape, o.inPlace = string(kind), x.Shape(), []int{0}
	return g.apply(o, name, x)
}

// curve is a function of one number, and its derivative by x and the result y.
type curve struct {
	value func(x float64) float64
	slope func(x, y float64) float64
	byX   bool // slope needs x, else y is enough
}

var curves = map[model.Op]curve{
	model.Sigmoid: {value: logistic, slope: func(_, y float64) float64 { return y * (1 - y) }},
	model.HardSigmoid: {value: hardLogistic, slope: func(_, y float64) float64 {
		if y > 0 && y < 1 {
			return 1. / 6
		}
		return 0
	}},
	model.SiLU: {
		value: func(x float64) float64 { return x * logistic(x) },
		slope: func(x, _ float64) float64 {
			s := logistic(x)
			return s + x*s*(1-s)
		},
		byX: true,
	},
	model.HardSwish: {
		value: func(x float64) float64 { return x * hardLogistic(x) },
		slope: func(x, _ float64) float64 {
			switch {
			case x <= -3:
				return 0
			case x < 3:
				return x/3 + 0.5
			}
			return 1
		},
		byX: true,
	},
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func hardLogistic(x float64) float64 { return min(max(x/6+0.5, 0), 1) }

type activation[T kernel.Float] struct {
	op[T]
	curve curve
}

var _ G.SDOp = (*activation[float32])(nil)

func (o *activation[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	for i, x := range floats[T](in[0]) {
		o.out[i] = T(o.curve.value(float64(x)))
	}
	return o.end()
}

func (o *activation[T]) SymDiff(in G.Nodes, y, dy *G.Node) (G.Nodes, error) {
	if !o.diff[0] {
		return G.Nodes{nil}, nil
	}
	d := &activationGradient[T]{curve: o.curve}
	d.kind, d.shape, d.inPlace = o.kind+"Gradient", o.shape, []int{0}
	at := y
	if o.curve.byX {
		at = in[0]
	}
	dx, err := o.g.apply(d, o.name+".dx", dy, at)
	return G.Nodes{dx}, err
}

// activationGradient is dx = dy * slope, at x or at y.
type activationGradient[T kernel.Float] struct {
	op[T]
	curve curve
}

func (o *activationGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	dy, at := floats[T](in[0]), floats[T](in[1])
	for i, v := range at {
		o.out[i] = T(float64(dy[i]) * o.curve.slope(float64(v), float64(v)))
	}
	return o.end()
}
