package infer

import (
	"context"
	"math"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
)

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

// settleWidth finds by a trial picture whether an output whose shape does not say it has
// one value for two classes, as torch.squeeze leaves it.
func (c *Classifier) settleWidth(m *onnx.Model) error {
	if !c.free || len(c.labels) != 2 {
		return nil
	}
	side := c.prep.Size
	img := imageprep.Image{W: side, H: side, Pix: make([]uint8, 3*side*side)}
	answer, rows, err := c.raw(context.Background(), c.session, []imageprep.Image{img})
	if err != nil || len(answer.Data) != rows {
		return err
	}
	c.width = 1
	if m == nil {
		return nil
	}
	return checkScores(m, c.named, nil, c.width)
}
