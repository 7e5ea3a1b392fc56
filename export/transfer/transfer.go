// Package transfer opens an ONNX classifier as the network that a training starts
// from: it is read into a spec, and its answers are compared with those of the file
// in onnxruntime before the first step. Start at [Base].
package transfer

import (
	"context"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/importer"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/run"
)

// Source is a file with a network.
type Source struct {
	Name string // for people
	File []byte
	// Size is the side of the images, pixels; 0 for the file's own.
	Size int
	// Mean and Std say how the network takes a byte x: (x - Mean) / Std. Std 0 means
	// that the file says so itself.
	Mean, Std float64
}

// ErrNotNormalised means that a file does not say in which numbers it takes pixels,
// and that [Source] does not either.
var ErrNotNormalised = errors.New("the file does not say how it takes pixels")

// MismatchError says that the network, as it was read, does not compute what the
// file does.
type MismatchError struct {
	Name string
	verify.Difference
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s: read as a network it differs from onnxruntime's answers "+
		"by %.1e of the largest logit, on %d images", e.Name, e.MaxRel, e.N)
}

// tolerance is how far logits may be apart, as a share of the largest.
const tolerance = 1e-4

// Base reads the network. Onnxruntime has to be loaded when a session checks it. A
// node that cannot be read is an [*importer.UnsupportedError].
func Base(src Source) (*run.Base, error) {
	m, err := onnx.Decode(src.File)
	if err == nil {
		err = m.Check()
	}
	var network *importer.Network
	if err == nil {
		network, err = importer.Import(m, importer.Options{Size: src.Size})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", src.Name, err)
	}
	c := &checker{src: src, network: network}
	if !network.Normalised {
		if src.Std == 0 {
			return nil, fmt.Errorf("%s: %w", src.Name, ErrNotNormalised)
		}
		if err := network.Normalise(1/src.Std, -src.Mean/src.Std); err != nil {
			return nil, fmt.Errorf("%s: %w", src.Name, err)
		}
	}
	return &run.Base{Name: src.Name, Size: network.Spec.Input[1], Replace: network.ReplaceHead,
		Check: c.check}, nil
}

// checker compares the network with its file.
type checker struct {
	src     Source
	network *importer.Network
}

func (c *checker) check(ctx context.Context, pixels []uint8, n int) error {
	if c.network.Head == "" || len(c.network.Spec.Outputs) == 0 {
		return nil // features alone: no logits to compare
	}
	size := c.network.Spec.Input[1]
	x := onnx.Tensor{Shape: []int{n, size, size, 3}, Data: make([]float32, len(pixels))}
	for i, v := range pixels {
		x.Data[i] = float32(v)
	}
	got, err := verify.Answers(ctx, c.network.Spec, c.network.Weights, x)
	if err != nil {
		return fmt.Errorf("%s: %w", c.src.Name, err)
	}
	want, err := c.answers(ctx, pixels, n)
	if err != nil {
		return fmt.Errorf("%s: %w", c.src.Name, err)
	}
	d, err := verify.Compare(want, got)
	if err != nil {
		return fmt.Errorf("%s: %w", c.src.Name, err)
	}
	if !(d.MaxRel <= tolerance) {
		return &MismatchError{c.src.Name, d}
	}
	return nil
}

// answers are the file's own logits.
func (c *checker) answers(ctx context.Context, pixels []uint8, n int) (onnx.Tensor, error) {
	s, err := ort.NewSession(c.src.File, ort.Options{})
	if err != nil {
		return onnx.Tensor{}, err
	}
	out, err := c.run(ctx, s, pixels, n)
	return out, errors.Join(err, s.Close())
}

func (c *checker) run(ctx context.Context, s *ort.Session, pixels []uint8,
	n int) (onnx.Tensor, error) {
	size, classes := c.network.Spec.Input[1], c.network.Classes
	var outputs map[string]onnx.Tensor
	var err error
	if in := s.Inputs()[0]; in.Type == "uint8" {
		outputs, err = s.RunImages(ctx, pixels, n, size, size)
	} else {
		last := len(in.Shape) == 4 && in.Shape[3] == 3
		x := floats(pixels, n, size, last, c.src.Mean, c.src.Std)
		outputs, err = s.Run(ctx, map[string]onnx.Tensor{in.Name: x})
	}
	if err != nil {
		return onnx.Tensor{}, err
	}
	// The classifier's is the last one of that length, as the importer has it.
	for _, p := range s.Outputs() {
		if t := outputs[p.Name]; len(t.Data) == n*classes && p.Name != export.Probabilities {
			return onnx.Tensor{Shape: []int{n, classes}, Data: t.Data}, nil
		}
	}
	return onnx.Tensor{}, fmt.Errorf("no output has %d classes", classes)
}

// floats are pixels as a network takes them: (x - mean) / std, channels first or
// last; std 0 stands for pixels as they are.
func floats(pixels []uint8, n, size int, channelsLast bool, mean, std float64) onnx.Tensor {
	if std == 0 {
		mean, std = 0, 1
	}
	t := onnx.Tensor{Shape: []int{n, 3, size, size}, Data: make([]float32, len(pixels))}
	if channelsLast {
		t.Shape = []int{n, size, size, 3}
	}
	area := size * size
	for i, v := range pixels {
		at := i
		if !channelsLast {
			image, pixel, channel := i/(3*area), i/3%area, i%3
			at = (image*3+channel)*area + pixel
		}
		t.Data[at] = float32((float64(v) - mean) / std)
	}
	return t
}
