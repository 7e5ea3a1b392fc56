package nn

import (
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// newBinaryCrossEntropyLoss adds the mean over the labels of
// -(w*t*log(sigmoid(x)) + (1-t)*log(1-sigmoid(x))), times each image's weight, averaged
// over the images, times the scale. w are the positive weights, 1 where there are none.
//
//	logits, targets: (N, K)   weights: (N)   result: a scalar
//
// It is PyTorch's BCEWithLogitsLoss with pos_weight, and without it Keras'
// BinaryCrossentropy(from_logits=True). Targets may be any numbers from 0 to 1: smoothed
// labels and mixed images work. It is computed from logits, in float64, by
// log(1+exp(x)), so that no probability is clipped.
func (s *source[T]) newBinaryCrossEntropyLoss(g *graph[T], name string,
	logits, targets, weights *G.Node, scale float64) (*G.Node, error) {

	return newLoss(g, name, "binarycrossentropy", binaryCrossEntropy[T](s.positive),
		logits, targets, weights, scale)
}

// binaryCrossEntropy has the gradient ((1 + (w-1)*t)*sigmoid(x) - w*t) / K.
func binaryCrossEntropy[T kernel.Float](positive []float32) row[T] {
	return func(dx, x, t []T) float64 {
		sum, k := 0.0, float64(len(x))
		for i := range x {
			v, y, w := float64(x[i]), float64(t[i]), 1.0
			if positive != nil {
				w = float64(positive[i])
			}
			// -log(sigmoid(v)) is softplus(-v), and -log(1-sigmoid(v)) is v + softplus(-v).
			both := 1 + (w-1)*y
			sum += (1-y)*v + both*softplus(-v)
			if dx != nil {
				dx[i] = T((both*logistic(v) - w*y) / k)
			}
		}
		return sum / k
	}
}

// softplus is log(1+exp(x)), without overflow.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
