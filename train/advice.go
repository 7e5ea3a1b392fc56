package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/model"
)

// Advice is settings to try with a network that does not learn. An empty field
// leaves the setting as it is.
type Advice struct {
	Initializer  model.Init `json:"initializer,omitempty"`
	Optimizer    string     `json:"optimizer,omitempty"`
	LearningRate float64    `json:"lr,omitempty"`
}

// adviseRate is Adam's for deep networks without batch norm: ten times less than
// its default, which Simonyan's networks do not survive.
const adviseRate = 1e-4

// advise says what to change first. Glorot's weights treat ReLUs as linear, so that
// each of them halves the variance of the signal and the end of a deep network
// cannot tell images apart; He's (2015) make up for that. A rate that is too high
// moves ReLUs to where they are zero for every image, and they never come back.
// Optimizers that follow the plain gradient, or let their rate shrink, stop where
// gradients are small; Adam does not.
func advise(spec *model.Spec, optimizer string, rate float64) Advice {
	var a Advice
	for _, n := range spec.Nodes {
		switch hidden := n.Op == model.Conv || n.Op == model.Dense && n.Units != spec.Classes; {
		case hidden && n.Init == model.Zeros:
			return Advice{Initializer: model.HeNormal} // no rate helps there
		case hidden && n.Init != model.HeNormal && n.Init != model.HeUniform:
			a.Initializer = model.HeNormal
		}
	}
	if slices.Contains([]string{"sgd", "adagrad", "adadelta"}, optimizer) {
		a.Optimizer = "adam"
		if rate != adviseRate {
			a.LearningRate = adviseRate
		}
		return a
	}
	a.LearningRate = rate / 10
	return a
}

// String says the advice in words.
func (a Advice) String() string {
	var words []string
	if a.LearningRate > 0 {
		words = append(words, fmt.Sprintf("a learning rate of %.3g", a.LearningRate))
	}
	if a.Optimizer != "" {
		words = append(words, "optimizer "+a.Optimizer)
	}
	if a.Initializer != "" {
		words = append(words, fmt.Sprintf("weights that start by %s", a.Initializer))
	}
	return "try " + strings.Join(words, ", ")
}
