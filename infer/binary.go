package infer

import "math"

// binary says whether the network gives one value for two classes, as Dense(1,
// activation="sigmoid") does: the probability of the second class. Keras and
// scikit-learn number the classes so.
func (c *Classifier) binary() bool { return c.width == 1 && len(c.labels) == 2 }

// ofTwo makes the probabilities of two classes of one value an image.
func (e ending) ofTwo(values []float32) []float32 {
	two := make([]float32, 0, 2*len(values))
	for _, v := range values {
		switch e {
		case logits:
			v = float32(1 / (1 + math.Exp(-float64(v))))
		case logProbabilities:
			v = float32(math.Exp(float64(v)))
		case percent:
			v /= 100
		}
		two = append(two, 1-v, v)
	}
	return two
}
