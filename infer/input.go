package infer

import (
	"fmt"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train/numbers"
)

// input is how a network wants its images.
type input struct {
	name          string
	bytes         bool // uint8, the graph does the rest; else float32
	channelsFirst bool // N C H W; else N H W C
	size          int  // of the square, 0 where the file leaves it open
	batch         int  // images a run, 0 where the file leaves it open
	scale, offset [3]float32
}

// readInput reads an input's layout off its shape.
func readInput(p ort.Port, o Options) (input, error) {
	in := input{name: p.Name}
	wrong := func(why string) (input, error) {
		return input{}, fmt.Errorf("input %s: %s %v: %s", p.Name, p.Type, p.Shape, why)
	}
	if p.Type != "uint8" && p.Type != "float32" {
		return wrong("want uint8 or float32")
	}
	if len(p.Shape) != 4 {
		return wrong("want images, [N, 3, H, W] or [N, H, W, 3]")
	}
	h, w := p.Shape[2], p.Shape[3]
	switch {
	case p.Shape[1] == 3:
		in.channelsFirst = true
	case p.Shape[3] == 3:
		h, w = p.Shape[1], p.Shape[2]
	default:
		return wrong("want 3 channels, [N, 3, H, W] or [N, H, W, 3]")
	}
	if in.bytes = p.Type == "uint8"; in.bytes && in.channelsFirst {
		return wrong("want bytes as [N, H, W, 3]")
	}
	if h != w {
		return wrong("want a square")
	}
	in.size, in.batch = max(h, 0), max(p.Shape[0], 0)
	return in, in.setScale(o.Mean, o.Std)
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
		copy(b.bytes[i*plane*3:], img.Pix)
		return
	}
	out := b.floats[i*plane*3 : (i+1)*plane*3]
	for p := range plane {
		for c := range 3 {
			x := float32(img.Pix[p*3+c])*in.scale[c] + in.offset[c]
			if in.channelsFirst {
				out[c*plane+p] = x
			} else {
				out[p*3+c] = x
			}
		}
	}
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
