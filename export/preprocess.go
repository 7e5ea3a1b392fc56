package export

import (
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// imageOpset is the first operator set whose Resize can antialias.
const imageOpset = 18

// preprocess turns the image input, uint8 [N H W 3], into the network's, float32
// [N 3 S S] with values 0 to 255: what imageprep does, and to whole grey levels
// as it does. An image that has the network's size already comes out unchanged.
func (g *graph) preprocess(prep imageprep.Config) {
	size := int64(prep.Size)
	x := g.cast("preprocess/cast", "preprocess/cast", ImageInput, onnx.Float32)
	x = g.step("Transpose", "preprocess/transpose", []string{x}, onnx.Ints("perm", 0, 3, 1, 2))
	sizes := ""
	if prep.Resize == imageprep.Crop {
		sizes = g.cover(x, size)
	} else {
		sizes = g.constant(onnx.NewInt64("preprocess/sizes", size, size))
	}
	x = g.step("Resize", "preprocess/resize", []string{x, "", "", sizes},
		onnx.String("mode", "linear"), onnx.String("coordinate_transformation_mode", "half_pixel"),
		onnx.Int("antialias", 1), onnx.Ints("axes", 2, 3))
	if prep.Resize == imageprep.Crop {
		x = g.centre(x, sizes, size)
	}
	g.add("Round", "preprocess", model.InputName, []string{x})
}

// cover computes the height and width at which the shorter side is size, the
// longer one rounded down.
func (g *graph) cover(x string, size int64) string {
	const p = "preprocess/"
	shape := g.step("Shape", p+"shape", []string{x}, onnx.Int("start", 2))
	short := g.step("ReduceMin", p+"shorter", []string{shape}, onnx.Int("keepdims", 1))
	times := g.step("Mul", p+"times", []string{shape, g.constant(onnx.NewInt64(p+"size", size))})
	return g.step("Div", p+"sizes", []string{times, short})
}

// centre cuts the square of size in the middle of x, whose height and width are
// sizes; half a pixel is rounded to even, as Python does.
func (g *graph) centre(x, sizes string, size int64) string {
	const p = "preprocess/"
	margin := g.step("Sub", p+"margin", []string{sizes, p + "size"})
	float := g.cast(p+"margin_float", p+"margin_float", margin, onnx.Float32)
	half := g.step("Mul", p+"margin_half", []string{float, g.constant(onnx.NewScalar(p+"half", 0.5))})
	rounded := g.step("Round", p+"margin_rounded", []string{half})
	start := g.cast(p+"start", p+"start", rounded, onnx.Int64)
	end := g.step("Add", p+"end", []string{start, p + "size"})
	return g.step("Slice", p+"crop", []string{x, start, end, g.constant(onnx.NewInt64(p+"axes", 2, 3))})
}
