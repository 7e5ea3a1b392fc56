// Package features computes features of images with an extractor's file in onnxruntime:
// the file of package export/extractor, which takes "input", float32 [N 3 S S], RGB, 0
// to 255, and gives "features", float32 [N D]. It never imports gorgonia. Start at
// [Open].
package features

import (
	"context"
	"fmt"

	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
)

// Names of the file's input and output.
const (
	Input  = "input"
	Output = "features"
)

// Extractor is an open file. Close it after the last call; calls may overlap.
type Extractor struct {
	session *ort.Session
	size    int // of the images, pixels
	length  int // D
}

// Open opens the bytes of a file. onnxruntime has to be loaded, see ort.Load.
func Open(file []byte, o ort.Options) (*Extractor, error) {
	s, err := ort.NewSession(file, o)
	if err != nil {
		return nil, err
	}
	in, out := s.Inputs(), s.Outputs()
	if len(in) != 1 || in[0].Name != Input || len(in[0].Shape) != 4 || in[0].Shape[2] < 1 ||
		len(out) != 1 || out[0].Name != Output || len(out[0].Shape) != 2 || out[0].Shape[1] < 1 {
		s.Close()
		return nil, fmt.Errorf("not an extractor's file: want input %q [N 3 S S] and output %q [N D]",
			Input, Output)
	}
	return &Extractor{session: s, size: in[0].Shape[2], length: out[0].Shape[1]}, nil
}

// Length is how many numbers an image becomes.
func (x *Extractor) Length() int { return x.length }

// Engine is what computes: "onnxruntime 1.27.0 cpu".
func (x *Extractor) Engine() string {
	return fmt.Sprintf("onnxruntime %s %s", ort.Loaded().Version, x.session.Device())
}

// together is how many images a run takes at most. With EfficientNet-Lite0 on two cores
// 16 were as fast an image as 64, and values between layers take a quarter of the memory.
const together = 16

// Extract computes the features [n D] of n images of the file's size, RGB, rows of
// pixels, channels innermost. They are the caller's.
func (x *Extractor) Extract(ctx context.Context, pixels []uint8, n int) ([]float32, error) {
	image := 3 * x.size * x.size
	if n < 1 || len(pixels) != n*image {
		return nil, fmt.Errorf("%d images in %d bytes, want %d bytes an image", n, len(pixels), image)
	}
	features := make([]float32, 0, n*x.length)
	for from := 0; from < n; from += together {
		some := min(together, n-from)
		t := Planes(pixels[from*image:(from+some)*image], some, x.size)
		out, err := x.session.Run(ctx, map[string]onnx.Tensor{Input: t})
		if err != nil {
			return nil, err
		}
		if got := len(out[Output].Data); got != some*x.length {
			return nil, fmt.Errorf("%d features for %d images, want %d each", got, some, x.length)
		}
		features = append(features, out[Output].Data...)
	}
	return features, nil
}

// Close releases the file.
func (x *Extractor) Close() error { return x.session.Close() }

// Planes are n images of bytes with channels innermost as [n 3 size size].
func Planes(pixels []uint8, n, size int) onnx.Tensor {
	t := onnx.NewTensor(n, 3, size, size)
	area := size * size
	for i := range n {
		from, to := pixels[3*i*area:3*(i+1)*area], t.Data[3*i*area:3*(i+1)*area]
		for p := range area {
			to[p], to[area+p], to[2*area+p] = float32(from[3*p]), float32(from[3*p+1]),
				float32(from[3*p+2])
		}
	}
	return t
}
