package head

import (
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/train/numbers"
)

// loss is the cross-entropy of an example's logits; of several labels the sum of those
// of all labels, so that each label's regression has the penalty that it would have alone.
func (e *Examples) loss(logits []float64, example int) (sum float64) {
	if e.Several == nil {
		return crossEntropy(logits, e.Labels[example])
	}
	for _, v := range logits {
		sum += max(v, 0) + math.Log1p(math.Exp(-math.Abs(v))) // -log(1 - sigmoid(v))
	}
	for _, label := range e.Several[example] {
		sum -= logits[label]
	}
	return sum
}

// residual turns an example's logits into the gradient of loss by them, in place:
// probabilities less what is true.
func (e *Examples) residual(logits []float64, example int) {
	if e.Several == nil {
		softmax(logits)
		logits[e.Labels[example]]--
		return
	}
	for i, v := range logits {
		logits[i] = 1 / (1 + math.Exp(-v))
	}
	for _, label := range e.Several[example] {
		logits[label]--
	}
}

// right says whether the most probable class of an example is its own; of several labels,
// whether those with a probability of a half are its own, all and no others.
func (e *Examples) right(logits []float64, example int) bool {
	if e.Several == nil {
		return numbers.ArgMax(logits) == e.Labels[example]
	}
	for i, v := range logits {
		if _, has := slices.BinarySearch(e.Several[example], i); has != (v >= 0) {
			return false
		}
	}
	return true
}
