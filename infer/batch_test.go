package infer

import (
	"math"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
)

// dynamic is the plain model with a fixed batch, whose pixels are quantised with scales
// of the batch itself.
func dynamic(t *testing.T, batch int) *onnx.Model {
	t.Helper()
	m := model(t, colours.PlainNCHW)
	g := &m.Graph
	g.Inputs[0].Dims[0], g.Outputs[0].Dims[0] = onnx.Known(batch), onnx.Known(batch)
	g.Nodes[0].Inputs[0] = "restored"
	g.Nodes = append([]onnx.Node{
		{Name: "quantise", Op: "DynamicQuantizeLinear", Inputs: []string{"pixels"},
			Outputs: []string{"q", "scale_of_q", "zero_of_q"}},
		{Name: "restore", Op: "DequantizeLinear", Inputs: []string{"q", "scale_of_q", "zero_of_q"},
			Outputs: []string{"restored"}}}, g.Nodes...)
	return m
}

// quantised are the probabilities of one image alone, by the formulas of ONNX'
// DynamicQuantizeLinear and DequantizeLinear. The pixels are (p/255 - mean) / std.
func quantised(img imageprep.Image, mean, std float64) []float32 {
	x := make([]float64, len(img.Pix))
	for i, p := range img.Pix {
		x[i] = (float64(p)/255 - mean) / std
	}
	low, high := min(0, slices.Min(x)), max(0, slices.Max(x))
	scale := (high - low) / 255
	zero := math.RoundToEven(-low / scale)
	sums := make([]float64, 3)
	for i, v := range x {
		q := min(255, max(0, math.RoundToEven(v/scale)+zero))
		sums[i%3] += (q - zero) * scale
	}
	result := make([]float32, 3)
	for c, sum := range sums {
		result[c] = float32(sum / float64(len(x)/3) * 255 * colours.Sharpness)
	}
	softmax(result)
	return result
}

// flat is an image of one colour.
func flat(r, g, b uint8) imageprep.Image {
	img := imageprep.Image{W: 8, H: 8}
	for range 8 * 8 {
		img.Pix = append(img.Pix, r, g, b)
	}
	return img
}

func TestAFixedBatchDoesNotRememberEarlierPictures(t *testing.T) {
	onnxruntime.Need(t)
	const mean, std = 0.31, 0.17
	o := elsewhere
	o.Mean, o.Std = []float32{mean}, []float32{std}
	dim := flat(90, 97, 83)
	// The range of a run is that of dim, whatever was in the rows before; two pictures in
	// a run of four have a range of their own, and so have five, of which one is left over.
	for _, before := range [][]imageprep.Image{nil, {flat(255, 255, 255)}, {flat(0, 9, 0), flat(7, 0, 0), dim, flat(250, 1, 2)}} {
		for _, last := range [][]imageprep.Image{{dim}, {dim, dim}, {flat(255, 0, 255), dim, dim, dim, dim}} {
			c, err := open(dynamic(t, 4), o)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for _, images := range [][]imageprep.Image{before, last} {
				got, err := c.Classify(t.Context(), images)
				if err != nil {
					t.Fatal(err)
				}
				if n := len(images); n%4 != 0 {
					want := quantised(images[n-1], mean, std)
					if !close3(got[n-1].Probabilities, want, 2e-5) {
						t.Errorf("%d pictures after %d: got %v, want %v", n, len(before), got[n-1].Probabilities, want)
					}
				}
			}
		}
	}
}

func TestRowsThatFillARunAreTheLastImage(t *testing.T) {
	images := []imageprep.Image{plain(0, 8, 8), plain(2, 8, 8)}
	for _, in := range []colours.Input{colours.Bytes, colours.PlainNCHW, colours.PlainNHWC} {
		c := &Classifier{prep: imageprep.Config{Size: 8}, input: input{batch: 5, bytes: in == colours.Bytes,
			channelsFirst: in == colours.PlainNCHW, scale: [3]float32{1, 1, 1}}}
		b := &buffer{bytes: slices.Repeat([]byte{99}, 5*3*64), floats: slices.Repeat([]float32{99}, 5*3*64)}
		if rows := c.fill(b, images); rows != 5 {
			t.Errorf("%s: got %d rows", in, rows)
		}
		for row := 2; row < 5; row++ {
			from, to := row*3*64, (row+1)*3*64
			same := slices.Equal(b.floats[from:to], b.floats[3*64:2*3*64])
			if c.input.bytes {
				same = slices.Equal(b.bytes[from:to], b.bytes[3*64:2*3*64])
			}
			if !same {
				t.Errorf("%s: row %d is not the last image", in, row)
			}
		}
	}
}
