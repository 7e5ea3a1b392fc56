package infer

import (
	"context"
	"math"
	"slices"
	"strings"

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
	percent                        // a hundredth of them are probabilities
	probabilities                  // as they are; those of sigmoids do not sum to 1
)

// endingOf reads off the graph how an output is made.
func endingOf(g *onnx.Graph, output string) ending {
	for range g.Nodes { // a damaged graph may have a cycle
		n := knownWriterOf(g, output)
		if n == nil {
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
				if written := biased(g, n); written == "" || !isLinear(g, written) {
					return unclear
				}
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

// endsInSigmoid reports whether an output, of which endingOf says probabilities, is made
// by a sigmoid.
func endsInSigmoid(g *onnx.Graph, output string) bool {
	for range g.Nodes {
		n := writerOf(g, output)
		if n == nil || len(n.Inputs) == 0 {
			return false
		}
		if n.Op == "Sigmoid" || n.Op == "HardSigmoid" {
			return true
		}
		if n.Op == "Softmax" {
			return false
		}
		output = n.Inputs[0]
	}
	return false
}

// biased is the input of an addition that is no constant, or "".
func biased(g *onnx.Graph, add *onnx.Node) string {
	for _, name := range add.Inputs {
		if g.Initializer(name) == nil {
			return name
		}
	}
	return ""
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

// knownWriterOf is the node of ONNX's own operators that makes a value of others, or nil.
func knownWriterOf(g *onnx.Graph, value string) *onnx.Node {
	n := writerOf(g, value)
	if n == nil || n.Domain != "" && n.Domain != "ai.onnx" || len(n.Inputs) == 0 {
		return nil
	}
	return n
}

// isLinear reports whether an output is made without any function that could keep its
// values between 0 and 1, from the last matrix products or convolutions on: such values
// are logits, though they may be small. Relu, which only bounds them below, is none.
func isLinear(g *onnx.Graph, output string) bool {
	writers := map[string]*onnx.Node{}
	for i := range g.Nodes {
		for _, name := range g.Nodes[i].Outputs {
			writers[name] = &g.Nodes[i]
		}
	}
	seen := map[string]bool{"": true}
	for next := []string{output}; len(next) > 0; {
		name := next[len(next)-1]
		next = next[:len(next)-1]
		n := writers[name]
		if seen[name] || n == nil { // a constant, or the pictures
			continue
		}
		seen[name] = true
		if n.Domain != "" && n.Domain != "ai.onnx" && !strings.Contains(n.Op, "MatMul") {
			return false
		}
		switch n.Op {
		case "Gemm", "MatMul", "Conv", "ConvTranspose", "Einsum", "Constant", "Shape",
			"MatMulInteger", "ConvInteger", "QLinearMatMul", "QLinearConv", "DynamicQuantizeLinear",
			"FusedMatMul", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulNBits":
		case "Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout",
			"QuantizeLinear", "DequantizeLinear", "Add", "Sub", "Mul", "Div", "Neg", "Sum", "Mean",
			"Concat", "Split", "Slice", "Gather", "Transpose", "Expand", "ReduceMean", "ReduceSum",
			"AveragePool", "GlobalAveragePool", "BatchNormalization", "Relu", "LeakyRelu", "PRelu",
			"MaxPool", "GlobalMaxPool":
			next = append(next, n.Inputs...)
		default:
			return false
		}
	}
	return true
}

// trial is what the values for the trial pictures have in common.
type trial struct {
	within            bool // 0 and 1
	one               bool // is their sum, and none is negative
	hundred, logOfOne bool // the same of percent, and of logarithms
}

// trialSteps make the trial pictures, one black and one with a pattern.
var trialSteps = []int{0, 97}

// tryPictures looks at the answers for the trial pictures.
func (c *Classifier) tryPictures() (trial, error) {
	side := c.prep.Size
	t := trial{true, true, true, true}
	for _, step := range trialSteps {
		img := imageprep.Image{W: side, H: side, Pix: make([]uint8, 3*side*side)}
		for i := range img.Pix {
			img.Pix[i] = uint8(i * step)
		}
		values, err := c.values(context.Background(), c.session, []imageprep.Image{img})
		if err != nil {
			return trial{}, err
		}
		t.see(values[:c.width])
	}
	return t, nil
}

// rounding is how far float16 may be from a bound, or from a sum of a thousand values.
const rounding = 1e-3

// see takes the values for another picture into account.
func (t *trial) see(values []float32) {
	var sum, exps float64
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		x := float64(v)
		sum += x
		exps += math.Exp(x)
		low, high = min(low, x), max(high, x) // NaN makes both NaN
	}
	t.within = t.within && low >= -rounding && high <= 1+rounding
	t.one = t.one && low >= 0 && math.Abs(sum-1) < rounding
	t.hundred = t.hundred && low >= 0 && math.Abs(sum-100) < 100*rounding
	t.logOfOne = t.logOfOne && high <= rounding && math.Abs(exps-1) < rounding
}

// tryEnding finds the ending that the graph does not tell, linear or not, and says what
// it goes by.
func (c *Classifier) tryEnding(linear bool) (e ending, assumed string, err error) {
	t, err := c.tryPictures()
	if err != nil {
		return unclear, "", err
	}
	switch {
	case t.one:
		return probabilities, "probabilities, since those of two trial pictures sum to 1", nil
	case linear:
		return logits, "", nil // the graph says it after all
	case t.within:
		return probabilities, "probabilities, of each class by itself, since those of two trial " +
			"pictures are within 0 and 1", nil
	case t.hundred:
		return percent, "percent, since those of two trial pictures sum to 100", nil
	case t.logOfOne:
		return logProbabilities, "logarithms of probabilities, since those of two trial pictures " +
			"are of numbers that sum to 1", nil
	}
	return logits, "logits, which softmax makes probabilities of, since those of two trial " +
		"pictures are not within 0 and 1", nil
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
	case percent:
		for i := range values {
			values[i] /= 100
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
