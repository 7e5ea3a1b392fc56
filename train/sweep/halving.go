package sweep

import (
	"fmt"
	"math"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Halving trains all settings for a few epochs, those that did best for some more, and so on.
type Halving struct {
	// Epochs are when settings are compared, and at last where a trial ends.
	Epochs []int `json:"epochs"`
	// Keep is the share that goes on each time, rounded up.
	Keep float64 `json:"keep"`
}

func halving(n *yaml.Node) (*Halving, error) {
	all, err := pairs(n, "halving")
	if err != nil {
		return nil, err
	}
	h := &Halving{Keep: 1. / 3}
	for _, p := range all {
		switch p.key.Value {
		case "epochs":
			err = number(p, &h.Epochs)
		case "keep":
			err = number(p, &h.Keep)
		default:
			err = wrongKey(p.key, "halving", []string{"epochs", "keep"})
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case len(h.Epochs) < 2 || h.Epochs[0] < 1 || !slices.IsSorted(h.Epochs) ||
		len(slices.Compact(slices.Clone(h.Epochs))) < len(h.Epochs):
		return nil, wrong(n, "halving: epochs: got %v, want two numbers or more that rise, as in "+
			"[2, 6, 18]", h.Epochs)
	case !(h.Keep > 0 && h.Keep < 1):
		return nil, wrong(n, "halving: keep: got %g, want a share over 0 and below 1", h.Keep)
	}
	return h, nil
}

// left is how many of n go on.
func (h *Halving) left(n int) int {
	const rounding = 1e-9 // 0.55 of 100 is 55, and a little more as float64
	return min(n, max(1, int(math.Ceil(float64(n)*h.Keep-rounding))))
}

// last is how many epochs a trial has at most.
func (h *Halving) last() int { return h.Epochs[len(h.Epochs)-1] }

func (h *Halving) String() string {
	return fmt.Sprintf("compared after %v epochs, %.3g of them go on", h.Epochs, h.Keep)
}
