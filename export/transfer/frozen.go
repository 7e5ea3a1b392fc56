package transfer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/flowerctl/flowerctl/export/extractor"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/features"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/run"
)

// Frozen makes of a network a base of which nothing is trained: any ONNX network of one
// image, also one that cannot be read as a model.Spec. It runs in onnxruntime, which
// has to be loaded, and gives features of the images: the value that cut names, or with
// "" what its classifier reads; see package export/extractor.
//
// What is made of the network's file is run beside the file itself, here on two made-up
// images, and on images of the training before it begins.
func Frozen(ctx context.Context, src Source, cut string, o ort.Options) (*run.Base, error) {
	f, err := draft(&src, cut)
	if err == nil {
		err = f.finish(ctx, o)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", src.Name, err)
	}
	digest := verify.Digest(f.bytes)
	said := []string{f.draft.Why}
	if f.file.Said != "" {
		said = append(said, f.file.Said)
	}
	return &run.Base{Name: src.Name, Size: f.draft.Size, Check: f.check, Extractor: &run.Extractor{
		File: f.bytes, Node: f.file.Node(digest, run.BaseName(src.Name)),
		Said: fmt.Sprintf("%s features an image: %s", model.Thousands(f.file.Features),
			strings.Join(said, ", ")),
	}}, nil
}

// OpenExtractor opens the file of an extractor in onnxruntime, which has to be loaded.
func OpenExtractor(file []byte, o ort.Options) (run.FeatureEngine, error) {
	x, err := features.Open(file, o)
	if err != nil { // a nil *T in an interface would not be nil
		return nil, err
	}
	return x, nil
}

// frozen is an extractor and the network that it is made of.
type frozen struct {
	name    string
	draft   *extractor.Draft
	network []byte // the network up to the features, in its own form
	file    *extractor.File
	bytes   []byte // of file
	options ort.Options
}

func draft(src *Source, cut string) (*frozen, error) {
	m, err := onnx.Decode(src.File)
	if err != nil {
		return nil, err
	}
	m.Tidy()
	if err := m.Check(); err != nil {
		return nil, err
	}
	f := &frozen{name: src.Name}
	f.draft, err = extractor.Prepare(m, extractor.Options{Cut: cut, Size: src.Size,
		Mean: src.Mean, Std: src.Std, Beside: src.Beside})
	if err != nil {
		return nil, err
	}
	f.network, err = f.draft.Model.Encode()
	return f, err
}

// finish makes the file in the first form that computes what the network does.
func (f *frozen) finish(ctx context.Context, o ort.Options) error {
	f.options = o
	network, err := ort.NewSession(f.network, o)
	if err != nil {
		return err
	}
	err = f.try(ctx, network)
	return errors.Join(err, network.Close())
}

func (f *frozen) try(ctx context.Context, network *ort.Session) error {
	size := f.draft.Size
	pixels := made(2, size)
	var values []onnx.Tensor
	for i := range 2 {
		v, err := f.value(ctx, network, pixels[i*3*size*size:(i+1)*3*size*size])
		if err != nil {
			return err
		}
		values = append(values, v)
	}
	var first error
	for _, form := range []extractor.Form{extractor.Together, extractor.OneByOne} {
		err := f.form(ctx, form, pixels, values)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if first == nil {
			first = err
		}
		var differ *MismatchError
		if errors.As(err, &differ) {
			first = err // says more than what onnxruntime says of a batch
		}
	}
	return first
}

// form makes the file in a form, and compares it on the images.
func (f *frozen) form(ctx context.Context, form extractor.Form, pixels []uint8,
	values []onnx.Tensor) (err error) {
	if f.file, err = f.draft.Finish(values[0].Shape, form); err != nil {
		return err
	}
	if f.bytes, err = f.file.Model.Encode(); err != nil {
		return err
	}
	x, err := features.Open(f.bytes, f.options)
	if err != nil {
		return err
	}
	got, err := x.Extract(ctx, pixels, len(values))
	if err := errors.Join(err, x.Close()); err != nil {
		return err
	}
	return f.compare(values, got)
}

// compare compares features with those of the network's values.
func (f *frozen) compare(values []onnx.Tensor, got []float32) error {
	var want []float32
	for _, v := range values {
		want = append(want, f.file.Vector(v)...)
	}
	shape := []int{len(values), f.file.Features}
	d, err := verify.Compare(onnx.Tensor{Shape: shape, Data: want},
		onnx.Tensor{Shape: shape, Data: got})
	if err != nil {
		return err
	}
	if !(d.MaxRel <= tolerance) {
		return &MismatchError{f.name, d}
	}
	return nil
}

// value is the network's value for one image, in its own form.
func (f *frozen) value(ctx context.Context, s *ort.Session, pixels []uint8) (onnx.Tensor, error) {
	in := f.draft.Feed(pixels)
	var out map[string]onnx.Tensor
	var err error
	if f.draft.Input.Bytes() {
		out, err = s.RunBytes(ctx, in.Bytes, in.Shape)
	} else {
		x := onnx.Tensor{Shape: in.Shape, Data: in.Floats}
		out, err = s.Run(ctx, map[string]onnx.Tensor{f.draft.Input.Name: x})
	}
	if err != nil {
		return onnx.Tensor{}, err
	}
	return out[s.Outputs()[0].Name], nil
}

// check compares the file with the network on images of the training.
func (f *frozen) check(ctx context.Context, pixels []uint8, n int) (err error) {
	network, err := ort.NewSession(f.network, f.options)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	defer func() { err = errors.Join(err, network.Close()) }()
	x, err := features.Open(f.bytes, f.options)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	got, err := x.Extract(ctx, pixels, n)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	var values []onnx.Tensor
	for image := len(pixels) / n; len(pixels) > 0; pixels = pixels[image:] {
		v, err := f.value(ctx, network, pixels[:image])
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		values = append(values, v)
	}
	return f.compare(values, got)
}

// made are n squares of no particular picture, all different, for a first comparison.
func made(n, size int) []uint8 {
	pixels := make([]uint8, 3*n*size*size)
	x := uint32(1)
	for i := range pixels {
		x = x*1664525 + 1013904223 // Knuth's constants for 32 bits
		pixels[i] = uint8(128 + int(x>>26) + i/(size*3)%64)
	}
	return pixels
}
