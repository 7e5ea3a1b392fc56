// Package metrics counts how often a classifier is right: confusion matrix,
// classification report, accuracy with its interval. It imports no other package of
// this module. Start at [Confusion].
package metrics

import (
	"cmp"
	"math"
	"slices"
)

// Score is a row of a classification report.
type Score struct {
	Label     string  `json:"label"`
	Precision float64 `json:"precision"` // share of right answers among those of the class
	Recall    float64 `json:"recall"`    // share of right answers for images of the class
	F1        float64 `json:"f1"`        // harmonic mean of both
	Support   int     `json:"support"`   // images of the class
}

// Report is a classification report, equal to scikit-learn's with zero_division=0: a
// division by zero gives 0.
type Report struct {
	Classes  []Score `json:"classes"`
	Macro    Score   `json:"macro"`    // mean over the classes
	Weighted Score   `json:"weighted"` // mean weighted by support
	Accuracy float64 `json:"accuracy"`
}

// Report scores every class.
func (c *Confusion) Report() Report {
	n := c.N()
	r := Report{Accuracy: c.Accuracy(),
		Macro:    Score{Label: "macro avg", Support: n},
		Weighted: Score{Label: "weighted avg", Support: n}}
	for i, label := range c.Labels {
		right := c.Count(i, i)
		s := Score{
			Label:     label,
			Precision: ratio(right, c.Predicted(i)),
			Recall:    ratio(right, c.Support(i)),
			F1:        ratio(2*right, c.Predicted(i)+c.Support(i)),
			Support:   c.Support(i),
		}
		r.Classes = append(r.Classes, s)
		r.Macro.add(s, 1/float64(len(c.Labels)))
		r.Weighted.add(s, ratio(s.Support, n))
	}
	return r
}

// Weakest is the report with the n classes of the smallest F1 alone, in their order,
// and the number of those left out. The means are of all classes.
func (r Report) Weakest(n int) (Report, int) {
	if len(r.Classes) <= n {
		return r, 0
	}
	order := make([]int, len(r.Classes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.Classes[a].F1, r.Classes[b].F1) })
	order = order[:n]
	slices.Sort(order)
	left := len(r.Classes) - n
	all := r.Classes
	r.Classes = nil
	for _, i := range order {
		r.Classes = append(r.Classes, all[i])
	}
	return r, left
}

func (s *Score) add(x Score, weight float64) {
	s.Precision += x.Precision * weight
	s.Recall += x.Recall * weight
	s.F1 += x.F1 * weight
}

// Wilson is the 95 % score interval of a share of successes in n trials (Wilson 1927).
// It stays within 0 and 1 and, unlike the normal approximation, is right for few
// images. Without trials it is 0 to 1.
func Wilson(successes, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054 // 0.975 quantile of the normal distribution
	p, m := float64(successes)/float64(n), float64(n)
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, centre-half), min(1, centre+half)
}

// MeanDeviation is the mean of values and their standard deviation, by n-1; that of
// one value is 0, and both are of none.
func MeanDeviation(values []float64) (mean, deviation float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	if n < 2 {
		return mean, 0
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / (n - 1)
	}
	return mean, math.Sqrt(deviation)
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
