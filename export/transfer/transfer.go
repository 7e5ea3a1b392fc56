// Package transfer opens an ONNX classifier as the network that a training starts
// from: it is read into a spec, and its answers are compared with those of the file
// in onnxruntime before the first step. It runs both gorgonia and onnxruntime, which
// package export never imports. Start at [Base].
package transfer

import (
	"context"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/extractor"
	"github.com/flowerctl/flowerctl/export/importer"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/foreign"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// Source is a file with a network.
type Source struct {
	Name string // for people
	File []byte
	// Size is the side of the images, pixels; 0 for the file's own.
	Size int
	// Mean and Std say how the network takes a byte x of the channels R, G and B: (x -
	// Mean) / Std. Std of zeros means that the file says so itself.
	Mean, Std [3]float64
	// Beside reads files beside the network's, which may say how it takes pixels; nil
	// where it is in no folder. Only Frozen looks at them.
	Beside foreign.Beside
}

// known says whether the source says how the network takes bytes.
func (s *Source) known() bool { return s.Std != [3]float64{} }

// ErrNotNormalised means that a file does not say in which numbers it takes pixels,
// and that [Source] does not either.
var ErrNotNormalised = extractor.ErrNotNormalised

// ErrNormalised means that Source.Mean and Std are given for a file that says itself how
// it takes pixels.
var ErrNormalised = extractor.ErrNormalised

// MismatchError says that the network, as it was read, does not compute what the
// file does.
type MismatchError struct {
	Name string
	verify.Difference
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s: read as a network it differs from onnxruntime's answers "+
		"by %.1e of the largest logit, on %s", e.Name, e.MaxRel, table.Count(e.N, "image"))
}

// tolerance is how far logits may be apart, as a share of the largest.
const tolerance = 1e-4

// Base reads the network. Onnxruntime has to be loaded when a session checks it. A
// node that cannot be read is an [*importer.UnsupportedError].
func Base(src Source) (*run.Base, error) {
	network, err := read(src.File, src.Size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", src.Name, err)
	}
	c := &checker{src: src, network: network}
	if network.Normalised && src.known() {
		return nil, fmt.Errorf("%s: %w", src.Name, ErrNormalised)
	}
	if !network.Normalised {
		if !src.known() {
			return nil, fmt.Errorf("%s: %w", src.Name, ErrNotNormalised)
		}
		if err := normalise(network, &src); err != nil {
			return nil, fmt.Errorf("%s: %w", src.Name, err)
		}
	}
	return &run.Base{Name: src.Name, Size: network.Spec.Input[1], Replace: network.ReplaceHead,
		Check: c.check}, nil
}

// normalise makes the network take bytes.
func normalise(n *importer.Network, src *Source) error {
	var scales, offsets [3]float64
	for c, std := range src.Std {
		scales[c], offsets[c] = 1/std, -src.Mean[c]/std
	}
	if scales[0] == scales[1] && scales[0] == scales[2] &&
		offsets[0] == offsets[1] && offsets[0] == offsets[2] {

		return n.Normalise(scales[0], offsets[0])
	}
	return n.NormaliseChannels(scales, offsets)
}

// read reads the network of a file for images of a size; 0 for the file's own.
func read(file []byte, size int) (*importer.Network, error) {
	m, err := onnx.Decode(file)
	if err != nil {
		return nil, err
	}
	m.Tidy()
	if err := m.Check(); err != nil {
		return nil, err
	}
	return importer.Import(m, importer.Options{Size: size})
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
	want, err := c.answers(ctx, x, pixels, n)
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
func (c *checker) answers(ctx context.Context, x onnx.Tensor, pixels []uint8,
	n int) (onnx.Tensor, error) {
	if !c.src.known() { // a file of this program, which says how it takes pixels
		return verify.FileAnswers(ctx, c.src.File, x)
	}
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
	in := s.Inputs()[0]
	last := len(in.Shape) == 4 && in.Shape[3] == 3
	x := floats(pixels, n, size, last, c.src.Mean, c.src.Std)
	outputs, err := s.Run(ctx, map[string]onnx.Tensor{in.Name: x})
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
// last.
func floats(pixels []uint8, n, size int, channelsLast bool, mean, std [3]float64) onnx.Tensor {
	t := onnx.Tensor{Shape: []int{n, 3, size, size}, Data: make([]float32, len(pixels))}
	if channelsLast {
		t.Shape = []int{n, size, size, 3}
	}
	area := size * size
	for i, v := range pixels {
		at, channel := i, i%3
		if !channelsLast {
			image, pixel := i/(3*area), i/3%area
			at = (image*3+channel)*area + pixel
		}
		t.Data[at] = float32((float64(v) - mean[channel]) / std[channel])
	}
	return t
}
