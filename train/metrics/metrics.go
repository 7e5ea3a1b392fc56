// Package metrics counts how often a classifier is right: confusion matrix,
// classification report, accuracy with its interval. It imports no other package of
// this module. Start at [Confusion].
package metrics

import "math"

// Confusion counts answers by class: Counts[true][predicted], the true class on
// the rows.
type Confusion struct {
	Labels []string `json:"labels"`
	Counts [][]int  `json:"counts"`
}

// NewConfusion is a matrix of zeros.
func NewConfusion(labels []string) *Confusion {
	c := &Confusion{Labels: labels, Counts: make([][]int, len(labels))}
	for i := range c.Counts {
		c.Counts[i] = make([]int, len(labels))
	}
	return c
}

// Add counts one answer.
func (c *Confusion) Add(class, predicted int) { c.Counts[class][predicted]++ }

// N is the number of answers.
func (c *Confusion) N() int {
	n := 0
	for i := range c.Counts {
		n += c.Support(i)
	}
	return n
}

// Support is how many images of the class there were.
func (c *Confusion) Support(class int) int {
	n := 0
	for _, v := range c.Counts[class] {
		n += v
	}
	return n
}

// Predicted is how often the class was the answer.
func (c *Confusion) Predicted(class int) int {
	n := 0
	for _, row := range c.Counts {
		n += row[class]
	}
	return n
}

// Correct is the number of right answers.
func (c *Confusion) Correct() int {
	n := 0
	for i := range c.Counts {
		n += c.Counts[i][i]
	}
	return n
}

// Accuracy is the share of right answers, 0 of none.
func (c *Confusion) Accuracy() float64 { return ratio(c.Correct(), c.N()) }

// Interval is the 95 % interval of the accuracy, see [Wilson].
func (c *Confusion) Interval() (low, high float64) { return Wilson(c.Correct(), c.N()) }

// Majority is the most frequent class, the first of equals, and the accuracy of
// always answering it.
func (c *Confusion) Majority() (class int, rate float64) {
	for i := range c.Counts {
		if c.Support(i) > c.Support(class) {
			class = i
		}
	}
	if len(c.Counts) == 0 {
		return 0, 0
	}
	return class, ratio(c.Support(class), c.N())
}

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
		right := c.Counts[i][i]
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

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
