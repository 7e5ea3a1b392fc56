package export

import (
	"fmt"
	"maps"
	"math"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/numbers"
)

// Ranges are the ranges of the values of a network's nodes, by the names that the
// nodes have in [Network].
type Ranges map[string]Range

// Range is an interval.
type Range struct{ Min, Max float64 }

// Add widens the ranges by the nodes' values for a batch of images.
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

// withInput adds the ranges that are known without calibration, of the pixels and
// of their rescale, so that every grey level has a value of its own.
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

// uint8 is the scale and zero point with which 0 to 255 cover the range:
// x = (q - zero)*scale. Zero is always exact, as ONNX wants it.
func (r Range) uint8() (scale float32, zero uint8) {
	low, high := min(r.Min, 0), max(r.Max, 0)
	if high == low {
		return 1, 0
	}
	step := (high - low) / 255
	return float32(step), uint8(math.RoundToEven(-low / step))
}
