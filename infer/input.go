package infer

import (
	"fmt"

	"github.com/flowerctl/flowerctl/infer/foreign"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/numbers"
)

// input is how a network wants its images.
type input struct {
	name          string
	bytes         bool // uint8, the graph does the rest; else float32
	half          bool // float16, which the session makes of float32
	channelsFirst bool // N C H W; else N H W C
	bgr           bool // the channels are blue, green, red
	size          int  // of the square, 0 where the file leaves it open
	batch         int  // images a run, 0 where the file leaves it open
	scale, offset [3]float32
	assumed       string // what the file does not say of the layout
}

// readInput reads an input's layout off its shape, and off the graph where the shape is
// free.
func readInput(p ort.Port, m *onnx.Model) (input, error) {
	in, err := foreign.ReadInput(p.Name, p.Type, p.Shape, m)
	if err != nil {
		return input{}, err
	}
	return input{name: in.Name, bytes: in.Bytes(), half: in.Type == "float16",
		channelsFirst: in.ChannelsFirst, size: in.Size, batch: in.Batch, assumed: in.Assumed}, nil
}

// setScale makes (x/255 - mean) / std into x*scale + offset.
func (in *input) setScale(mean, std []float32) error {
	if in.bytes && (len(mean) > 0 || len(std) > 0) {
		return fmt.Errorf("input %s: takes bytes, which are not scaled: got mean %v and std %v",
			in.name, mean, std)
	}
	m, err := perChannel("mean", mean, 0)
	if err != nil {
		return err
	}
	s, err := perChannel("std", std, 1)
	if err != nil {
		return err
	}
	for c := range 3 {
		if !numbers.Finite(m[c]) {
			return fmt.Errorf("mean: got %v, want numbers", mean)
		}
		if !(s[c] > 0) || !numbers.Finite(s[c]) {
			return fmt.Errorf("std: got %v, want numbers above 0", std)
		}
		in.scale[c] = 1 / (255 * s[c])
		in.offset[c] = -m[c] / s[c]
		if !numbers.Finite(in.scale[c]) || !numbers.Finite(in.offset[c]) {
			return fmt.Errorf("mean %v and std %v: want numbers that float32 can compute with", mean, std)
		}
	}
	return nil
}

func perChannel(name string, values []float32, otherwise float32) ([3]float32, error) {
	switch len(values) {
	case 0:
		return [3]float32{otherwise, otherwise, otherwise}, nil
	case 1:
		return [3]float32{values[0], values[0], values[0]}, nil
	case 3:
		return [3]float32(values), nil
	default:
		return [3]float32{}, fmt.Errorf("%s: got %d values, want 1 or 3", name, len(values))
	}
}

// buffer holds the pixels of one run, of one kind.
type buffer struct {
	bytes  []uint8
	floats []float32
}

// room makes room for n values, which are not set.
func (in *input) room(b *buffer, n int) {
	if in.bytes {
		b.bytes = grow(b.bytes, n)
		return
	}
	b.floats = grow(b.floats, n)
}

func grow[T uint8 | float32](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// put writes image i into the buffer, as the network wants it.
func (in *input) put(b *buffer, i int, img imageprep.Image) {
	plane := img.W * img.H
	if in.bytes {
		in.putBytes(b.bytes[i*plane*3:(i+1)*plane*3], img, plane)
		return
	}
	out := b.floats[i*plane*3 : (i+1)*plane*3]
	for p := range plane {
		for c := range 3 {
			x := float32(img.Pix[p*3+c])*in.scale[c] + in.offset[c]
			out[in.place(p, c, plane)] = x
		}
	}
}

// putBytes writes an image that nobody scales.
func (in *input) putBytes(out []uint8, img imageprep.Image, plane int) {
	if !in.channelsFirst && !in.bgr {
		copy(out, img.Pix)
		return
	}
	for p := range plane {
		for c := range 3 {
			out[in.place(p, c, plane)] = img.Pix[p*3+c]
		}
	}
}

// place is where channel c of pixel p is within an image.
func (in *input) place(p, c, plane int) int {
	if in.bgr {
		c = 2 - c
	}
	if in.channelsFirst {
		return c*plane + p
	}
	return p*3 + c
}

// repeat copies the last of n rows into those up to rows.
func (in *input) repeat(b *buffer, n, rows int) {
	if in.bytes {
		repeatRow(b.bytes, n, rows)
		return
	}
	repeatRow(b.floats, n, rows)
}

func repeatRow[T uint8 | float32](s []T, n, rows int) {
	row := len(s) / rows
	for i := n; i < rows; i++ {
		copy(s[i*row:], s[(n-1)*row:n*row])
	}
}
