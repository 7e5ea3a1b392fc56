package extractor

import (
	"fmt"
	"math"

	"github.com/flowerctl/flowerctl/onnx"
)

// pooling is how a value becomes one vector an image.
type pooling int

const (
	asItIs    pooling = iota // [N D]
	firstOf                  // [N T D]: the class token
	meanOf                   // [N T D]: the mean over the tokens
	overImage                // [N C H W]: the mean over height and width
	overLast                 // [N H W C]: the same
)

// registers are how many tokens besides the class token stand before those of the image
// in DINOv2 with registers (Darcet et al. 2023, arXiv:2309.16588).
const registers = 4

// poolingOf decides by the shape of one image's value, [1 ...], and says what it decided.
func poolingOf(shape []int) (p pooling, features int, said string, err error) {
	fail := func(format string, args ...any) (pooling, int, string, error) {
		return 0, 0, "", fmt.Errorf("its value is of shape %v: %s", shape, fmt.Sprintf(format, args...))
	}
	if len(shape) < 2 || len(shape) > 4 || shape[0] != 1 {
		return fail("want one row an image, [N D], [N T D] or [N C H W]")
	}
	for _, d := range shape {
		if d < 1 {
			return fail("want no empty axis")
		}
	}
	switch last := shape[len(shape)-1]; {
	case len(shape) == 2:
		p, features = asItIs, last
	case len(shape) == 3:
		tokens := shape[1]
		p, features, said = meanOf, last, fmt.Sprintf("the mean over %d tokens", tokens)
		if !square(tokens) && (patches(tokens-1) || patches(tokens-1-registers)) {
			p, said = firstOf, fmt.Sprintf("the class token, the first of %d", tokens)
		}
	case shape[2] == shape[3]:
		p, features = overImage, shape[1]
		said = fmt.Sprintf("the mean over %d x %d", shape[2], shape[3])
	case shape[1] == shape[2]:
		p, features = overLast, last
		said = fmt.Sprintf("the mean over %d x %d", shape[1], shape[2])
	default:
		return fail("want a square, [N C S S] or [N S S C]")
	}
	if features < 2 {
		return fail("one number an image tells no classes apart: want an earlier value")
	}
	if features > mostFeatures {
		return fail("%d numbers an image, want at most %d", features, mostFeatures)
	}
	return p, features, said, nil
}

// mostFeatures is how many numbers an image may have: those of 3,312 images are under
// 900 MB then.
const mostFeatures = 1 << 16

func square(n int) bool {
	root := int(math.Round(math.Sqrt(float64(n))))
	return n > 0 && root*root == n
}

// patches says whether so many tokens are those of a square image: of 3 x 3 patches or
// more, since few tokens are of other networks.
func patches(n int) bool { return n >= 9 && square(n) }

// apply adds the nodes that make one vector, whose name it returns, of a value.
func (p pooling) apply(g *onnx.Graph, value string) string {
	add := func(op, name string, attrs []onnx.Attribute, inputs ...string) string {
		g.Nodes = append(g.Nodes, onnx.Node{Name: name, Op: op, Inputs: inputs,
			Outputs: []string{name}, Attributes: attrs})
		return name
	}
	axes := func(list ...int64) string {
		g.Initializers = append(g.Initializers, onnx.NewInt64(prefix+"axes", list...))
		return prefix + "axes"
	}
	keep := []onnx.Attribute{onnx.Int("keepdims", 0)}
	switch p {
	case firstOf:
		g.Initializers = append(g.Initializers, onnx.Initializer{Name: prefix + "first",
			Elem: onnx.Int64, Raw: make([]byte, 8)})
		return add("Gather", prefix+"class_token", []onnx.Attribute{onnx.Int("axis", 1)},
			value, prefix+"first")
	case meanOf:
		return add("ReduceMean", prefix+"mean", keep, value, axes(1))
	case overImage:
		return add("ReduceMean", prefix+"mean", keep, value, axes(2, 3))
	case overLast:
		return add("ReduceMean", prefix+"mean", keep, value, axes(1, 2))
	}
	return value
}

// Vector is what apply's nodes compute, of one image's value: the features.
func (p pooling) vector(t onnx.Tensor) []float32 {
	s := t.Shape
	switch p {
	case firstOf:
		return t.Data[:s[2]]
	case meanOf:
		return mean(t.Data, s[2], 1, s[1], s[2])
	case overImage:
		return mean(t.Data, s[1], s[2]*s[3], s[2]*s[3], 1)
	case overLast:
		return mean(t.Data, s[3], 1, s[1]*s[2], s[3])
	}
	return t.Data
}

// mean is that of n values for each of k features, which begin at every start-th value
// and are stride apart.
func mean(data []float32, k, start, n, stride int) []float32 {
	out := make([]float32, k)
	for f := range out {
		sum := 0.0
		for i := range n {
			sum += float64(data[f*start+i*stride])
		}
		out[f] = float32(sum / float64(n))
	}
	return out
}
