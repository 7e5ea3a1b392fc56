// Package head fits a linear classifier to features that a network computed: a
// multinomial logistic regression with an L2 penalty, whose strength is chosen by
// cross-validation. It is what a frozen network is given for the classes of a few
// pictures, in seconds. It imports nothing of ours but train/numbers. Start at
// [Fit].
package head

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/optimize"

	"github.com/flowerctl/flowerctl/train/numbers"
)

// Examples are N rows of D features with their classes.
type Examples struct {
	N, D     int
	Features []float32 // N x D
	Labels   []int     // 0 to Classes-1
	Classes  int
	// Groups are numbers of what must be in one fold: the views of one picture, or a
	// picture and its copies. nil: each row is its own.
	Groups []int
}

// Options say how strong the penalty may be and how it is chosen. The zero value is
// the default.
type Options struct {
	// Penalties are the candidates, from the strongest to the weakest: lambda in
	// mean cross-entropy + lambda/2 |W|^2, with all features divided by one number,
	// their root mean square deviation (scikit-learn's C is 1/(lambda N)). nil: 3 to
	// 3e-3 in steps of a half decade.
	Penalties []float64
	Folds     int    // of the cross-validation; 0: 5, and 3 for more than 1,000 examples
	Seed      uint64 // of the folds
}

// Linear is a fitted head: logits = Weight x + Bias.
type Linear struct {
	Weight []float32 // Classes x D, for features as they came
	Bias   []float32
	// Penalty is the one that was chosen; Tried is what the candidates came to, as
	// far as they were tried.
	Penalty float64
	Tried   []Trial
}

// Trial is a candidate's result on pictures that its fits did not see.
type Trial struct {
	Penalty  float64
	Loss     float64 // mean cross-entropy
	Accuracy float64
}

func (e *Examples) check(folds int) error {
	switch {
	case e.N < 1 || e.D < 1 || len(e.Features) != e.N*e.D || len(e.Labels) != e.N:
		return fmt.Errorf("%d features and %d labels for %d examples of %d features",
			len(e.Features), len(e.Labels), e.N, e.D)
	case e.Groups != nil && len(e.Groups) != e.N:
		return fmt.Errorf("%d groups for %d examples", len(e.Groups), e.N)
	case e.Classes < 2:
		return fmt.Errorf("%d classes, want 2 or more", e.Classes)
	case folds < 2:
		return fmt.Errorf("%d folds, want 2 or more", folds)
	}
	for i, l := range e.Labels {
		if l < 0 || l >= e.Classes {
			return fmt.Errorf("example %d has label %d, want 0 to %d", i, l, e.Classes-1)
		}
	}
	for i, v := range e.Features {
		if !numbers.Finite(v) {
			return fmt.Errorf("feature %d of example %d is %v, want a finite number", i%e.D, i/e.D, v)
		}
	}
	return nil
}

// Fit chooses the penalty with the smallest loss in cross-validation and fits all
// examples with it; a single candidate is taken as it is. The same examples and options
// give the same bits on the same
// kind of machine. Where a class has fewer groups than there are folds, there are as
// many folds as the smallest class has groups; with one, the strongest penalty but
// two is taken and Tried is empty.
func Fit(ctx context.Context, e Examples, o Options) (*Linear, error) {
	if o.Folds == 0 {
		if o.Folds = 5; e.N > 1000 { // each fold is large, and takes long
			o.Folds = 3
		}
	}
	if o.Penalties == nil {
		o.Penalties = []float64{3, 1, 0.3, 0.1, 0.03, 0.01, 3e-3}
	}
	if err := e.check(o.Folds); err != nil {
		return nil, err
	}
	p := newProblem(&e)
	all := make([]int, e.N)
	for i := range all {
		all[i] = i
	}
	l := &Linear{Penalty: o.Penalties[min(2, len(o.Penalties)-1)]}
	fold, folds := p.folds(o.Folds, o.Seed)
	if folds >= 2 && len(o.Penalties) > 1 {
		var err error
		if l.Tried, err = p.validate(ctx, o.Penalties, fold, folds); err != nil {
			return nil, err
		}
		least := slices.MinFunc(l.Tried, func(a, b Trial) int { return cmp.Compare(a.Loss, b.Loss) })
		l.Penalty = least.Penalty
	}
	var w []float64
	for _, penalty := range o.Penalties { // from the strongest on: each start is near its end
		if penalty < l.Penalty {
			break
		}
		var err error
		if w, err = p.fit(ctx, all, penalty, w); err != nil {
			return nil, err
		}
	}
	l.Weight, l.Bias = p.unscaled(w)
	return l, nil
}

// Loss is the mean cross-entropy of the head's answers, and how many are right.
func (l *Linear) Loss(e *Examples) (mean float64, right int) {
	logits := make([]float64, e.Classes)
	for i := range e.N {
		x := e.Features[i*e.D : (i+1)*e.D]
		for c := range logits {
			sum := float64(l.Bias[c])
			for j, w := range l.Weight[c*e.D : (c+1)*e.D] {
				sum += float64(w) * float64(x[j])
			}
			logits[c] = sum
		}
		mean += crossEntropy(logits, e.Labels[i]) / float64(e.N)
		if numbers.ArgMax(logits) == e.Labels[i] {
			right++
		}
	}
	return mean, right
}

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

// validate is what the penalties come to over all folds, from the strongest on and
// until one is worse than the one before: the weaker ones would overfit more, and
// take the longest.
func (p *problem) validate(ctx context.Context, penalties []float64, fold []int,
	folds int) (tried []Trial, err error) {
	parts := make([]part, folds)
	for i, f := range fold {
		for k := range parts {
			if k == f {
				parts[k].out = append(parts[k].out, i)
			} else {
				parts[k].in = append(parts[k].in, i)
			}
		}
	}
	for _, penalty := range penalties {
		results := make([]Trial, folds)
		g, ctx := errgroup.WithContext(ctx)
		for k := range parts {
			g.Go(func() (err error) {
				results[k], err = p.try(ctx, &parts[k], penalty)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		t := Trial{Penalty: penalty}
		for _, r := range results {
			t.Loss += r.Loss / float64(p.N)
			t.Accuracy += r.Accuracy / float64(p.N)
		}
		tried = append(tried, t)
		if n := len(tried); n > 1 && t.Loss > tried[n-2].Loss {
			break
		}
	}
	return tried, nil
}

// part is a fold: the examples outside it, which are fitted, and those in it, and
// the weights of the last fit.
type part struct {
	in, out []int
	w       []float64
}

// try fits a part, and sums up losses and right answers of what it did not see.
func (p *problem) try(ctx context.Context, f *part, penalty float64) (t Trial, err error) {
	if f.w, err = p.fit(ctx, f.in, penalty, f.w); err != nil {
		return t, err
	}
	z := p.logits(p.rows(f.out), f.w)
	for i, row := range f.out {
		logits := z[i*p.Classes : (i+1)*p.Classes]
		t.Loss += crossEntropy(logits, p.Labels[row])
		if numbers.ArgMax(logits) == p.Labels[row] {
			t.Accuracy++
		}
	}
	return t, nil
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
		Converger: &optimize.FunctionConverge{Absolute: 1e-6, Relative: 1e-5, Iterations: 5}}, &optimize.LBFGS{})
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
		label := o.Labels[row]
		o.loss += crossEntropy(logits, label) / n
		softmax(logits)
		logits[label]--
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
