package infer

import (
	"context"
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
)

// ending says what the numbers of the answer are. It is decided once for a model:
// single answers of logits, or of sigmoids, look like probabilities by accident.
type ending int

const (
	unclear          ending = iota // the graph does not say
	logits                         // softmax makes probabilities of them
	logProbabilities               // exp does
	probabilities                  // as they are; those of sigmoids do not sum to 1
)

// endingOf reads off the graph how an output is made.
func endingOf(g *onnx.Graph, output string) ending {
	for range g.Nodes { // a damaged graph may have a cycle
		n := writerOf(g, output)
		if n == nil || n.Domain != "" && n.Domain != "ai.onnx" || len(n.Inputs) == 0 {
			return unclear
		}
		switch n.Op {
		case "Softmax", "Sigmoid", "HardSigmoid":
			return probabilities
		case "LogSoftmax":
			return logProbabilities
		case "Gemm", "MatMul", "Conv":
			return logits
		case "Add":
			if slices.ContainsFunc(n.Inputs, func(name string) bool { return g.Initializer(name) != nil }) {
				return logits // a bias
			}
			return unclear
		case "Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout",
			"QuantizeLinear", "DequantizeLinear":
			output = n.Inputs[0]
		default:
			return unclear
		}
	}
	return unclear
}

// writerOf is the node that makes a value, or nil.
func writerOf(g *onnx.Graph, value string) *onnx.Node {
	for i := range g.Nodes {
		if slices.Contains(g.Nodes[i].Outputs, value) {
			return &g.Nodes[i]
		}
	}
	return nil
}

// tryEnding finds the ending that the graph does not tell. It takes all answers for
// probabilities where those for two images are, one black and one with a pattern.
func (c *Classifier) tryEnding() (ending, error) {
	side := c.prep.Size
	for _, step := range []int{0, 97} {
		img := imageprep.Image{W: side, H: side, Pix: make([]uint8, 3*side*side)}
		for i := range img.Pix {
			img.Pix[i] = uint8(i * step)
		}
		values, err := c.values(context.Background(), []imageprep.Image{img})
		if err != nil {
			return unclear, err
		}
		if c.binary() && values[0] >= 0 && values[0] <= 1 {
			continue
		}
		if !isDistribution(values[:c.width]) {
			return logits, nil
		}
	}
	return probabilities, nil
}

// isDistribution says whether none of the values is negative, and they sum to 1
// within float32's rounding.
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

// probabilities makes probabilities of an answer's values, in place.
func (e ending) probabilities(values []float32) {
	switch e {
	case logits:
		softmax(values)
	case logProbabilities:
		for i, v := range values {
			values[i] = float32(math.Exp(float64(v)))
		}
	}
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
