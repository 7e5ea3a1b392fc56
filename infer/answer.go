package infer

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/train/numbers"
)

// Answer is what a network says about one image.
type Answer struct {
	// Probabilities are by class. They sum to 1, unless the network ends in
	// sigmoids, which give each class a probability of its own.
	Probabilities []float32
	labels        []string
	thresholds    []float64 // by label, where a picture may have several; nil elsewhere
}

// NewAnswers cuts probabilities into rows of one number per label, which it copies.
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

// Top is the k most probable classes, the most probable first, and equals by index;
// all of them where there are fewer than k.
func (a Answer) Top(k int) []Class {
	order := a.order()
	top := make([]Class, min(k, len(order)))
	for i := range top {
		top[i] = Class{Label: a.labels[order[i]], Probability: a.Probabilities[order[i]]}
	}
	return top
}

// order are the classes, the most probable first, and equals by index.
func (a Answer) order() []int {
	order := make([]int, len(a.Probabilities))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(a.Probabilities[j], a.Probabilities[i])
	})
	return order
}

// Best is the index of the most probable class, the first of equals.
func (a Answer) Best() int { return numbers.ArgMax(a.Probabilities) }

// Err says which value is not a number, or infinite: the result of an overflow of
// float16, or of a wrong mean or std. Such an answer names no class.
func (a Answer) Err() error {
	for i, p := range a.Probabilities {
		if !numbers.Finite(p) {
			return fmt.Errorf("no answer: the network gives %v for %s", p, a.labels[i])
		}
	}
	return nil
}

// answers cuts an output into n rows of probabilities.
func (c *Classifier) answers(values []float32, n int) []Answer {
	if c.binary() {
		return NewAnswers(c.labels, c.ending.ofTwo(values[:n]))
	}
	result := NewLabelAnswers(c.labels, c.thresholds, values[:n*len(c.labels)])
	for _, a := range result {
		c.ending.probabilities(a.Probabilities)
	}
	return result
}
