package head

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/golden"
)

// clouds are classes whose features lie around points of their own, with noise; the
// other features are noise alone.
func clouds(n, d, classes int, noise float64, seed uint64) Examples {
	rng := rand.New(rand.NewPCG(seed, 1))
	e := Examples{N: n, D: d, Classes: classes, Features: make([]float32, n*d), Labels: make([]int, n)}
	for i := range n {
		e.Labels[i] = i % classes
		for j := range d {
			v := noise * rng.NormFloat64()
			if j == e.Labels[i] {
				v += 2
			}
			e.Features[i*d+j] = float32(3*v + 5) // neither centred nor scaled
		}
	}
	return e
}

func (l *Linear) accuracy(e Examples) float64 {
	_, right := l.Loss(&e)
	return float64(right) / float64(e.N)
}

func TestFitFindsTheClasses(t *testing.T) {
	e, unseen := clouds(120, 30, 4, 0.5, 1), clouds(400, 30, 4, 0.5, 2)
	l, err := Fit(context.Background(), e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := l.accuracy(unseen); got < 0.95 {
		t.Errorf("right for %.3f of unseen examples, penalty %g, tried %+v", got, l.Penalty, l.Tried)
	}
}

// TestThePenaltyFitsTheNoise: features that say little want a strong one, and the
// loss that is reported is the one on unseen examples.
func TestThePenaltyFitsTheNoise(t *testing.T) {
	clear, err := Fit(context.Background(), clouds(60, 100, 3, 0.2, 3), Options{})
	if err != nil {
		t.Fatal(err)
	}
	noisy, err := Fit(context.Background(), clouds(60, 100, 3, 4, 3), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if noisy.Penalty < 10*clear.Penalty {
		t.Errorf("penalty %g for noise and %g without, want at least ten times as much", noisy.Penalty, clear.Penalty)
	}
	for _, x := range noisy.Tried {
		if x.Penalty == noisy.Penalty && (x.Loss < 0.9 || x.Accuracy > 0.7) {
			t.Errorf("on noise it claims a loss of %g and %g right", x.Loss, x.Accuracy)
		}
	}
}

// TestTheGradientIsTheSlope compares it with central differences.
func TestTheGradientIsTheSlope(t *testing.T) {
	e := clouds(14, 5, 3, 1, 4)
	p := newProblem(&e)
	all := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
	o := &objective{problem: p, x: p.rows(all), indices: all, penalty: 0.37, grad: make([]float64, 3*6)}
	rng := rand.New(rand.NewPCG(5, 5))
	w := make([]float64, 3*6)
	for i := range w {
		w[i] = rng.NormFloat64()
	}
	o.evaluate(w)
	grad := slices.Clone(o.grad)
	const h = 1e-5
	for i := range w {
		at := func(v float64) float64 {
			x := slices.Clone(w)
			x[i] = v
			o.evaluate(x)
			return o.loss
		}
		slope := (at(w[i]+h) - at(w[i]-h)) / (2 * h)
		if !(math.Abs(slope-grad[i]) < 1e-8) {
			t.Errorf("weight %d: gradient %g, slope %g", i, grad[i], slope)
		}
	}
}

// TestFitIsScikitLearns: weights that fixtures/golden/head.py wrote.
func TestFitIsScikitLearns(t *testing.T) {
	want, err := golden.Read[struct {
		Features     []float32
		Labels       []int
		Penalty      float64
		Weight, Bias []float64
	}]("head.json")
	if err != nil {
		t.Fatal(err)
	}
	n := len(want.Labels)
	e := Examples{N: n, D: len(want.Features) / n, Classes: len(want.Bias), Labels: want.Labels, Features: want.Features}
	l, err := Fit(context.Background(), e, Options{Penalties: []float64{want.Penalty}})
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, got []float32, want []float64) {
		for i, v := range want {
			if !(math.Abs(float64(got[i])-v) < 1e-3) {
				t.Errorf("%s %d: got %g, want %g", what, i, got[i], v)
			}
		}
	}
	near("weight", l.Weight, want.Weight)
	near("bias", l.Bias, want.Bias)
}

// TestViewsOfOnePictureShareAFold: otherwise the loss would be that of examples that
// were seen.
func TestViewsOfOnePictureShareAFold(t *testing.T) {
	e := clouds(40, 10, 4, 1, 6)
	e.Groups = make([]int, e.N)
	for i := range e.N {
		e.Groups[i] = i % 20 // rows i and i+20 are of one class
	}
	p := newProblem(&e)
	fold, n := p.folds(5, 1)
	if n != 5 {
		t.Errorf("%d folds, want 5", n)
	}
	for i := range 20 {
		if fold[i] != fold[i+20] {
			t.Errorf("picture %d is in folds %d and %d", i, fold[i], fold[i+20])
		}
	}
	for f := range n {
		classes := map[int]int{}
		for i, g := range fold {
			if g == f {
				classes[e.Labels[i]]++
			}
		}
		if len(classes) != 4 {
			t.Errorf("fold %d has classes %v, want all 4", f, classes)
		}
	}
}

func TestFewExamplesHaveFewerFolds(t *testing.T) {
	e := clouds(6, 8, 3, 0.1, 7) // two of each class
	l, err := Fit(context.Background(), e, Options{})
	if err != nil || len(l.Tried) == 0 {
		t.Fatalf("two of each class: %v, %+v", err, l)
	}
	e = clouds(3, 8, 3, 0.1, 7)
	l, err = Fit(context.Background(), e, Options{})
	if err != nil || len(l.Tried) > 0 || l.accuracy(e) < 1 {
		t.Fatalf("one of each class: %v, %+v", err, l)
	}
}

func TestTheSameExamplesGiveTheSameBits(t *testing.T) {
	a, err := Fit(context.Background(), clouds(60, 40, 3, 1, 8), Options{Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Fit(context.Background(), clouds(60, 40, 3, 1, 8), Options{Seed: 9})
	if err != nil || !slices.Equal(a.Weight, b.Weight) || !slices.Equal(a.Bias, b.Bias) || a.Penalty != b.Penalty {
		t.Errorf("two fits differ, %v", err)
	}
}

func TestExamplesThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(*Examples){
		"label 9":   func(e *Examples) { e.Labels[2] = 9 },
		"features":  func(e *Examples) { e.Features = e.Features[1:] },
		"NaN":       func(e *Examples) { e.Features[3] = float32(math.NaN()) },
		"classes":   func(e *Examples) { e.Classes = 1 },
		"groups":    func(e *Examples) { e.Groups = []int{1} },
		"0 to 2":    func(e *Examples) { e.Labels[0] = -1 },
		"examples ": func(e *Examples) { e.N = 0 },
	} {
		e := clouds(12, 4, 3, 1, 10)
		change(&e)
		if _, err := Fit(context.Background(), e, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

func TestFittingCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Fit(ctx, clouds(60, 40, 3, 1, 8), Options{}); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}
