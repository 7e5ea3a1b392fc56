package export

import (
	"fmt"
	"maps"
	"math"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/numbers"
)

// Ranges are the values that a network's nodes took, by the names of Network's
// nodes.
type Ranges map[string]Range

// Range is an interval.
type Range struct{ Min, Max float64 }

// Add widens the ranges by what the nodes gave for a batch of images.
func (r Ranges) Add(values map[string]onnx.Tensor) error {
	for name, t := range values {
		have, ok := r[name]
		if !ok {
			have = Range{math.Inf(1), math.Inf(-1)}
		}
		for _, v := range t.Data {
			x := float64(v)
			if !numbers.Finite(x) {
				return fmt.Errorf("node %s gave %g", name, x)
			}
			have.Min, have.Max = min(have.Min, x), max(have.Max, x)
		}
		r[name] = have
	}
	return nil
}

// withInput adds what is known without calibration: pixels, and what rescales
// them. Each grey level is then covered alike.
func (r Ranges) withInput(spec *model.Spec, in Input) Ranges {
	pixels := Range{0, 255}
	r = maps.Clone(r)
	if r == nil {
		r = Ranges{}
	}
	r[model.InputName] = pixels
	if n := rescale(spec); n != nil {
		a, b := n.Offset, pixels.Max*n.Scale+n.Offset
		r[n.Name] = Range{min(a, b), max(a, b)}
		if in == Float {
			r[model.InputName] = r[n.Name]
		}
	}
	return r
}

// uint8 is the scale and zero point with which the range is covered by 0 to
// 255: x = (q - zero)*scale. Zero itself is always exact, as ONNX demands.
func (r Range) uint8() (scale float32, zero uint8) {
	low, high := min(r.Min, 0), max(r.Max, 0)
	if high == low {
		return 1, 0
	}
	step := (high - low) / 255
	return float32(step), uint8(math.RoundToEven(-low / step))
}
