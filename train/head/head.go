// Package head fits a linear classifier to features that a network computed: a
// multinomial logistic regression with an L2 penalty, whose strength is chosen by
// cross-validation. It is what a frozen network is given for the classes of a few
// pictures, in seconds. It imports nothing of this module but train/numbers. Start at
// [Fit].
package head

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/flowerctl/flowerctl/train/numbers"
)

// Examples are N rows of D features with their classes.
type Examples struct {
	N, D     int
	Features []float32 // N x D
	Labels   []int     // 0 to Classes-1
	Classes  int
	// Several are, where an example has any number of labels, those of each, in order, in
	// place of Labels: the head is a logistic regression for each label then. nil elsewhere.
	Several [][]int
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
	case e.Several != nil && len(e.Several) != e.N:
		return fmt.Errorf("the labels of %d examples for %d", len(e.Several), e.N)
	case e.Classes < 2 && e.Several == nil:
		return fmt.Errorf("%d classes, want 2 or more", e.Classes)
	case folds < 2:
		return fmt.Errorf("%d folds, want 2 or more", folds)
	}
	for i, l := range e.Labels {
		if l < 0 || l >= e.Classes {
			return fmt.Errorf("example %d has label %d, want 0 to %d", i, l, e.Classes-1)
		}
	}
	for i, several := range e.Several {
		for _, l := range several {
			if l < 0 || l >= e.Classes {
				return fmt.Errorf("example %d has label %d, want 0 to %d", i, l, e.Classes-1)
			}
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
	o.fill(&e)
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
		if l.Tried, err = p.validate(ctx, o.Penalties, fold, folds, nil); err != nil {
			return nil, err
		}
		l.Penalty = l.Tried[best(l.Tried)].Penalty
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

// fill puts in the defaults for so many examples.
func (o *Options) fill(e *Examples) {
	if o.Folds == 0 {
		if o.Folds = 5; e.N > 1000 { // each fold is large, and takes long
			o.Folds = 3
		}
	}
	if o.Penalties == nil {
		o.Penalties = []float64{3, 1, 0.3, 0.1, 0.03, 0.01, 3e-3}
	}
}

// best is the index of the trial with the smallest loss, the first of equals.
func best(tried []Trial) (index int) {
	for i, t := range tried {
		if t.Loss < tried[index].Loss {
			index = i
		}
	}
	return index
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
		mean += e.loss(logits, i) / float64(e.N)
		if e.right(logits, i) {
			right++
		}
	}
	if e.Several != nil {
		mean /= float64(e.Classes) // as training has it
	}
	return mean, right
}

// validate is what the penalties come to over all folds, from the strongest on and
// until one is worse than the one before: the weaker ones would overfit more, and
// take the longest. Where held is not nil, it gets what each penalty's fits answer for
// what they did not see.
func (p *problem) validate(ctx context.Context, penalties []float64, fold []int,
	folds int, held *[][]Held) (tried []Trial, err error) {
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
		var answers []Held
		if held != nil {
			answers = make([]Held, p.N)
			*held = append(*held, answers)
		}
		g, ctx := errgroup.WithContext(ctx)
		for k := range parts {
			g.Go(func() (err error) {
				results[k], err = p.try(ctx, &parts[k], penalty, answers)
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

// try fits a part, and sums up losses and right answers of what it did not see. The
// answers are put down in held unless it is nil.
func (p *problem) try(ctx context.Context, f *part, penalty float64, held []Held) (
	t Trial, err error) {

	if f.w, err = p.fit(ctx, f.in, penalty, f.w); err != nil {
		return t, err
	}
	z := p.logits(p.rows(f.out), f.w)
	for i, row := range f.out {
		logits := z[i*p.Classes : (i+1)*p.Classes]
		t.Loss += p.loss(logits, row)
		if p.right(logits, row) {
			t.Accuracy++
		}
		if held != nil {
			held[row] = newHeld(logits, p.Labels[row])
		}
	}
	return t, nil
}
