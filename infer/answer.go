package infer

import (
	"cmp"
	"fmt"
	"github.com/flowerctl/flowerctl/train/numbers"
	"slices"
)

// Answer is what a network says about one image.
type Answer struct {
	// Probabilities are by class. They sum to 1, but for a network that ends in
	// sigmoids: there each class stands for itself.
	Probabilities []float32
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
func (a Answer) Best() int { return numbers.ArgMax(a.Probabilities) }

// Err says which value is no number, or infinite: what an overflow of float16, or
// a wrong mean and std, make of a picture. Such an answer names no class.
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
	result := NewAnswers(c.labels, values[:n*len(c.labels)])
	for _, a := range result {
		c.ending.turn(a.Probabilities)
	}
	return result
}
