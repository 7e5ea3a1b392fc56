package infer

import (
	"context"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
)

// Heat says how much each place of an image contributes to a class: H rows of W
// values from the top left. Only their differences mean something.
type Heat struct {
	H, W   int
	Values []float32
	Method Method
}

// Method is how a Heat was made.
type Method string

// The methods.
const (
	// ClassActivation reads the network's last features: exact, one run. For
	// networks that end in a global average and at most one dense layer.
	ClassActivation Method = "class activation map"
	// Occlusion covers one place after the other and measures how much the
	// probability falls: about a hundred runs, for any network.
	Occlusion Method = "occlusion"
)

// Explain shows where in an image a class is seen. The classifier must have been
// opened with Options.Explain. An image of another size than Preprocess gives is resized.
func (c *Classifier) Explain(ctx context.Context, img imageprep.Image, class int) (Heat, error) {
	if !c.explains {
		return Heat{}, errors.New("the classifier was not opened to explain")
	}
	if class < 0 || class >= len(c.labels) {
		return Heat{}, fmt.Errorf("got class %d, want 0 to %d", class, len(c.labels)-1)
	}
	img = c.prep.Apply(img)
	if c.classMap == nil {
		return c.occlude(ctx, img, class)
	}
	out, err := c.runOne(ctx, img)
	if err != nil {
		return Heat{}, err
	}
	heat, ok := c.classMap.heat(out[c.classMap.features], class)
	if !ok {
		return Heat{}, fmt.Errorf("features %s: got shape %v, want [N %d H W]",
			c.classMap.features, out[c.classMap.features].Shape, c.classMap.channels)
	}
	return heat, nil
}

// runOne computes the outputs for one image, as the first of a fixed batch.
func (c *Classifier) runOne(ctx context.Context, img imageprep.Image) (
	map[string]onnx.Tensor, error) {
	var b buffer
	rows := c.fill(&b, []imageprep.Image{img})
	return c.run(ctx, c.session, &b, rows)
}

// The patch that covers a place is a sixth of the side, and moves by half of
// itself: small enough to tell parts of a flower apart, large enough to hide one.
const (
	patchShare  = 6
	occludeRuns = 16 // images a run
)

// occlude covers places with the image's mean colour, as Zeiler and Fergus did
// with grey (2014, arXiv:1311.2901, section 4.2).
func (c *Classifier) occlude(ctx context.Context, img imageprep.Image, class int) (Heat, error) {
	answers, err := c.Classify(ctx, []imageprep.Image{img})
	if err != nil {
		return Heat{}, err
	}
	uncovered := answers[0].Probabilities[class]
	step := max(1, c.prep.Size/(2*patchShare))
	side := (c.prep.Size + step - 1) / step
	heat := Heat{H: side, W: side, Values: make([]float32, side*side), Method: Occlusion}
	colour := meanColour(img)
	for first := 0; first < side*side; first += occludeRuns {
		var covered []imageprep.Image
		for place := first; place < min(first+occludeRuns, side*side); place++ {
			x, y := place%side*c.prep.Size/side, place/side*c.prep.Size/side
			covered = append(covered, cover(img, x, y, step, colour))
		}
		answers, err := c.Classify(ctx, covered)
		if err != nil {
			return Heat{}, err
		}
		for i, a := range answers {
			heat.Values[first+i] = uncovered - a.Probabilities[class]
		}
	}
	return heat, nil
}

func meanColour(img imageprep.Image) (mean [3]uint8) {
	var sum [3]int
	for i, v := range img.Pix {
		sum[i%3] += int(v)
	}
	for c := range mean {
		mean[c] = uint8(sum[c] / (img.W * img.H))
	}
	return mean
}

// cover paints a square two steps wide around the cell of a step at x, y.
func cover(img imageprep.Image, x, y, step int, colour [3]uint8) imageprep.Image {
	out := imageprep.Image{W: img.W, H: img.H, Pix: append([]uint8(nil), img.Pix...)}
	for py := max(0, y-step/2); py < min(img.H, y+step+step/2); py++ {
		for px := max(0, x-step/2); px < min(img.W, x+step+step/2); px++ {
			copy(out.Pix[3*(py*img.W+px):], colour[:])
		}
	}
	return out
}
