package infer

import (
	"cmp"
	"math"
	"slices"
)

// Answer is what a network says about one image.
type Answer struct {
	Probabilities []float32 // by class, summing to 1
	labels        []string
}

// NewAnswers cuts probabilities into rows of one number per label. It keeps no
// part of the slice.
func NewAnswers(labels []string, probabilities []float32) []Answer {
	k := len(labels)
	answers := make([]Answer, len(probabilities)/k)
	for i := range answers {
		answers[i] = Answer{Probabilities: slices.Clone(probabilities[i*k : (i+1)*k]), labels: labels}
	}
	return answers
}

// Class is one class of an answer.
type Class struct {
	Label       string  `json:"label"`
	Probability float32 `json:"probability"`
}

// Top is the k likeliest classes, the likeliest first; equals stand by index.
// More than there are gives all.
func (a Answer) Top(k int) []Class {
	order := make([]int, len(a.Probabilities))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(a.Probabilities[j], a.Probabilities[i])
	})
	top := make([]Class, min(k, len(order)))
	for i := range top {
		top[i] = Class{Label: a.labels[order[i]], Probability: a.Probabilities[order[i]]}
	}
	return top
}

// Best is the index of the likeliest class, the first of equals.
func (a Answer) Best() int {
	best := 0
	for i, p := range a.Probabilities {
		if p > a.Probabilities[best] {
			best = i
		}
	}
	return best
}

// answers cuts an output into n rows. An output of logits, which is what files
// from elsewhere often end in, goes through softmax.
func (c *Classifier) answers(values []float32, n int) []Answer {
	result := NewAnswers(c.labels, values[:n*len(c.labels)])
	for _, a := range result {
		if c.output != outputProbabilities && !isDistribution(a.Probabilities) {
			softmax(a.Probabilities)
		}
	}
	return result
}

// isDistribution says whether values are probabilities already: none negative,
// summing to 1 within float32's rounding. Logits of a network are never so but
// by a rare accident.
func isDistribution(values []float32) bool {
	var sum float64
	for _, v := range values {
		if !(v >= 0) {
			return false
		}
		sum += float64(v)
	}
	return math.Abs(sum-1) < 1e-3
}

// softmax is exp(x - max) over its sum.
func softmax(x []float32) {
	top := float64(slices.Max(x))
	var sum float64
	for i, v := range x {
		e := math.Exp(float64(v) - top)
		x[i] = float32(e)
		sum += e
	}
	for i := range x {
		x[i] = float32(float64(x[i]) / sum)
	}
}
