package head

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/optimize"

	"github.com/flowerctl/flowerctl/train/numbers"
)

// problem are examples with features of mean 0, divided by their root mean square
// deviation, with a last feature of 1 for the bias. Scaling each feature by its own
// deviation would give a say to those that hardly ever change: on photographs of
// flowers it costs 2 to 3 points.
type problem struct {
	*Examples
	x     blas64.General // N x (D+1)
	mean  []float64
	scale float64
}

func newProblem(e *Examples) *problem {
	p := &problem{Examples: e, mean: make([]float64, e.D)}
	for i := range e.N {
		for j, v := range e.Features[i*e.D : (i+1)*e.D] {
			p.mean[j] += float64(v) / float64(e.N)
		}
	}
	squares := 0.0
	for i := range e.N {
		for j, v := range e.Features[i*e.D : (i+1)*e.D] {
			d := float64(v) - p.mean[j]
			squares += d * d
		}
	}
	if p.scale = math.Sqrt(squares / float64(e.N*e.D)); p.scale == 0 {
		p.scale = 1 // all examples are equal
	}
	stride := e.D + 1
	p.x = blas64.General{Rows: e.N, Cols: stride, Stride: stride, Data: make([]float64, e.N*stride)}
	for i := range e.N {
		row := p.x.Data[i*stride : (i+1)*stride]
		for j, v := range e.Features[i*e.D : (i+1)*e.D] {
			row[j] = (float64(v) - p.mean[j]) / p.scale
		}
		row[e.D] = 1
	}
	return p
}

// folds deals the groups of each class out to the folds, in a random order; n is how
// many folds there are.
func (p *problem) folds(want int, seed uint64) (fold []int, n int) {
	byClass := make([][]int, p.Classes) // groups
	seen := map[int]bool{}
	for i, l := range p.Labels {
		if p.Several != nil {
			l = 0 // all groups alike: a rare label would leave no fold
		}
		if g := p.group(i); !seen[g] {
			seen[g] = true
			byClass[l] = append(byClass[l], g)
		}
	}
	n = want
	for _, groups := range byClass {
		if len(groups) > 0 {
			n = min(n, len(groups))
		}
	}
	rng := rand.New(rand.NewPCG(seed, 0x68656164)) // "head"
	of := map[int]int{}
	next := 0
	for _, groups := range byClass {
		rng.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
		for _, g := range groups {
			of[g] = next % n
			next++
		}
	}
	fold = make([]int, p.N)
	for i := range fold {
		fold[i] = of[p.group(i)]
	}
	return fold, n
}

func (p *problem) group(i int) int {
	if p.Groups == nil {
		return i
	}
	return p.Groups[i]
}

// rows are some of the examples, copied.
func (p *problem) rows(indices []int) blas64.General {
	x := blas64.General{Rows: len(indices), Cols: p.x.Cols, Stride: p.x.Stride}
	if len(indices) == p.N {
		x.Data = p.x.Data
		return x
	}
	for _, i := range indices {
		x.Data = append(x.Data, p.x.Data[i*x.Stride:(i+1)*x.Stride]...)
	}
	return x
}

// logits are x times the transposed weights, rows x Classes.
func (p *problem) logits(x blas64.General, w []float64) []float64 {
	z := blas64.General{Rows: x.Rows, Cols: p.Classes, Stride: p.Classes,
		Data: make([]float64, x.Rows*p.Classes)}
	blas64.Gemm(blas.NoTrans, blas.Trans, 1, x, p.weights(w), 0, z)
	return z.Data
}

func (p *problem) weights(w []float64) blas64.General {
	return blas64.General{Rows: p.Classes, Cols: p.x.Cols, Stride: p.x.Stride, Data: w}
}

// gradientTolerance ends a fit: the largest slope of the mean loss by a weight.
const gradientTolerance = 1e-4

// fit minimises mean cross-entropy + penalty/2 |W|^2 over the examples with these
// indices by L-BFGS, from the start, or from 0 where it is nil. The bias has no
// penalty.
func (p *problem) fit(ctx context.Context, indices []int, penalty float64,
	start []float64) ([]float64, error) {
	x := p.rows(indices)
	if start == nil {
		start = make([]float64, p.Classes*p.x.Cols)
	}
	o := &objective{problem: p, x: x, indices: indices, penalty: penalty,
		grad: make([]float64, len(start))}
	result, err := optimize.Minimize(optimize.Problem{
		Func:   func(w []float64) float64 { o.evaluate(w); return o.loss },
		Grad:   func(grad, w []float64) { o.evaluate(w); copy(grad, o.grad) },
		Status: func() (optimize.Status, error) { return optimize.NotTerminated, ctx.Err() },
	}, start, &optimize.Settings{GradientThreshold: gradientTolerance, MajorIterations: 100,
		Converger: &optimize.FunctionConverge{Absolute: 1e-6, Relative: 1e-5, Iterations: 5}},
		&optimize.LBFGS{})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case result == nil:
		return nil, fmt.Errorf("fitting the head: %w", err)
	}
	for _, v := range result.X {
		if !numbers.Finite(v) {
			return nil, errors.New("fitting the head: the weights are not finite")
		}
	}
	return result.X, nil // a line search that finds no better point is at the minimum
}

// objective is the loss and its gradient, of the weights they were last asked for.
type objective struct {
	*problem
	x       blas64.General
	indices []int
	penalty float64
	at      []float64
	loss    float64
	grad    []float64
}

func (o *objective) evaluate(w []float64) {
	if o.at != nil && slices.Equal(o.at, w) {
		return
	}
	o.at = append(o.at[:0], w...)
	k, n := o.Classes, float64(o.x.Rows)
	z := o.logits(o.x, w)
	o.loss = 0
	for i, row := range o.indices {
		logits := z[i*k : (i+1)*k]
		o.loss += o.problem.loss(logits, row) / n
		o.residual(logits, row)
	}
	grad := blas64.General{Rows: k, Cols: o.x.Cols, Stride: o.x.Stride, Data: o.grad}
	probabilities := blas64.General{Rows: o.x.Rows, Cols: k, Stride: k, Data: z}
	blas64.Gemm(blas.Trans, blas.NoTrans, 1/n, probabilities, o.x, 0, grad)
	for c := range k {
		for j := range o.D { // all but the bias
			v := w[c*o.x.Stride+j]
			o.loss += o.penalty / 2 * v * v
			o.grad[c*o.x.Stride+j] += o.penalty * v
		}
	}
}

// unscaled turns weights for scaled features into those for features as they came.
func (p *problem) unscaled(w []float64) (weight, bias []float32) {
	weight, bias = make([]float32, p.Classes*p.D), make([]float32, p.Classes)
	for c := range p.Classes {
		row := w[c*p.x.Stride : (c+1)*p.x.Stride]
		b := row[p.D]
		for j := range p.D {
			v := row[j] / p.scale
			weight[c*p.D+j] = float32(v)
			b -= v * p.mean[j]
		}
		bias[c] = float32(b)
	}
	return weight, bias
}

// crossEntropy is log(sum(exp(logits))) - logits[label].
func crossEntropy(logits []float64, label int) float64 {
	top := slices.Max(logits)
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum) - logits[label]
}

// softmax turns logits into probabilities, in place.
func softmax(logits []float64) {
	top := slices.Max(logits)
	sum := 0.0
	for i, v := range logits {
		logits[i] = math.Exp(v - top)
		sum += logits[i]
	}
	for i := range logits {
		logits[i] /= sum
	}
}
