package export

import (
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// imageOpset is the first operator set whose Resize can antialias, and the oldest that
// files of images are tested with.
const imageOpset = 18

// preprocess turns the image input, uint8 [N H W 3], into the network's, float32
// [N 3 S S] with values 0 to 255, in the same steps as imageprep: it resizes
// across, rounds to whole grey levels, resizes down, rounds. An image of the
// network's size comes out unchanged. Where the filter reaches over the border,
// its weight is shared among the pixels inside, as in Pillow and imageprep.
//
// Package infer leaves the steps between the Transpose and the network out for
// images of the network's size: it knows them by their operators.
func (g *graph) preprocess(prep imageprep.Config) {
	const p = "preprocess/"
	x := g.cast(p+"cast", p+"cast", ImageInput, onnx.Float32)
	x = g.step("Transpose", p+"transpose", []string{x}, onnx.Ints("perm", 0, 3, 1, 2))
	g.constant(onnx.NewInt64(p+"size", int64(prep.Size)))
	g.constant(onnx.NewScalar(p+"half", 0.5))
	if g.opts.ResizeOp == ByResize {
		g.byResize(x, prep)
	} else {
		g.byMatMul(x, prep)
	}
	// The bounds of a crop are computed in the graph: not every form's shape can be
	// inferred.
	g.Values = append(g.Values, onnx.TensorInfo(model.InputName, onnx.Float32,
		onnx.Symbol("N"), onnx.Known(3), onnx.Known(prep.Size), onnx.Known(prep.Size)))
}

// byResize resizes by the operator Resize, and cuts the crop out of its result.
func (g *graph) byResize(x string, prep imageprep.Config) {
	const p = "preprocess/"
	height, width, crop := p+"size", p+"size", prep.Resize == imageprep.Crop
	if crop {
		height, width = g.cover(x)
	}
	x = g.resize(p+"across", x, width, 3)
	x = g.step("Floor", p+"across", []string{x})
	x = g.resize(p+"down", x, height, 2)
	if !crop {
		g.add("Floor", "preprocess", model.InputName, []string{x})
		return
	}
	x = g.step("Floor", p+"down", []string{x})
	start := g.margin(height, width)
	end := g.step("Add", p+"end", []string{start, p + "size"})
	axes := g.constant(onnx.NewInt64(p+"axes", 2, 3))
	g.add("Slice", "preprocess", model.InputName, []string{x, start, end, axes})
}

// resize changes the length of one axis. The result is half a level too high, so
// that a Floor after it rounds a half up, as imageprep does; Round would not.
//
// All four sizes are given, not the attribute axes and one: onnxruntime 1.27
// forgets axes where it moves a Transpose through a Resize, and refuses the file.
func (g *graph) resize(name, x, length string, axis int64) string {
	sizes := []string{g.step("Shape", name+"_before", []string{x}, onnx.Int("end", axis)), length}
	if axis < 3 {
		sizes = append(sizes, g.step("Shape", name+"_behind", []string{x}, onnx.Int("start", axis+1)))
	}
	all := g.step("Concat", name+"_sizes", sizes, onnx.Int("axis", 0))
	x = g.step("Resize", name+"_resized", []string{x, "", "", all},
		onnx.String("mode", "linear"), onnx.String("coordinate_transformation_mode", "half_pixel"),
		onnx.Int("antialias", 1), onnx.Int("exclude_outside", 1))
	return g.step("Add", name+"_raised", []string{x, "preprocess/half"})
}

// cover computes the height and width at which the shorter side is the network's
// size, the longer one rounded down. Both are vectors of one value.
func (g *graph) cover(x string) (height, width string) {
	const p = "preprocess/"
	h := g.step("Shape", p+"image_height", []string{x}, onnx.Int("start", 2), onnx.Int("end", 3))
	w := g.step("Shape", p+"image_width", []string{x}, onnx.Int("start", 3))
	shorter := g.step("Min", p+"shorter", []string{h, w})
	scaled := func(name, side string) string {
		times := g.step("Mul", p+name+"_times", []string{side, p + "size"})
		return g.step("Div", p+name, []string{times, shorter})
	}
	return scaled("height", h), scaled("width", w)
}

// margin computes what a crop leaves out at the top and at the left, a vector of
// both. Half a pixel is rounded to even, as in Python.
func (g *graph) margin(height, width string) string {
	const p = "preprocess/"
	sides := g.step("Concat", p+"sides", []string{height, width}, onnx.Int("axis", 0))
	margin := g.step("Sub", p+"margin", []string{sides, p + "size"})
	float := g.cast(p+"margin_float", p+"margin_float", margin, onnx.Float32)
	half := g.step("Mul", p+"margin_half", []string{float, p + "half"})
	rounded := g.step("Round", p+"margin_rounded", []string{half})
	return g.cast(p+"start", p+"start", rounded, onnx.Int64)
}
