package nn

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// newCrossEntropyLoss adds -sum_k(targets_k * log softmax(logits)_k), times each
// image's weight, averaged over the images (divided by N, as Keras, not by the
// sum of the weights), times the scale.
//
//	logits, targets: (N, K)   weights: (N)   result: a scalar
//
// Targets need not be one-hot: smoothed labels and mixed images work, and rows
// need not sum to 1. It is computed from logits, in float64, by the log-sum-exp, so no
// probability is clipped.
func newCrossEntropyLoss[T kernel.Float](g *graph[T], name string, logits, targets, weights *G.Node,
	scale float64) (*G.Node, error) {

	return newLoss(g, name, "crossentropy", crossEntropy[T], logits, targets, weights, scale)
}

// newSquaredErrorLoss adds the mean over the classes of (probabilities-targets)^2,
// weighted and averaged as in newCrossEntropyLoss: Keras' MSE on a softmax.
//
//	probabilities, targets: (N, K)   weights: (N)   result: a scalar
func newSquaredErrorLoss[T kernel.Float](g *graph[T], name string,
	probabilities, targets, weights *G.Node, scale float64) (*G.Node, error) {

	return newLoss(g, name, "squarederror", squaredError[T],
		probabilities, targets, weights, scale)
}

// row computes the loss of one image, of its x against its targets t, and writes the
// gradient into dx unless that is nil.
type row[T kernel.Float] func(dx, x, t []T) float64

func newLoss[T kernel.Float](g *graph[T], name, kind string, f row[T],
	x, targets, weights *G.Node, scale float64) (*G.Node, error) {

	s := x.Shape()
	if len(s) != 2 || !targets.Shape().Eq(s) || weights.DataSize() != s[0] {
		return nil, fmt.Errorf("node %s (%s): %v, targets %v, weights %v; want (N, K), (N, K) and (N)",
			name, kind, s, targets.Shape(), weights.Shape())
	}
	o := &loss[T]{row: f, classes: s[1], scale: scale / float64(s[0])}
	o.kind, o.config, o.shape = kind, fmt.Sprint(scale), tensor.ScalarShape()
	return g.apply(o, name, x, targets, weights)
}

type loss[T kernel.Float] struct {
	op[T]
	row     row[T]
	classes int
	scale   float64 // over N
}

var _ G.SDOp = (*loss[float32])(nil)

func (o *loss[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	x, t, k := floats[T](in[0]), floats[T](in[1]), o.classes
	sum := 0.0
	for i, w := range floats[T](in[2]) {
		sum += float64(w) * o.row(nil, x[i*k:(i+1)*k], t[i*k:(i+1)*k])
	}
	o.out[0] = T(sum * o.scale)
	return o.end()
}

func (o *loss[T]) SymDiff(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	d := &lossGradient[T]{row: o.row, classes: o.classes, scale: o.scale}
	d.kind, d.config, d.shape = o.kind+"Gradient", o.config, in[0].Shape()
	dx, err := o.g.apply(d, o.name+".dx", dy, in[0], in[1], in[2])
	return G.Nodes{dx, nil, nil}, err
}

// lossGradient computes dx from the gradient of the loss, a scalar, and the
// loss' inputs.
type lossGradient[T kernel.Float] struct {
	op[T]
	row     row[T]
	classes int
	scale   float64
}

func (o *lossGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	x, t, k := floats[T](in[1]), floats[T](in[2]), o.classes
	up := o.scale * scalar(in[0])
	for i, w := range floats[T](in[3]) {
		dx := o.out[i*k : (i+1)*k]
		o.row(dx, x[i*k:(i+1)*k], t[i*k:(i+1)*k])
		for j := range dx {
			dx[j] *= T(up * float64(w))
		}
	}
	return o.end()
}

// crossEntropy has the gradient softmax(x)*sum(t) - t.
func crossEntropy[T kernel.Float](dx, x, t []T) float64 {
	top := x[0]
	for _, v := range x {
		top = max(top, v) // NaN where any is
	}
	sum, mass, dot := 0.0, 0.0, 0.0
	for i, v := range x {
		sum += math.Exp(float64(v - top))
		mass += float64(t[i])
		dot += float64(t[i]) * float64(v-top)
	}
	for i := range dx {
		dx[i] = T(math.Exp(float64(x[i]-top))/sum*mass - float64(t[i]))
	}
	return math.Log(sum)*mass - dot
}

func squaredError[T kernel.Float](dx, x, t []T) float64 {
	sum, k := 0.0, float64(len(x))
	for i, v := range x {
		d := float64(v - t[i])
		sum += d * d
		if dx != nil {
			dx[i] = T(2 * d / k)
		}
	}
	return sum / k
}

// newTotalLoss adds the sum of the heads' losses, whose scales hold their weights.
//
//	losses, result: scalars
func newTotalLoss[T kernel.Float](g *graph[T], name string, losses ...*G.Node) (*G.Node, error) {
	o := &total[T]{}
	o.kind, o.shape = "total", tensor.ScalarShape()
	return g.apply(o, name, losses...)
}

type total[T kernel.Float] struct{ op[T] }

var _ G.SDOp = (*total[float32])(nil)

func (o *total[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	sum := 0.0
	for _, v := range in {
		sum += scalar(v)
	}
	o.out[0] = T(sum)
	return o.end()
}

func (o *total[T]) SymDiff(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	grads := make(G.Nodes, len(in))
	for i := range grads {
		grads[i] = dy
	}
	return grads, nil
}
