package export

import (
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// byMatMul resizes by two products of matrices. Their weights are computed in the
// graph from the lengths of the axes, in operators that every engine has and
// computes alike; of Resize some leave antialias out without a word, as OpenVINO
// 2026.4 and OpenCV 5 do.
//
// Only the pixels of the result are computed: a crop costs no more than a stretch.
func (g *graph) byMatMul(x string, prep imageprep.Config) {
	const p = "preprocess/"
	g.constant(onnx.NewScalar(p+"one", 1))
	g.constant(int64Scalar(p+"first", 1))
	g.constant(int64Scalar(p+"step", 2))
	g.constant(onnx.NewInt64(p+"two", 2))
	g.constant(onnx.NewInt64(p+"axis_0", 0))
	g.constant(onnx.NewInt64(p+"axis_1", 1))
	across := resample{name: p + "across", axis: 3, length: p + "size"}
	down := resample{name: p + "down", axis: 2, length: p + "size"}
	if prep.Resize == imageprep.Crop {
		down.length, across.length = g.cover(x)
		start := g.margin(down.length, across.length)
		down.start = g.step("Gather", p+"top", []string{start, p + "axis_0"})
		across.start = g.step("Gather", p+"left", []string{start, p + "axis_1"})
	}
	across.weights(g, x, prep.Size)
	y := g.step("MatMul", across.name+"_product", []string{x, across.name + "_weights"})
	y = g.step("Add", across.name+"_raised", []string{y, p + "half"})
	y = g.step("Floor", across.name, []string{y})
	down.weights(g, x, prep.Size)
	y = g.step("MatMul", down.name+"_product", []string{down.name + "_weights", y})
	y = g.step("Add", down.name+"_raised", []string{y, p + "half"})
	g.add("Floor", "preprocess", model.InputName, []string{y})
}

// resample is one axis of a resize by matrices.
type resample struct {
	name   string // that its values begin with
	axis   int    // of [N 3 H W]: 3 across, 2 down
	length string // the value that the axis becomes as long as: int64 [1]
	start  string // the first pixel of that length in the result, int64 [1]; "" means 0
}

// weights writes the matrix of the axis, (L, S) across and (S, L) down for S pixels
// made of L, as NAME_weights. Pixel i of the result has its centre at
// (i+1/2)*L/length, and pixel k the weight max(0, 1 - |k+1/2-centre| / max(1,
// L/length)), over the sum of all k. Everything up to the difference is multiplied by
// 2*length, so that it is exact in integers:
//
//	1 - |(2k+1)*length - (2i+1)*L| / (2*max(L, length))
//
// Source: Pillow, libImaging/Resample.c, precompute_coeffs.
func (r *resample) weights(g *graph, x string, size int) {
	const p = "preprocess/"
	name := func(part string) string { return r.name + "_" + part }
	step := func(op, part string, in ...string) string { return g.step(op, name(part), in) }
	before := g.step("Shape", name("before"), []string{x},
		onnx.Int("start", int64(r.axis)), onnx.Int("end", int64(r.axis+1)))

	// (2k+1)*length for every k.
	twice := step("Mul", "twice", before, p+"two")
	end := step("Squeeze", "end", twice, p+"axis_0")
	odd := step("Range", "odd", p+"first", end, p+"step")
	pixels := step("Mul", "pixels", odd, r.length)

	// (2i+1)*L for every i, after the margin.
	odds := make([]int64, size)
	for i := range odds {
		odds[i] = int64(2*i + 1)
	}
	places := g.constant(onnx.NewInt64(name("places"), odds...))
	if r.start != "" {
		margin := step("Mul", "margin", r.start, p+"two")
		places = step("Add", "moved", places, margin)
	}
	centres := step("Mul", "centres", places, before)

	// Pixels lie along the matrix' first axis across, along its second one down.
	taps := p + "axis_0"
	if r.axis == 3 {
		pixels = step("Unsqueeze", "column", pixels, p+"axis_1")
	} else {
		centres = step("Unsqueeze", "column", centres, p+"axis_1")
		taps = p + "axis_1"
	}
	difference := step("Sub", "difference", pixels, centres)
	// OpenCV has no Abs of integers. float32 is exact up to 1<<24, far over the reach.
	difference = g.cast(name("difference_float"), name("difference_float"), difference, onnx.Float32)
	distance := step("Abs", "distance", difference)
	longer := step("Max", "longer", before, r.length)
	reach := step("Mul", "reach", longer, p+"two")
	reach = g.cast(name("reach_float"), name("reach_float"), reach, onnx.Float32)
	share := step("Div", "share", distance, reach)
	slope := step("Sub", "slope", p+"one", share)
	triangle := step("Relu", "triangle", slope)
	sum := step("ReduceSum", "sum", triangle, taps)
	step("Div", "weights", triangle, sum)
}

// int64Scalar is an integer that is no vector.
func int64Scalar(name string, v int64) onnx.Initializer {
	t := onnx.NewInt64(name, v)
	t.Dims = nil
	return t
}
