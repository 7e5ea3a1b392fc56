// Package reference compares a file with something else that should compute the same:
// another file, or inputs and outputs that were recorded. It never imports gorgonia.
// Start at [Files] and [Recorded].
package reference

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/npz"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/numbers"
)

// DefaultTolerance is how far values may be apart, as a share of the largest.
const DefaultTolerance = 1e-4

// Report is what a comparison found.
type Report struct {
	OK        bool    `json:"ok"`
	File      string  `json:"file"`
	Reference string  `json:"reference"`
	Images    int     `json:"images"`       // rows that were compared
	Same      int     `json:"same_answers"` // in how many the largest value is the same one
	MaxRel    float64 `json:"max_difference"`
	Tolerance float64 `json:"tolerance"`
	Values    string  `json:"values"` // what was compared: "probabilities", or outputs' names
}

// add compares rows of k values.
func (r *Report) add(got, want []float32, k int) error {
	if len(got) != len(want) || k < 1 || len(want)%k != 0 {
		return fmt.Errorf("got %d values, the reference has %d", len(got), len(want))
	}
	scale := 0.0
	for _, v := range want {
		scale = max(scale, math.Abs(float64(v)))
	}
	scale = max(scale, 1e-30)
	for i := range want {
		d := math.Abs(float64(got[i])-float64(want[i])) / scale
		if !(d <= r.MaxRel) { // NaN too
			r.MaxRel = d
		}
		if math.IsNaN(d) {
			r.MaxRel = math.Inf(1)
		}
	}
	for at := 0; at < len(want); at += k {
		r.Images++
		if numbers.ArgMax(got[at:at+k]) == numbers.ArgMax(want[at:at+k]) {
			r.Same++
		}
	}
	return nil
}

func (r *Report) judge() { r.OK = r.MaxRel <= r.Tolerance && r.Same == r.Images }

// Err is an error if the comparison found a difference.
func (r *Report) Err() error {
	if r.OK {
		return nil
	}
	return fmt.Errorf("%s differs from %s: the same answer for %d of %d, %s up to %.1e of scale apart",
		r.File, r.Reference, r.Same, r.Images, r.Values, r.MaxRel)
}

// WriteText writes a line for people.
func (r *Report) WriteText(w io.Writer) error {
	verdict := "the same as"
	if !r.OK {
		verdict = "DIFFERS from"
	}
	_, err := fmt.Fprintf(w, "%s: %s %s; the same answer for %d of %d, %s within %.1e of scale\n",
		r.File, verdict, r.Reference, r.Same, r.Images, r.Values, r.MaxRel)
	return err
}

// Open opens a file that need not say what its classes are called.
func Open(f *infer.File, o infer.Options) (*infer.Classifier, error) {
	c, err := f.Open(o)
	if !errors.Is(err, infer.ErrNoLabels) {
		return c, err
	}
	m, unread := ort.Read(f.Data)
	if unread != nil {
		return nil, err
	}
	for _, p := range m.Outputs {
		if len(p.Shape) < 2 {
			continue
		}
		n := onnx.Elements(p.Shape[1:])
		if n < 1 || n > 1<<20 {
			continue
		}
		o.Labels = make([]string, n)
		for i := range o.Labels {
			o.Labels[i] = strconv.Itoa(i)
		}
		return f.Open(o)
	}
	return nil, err
}

// batch is how many pictures are in memory at a time.
const batch = 8

// Files compares the answers of two opened files for pictures, each the bytes of an
// image file.
func Files(ctx context.Context, file, other *infer.Classifier, pictures [][]byte,
	tolerance float64) (*Report, error) {
	r := &Report{Tolerance: tolerance, Values: "probabilities"}
	if a, b := len(file.Labels()), len(other.Labels()); a != b {
		return nil, fmt.Errorf("the file has %d classes, the reference %d", a, b)
	}
	if len(pictures) == 0 {
		return nil, errors.New("no images to compare on")
	}
	decoder := new(imageprep.Decoder)
	for some := range slices.Chunk(pictures, batch) {
		var images []imageprep.Image
		for _, data := range some {
			img, err := decoder.Decode(imageprep.Bytes(data))
			if err != nil {
				return nil, err
			}
			images = append(images, img)
		}
		got, err := file.Classify(ctx, images)
		if err != nil {
			return nil, err
		}
		want, err := other.Classify(ctx, images)
		if err != nil {
			return nil, fmt.Errorf("the reference: %w", err)
		}
		for i := range got {
			k := len(want[i].Probabilities)
			if err := r.add(got[i].Probabilities, want[i].Probabilities, k); err != nil {
				return nil, err
			}
		}
	}
	r.judge()
	return r, nil
}

// Recorded runs the session on recorded inputs and compares with recorded outputs. An
// array belongs to the input or output of its name; arr_0, arr_1 are the inputs and then
// the outputs, in the file's order. Outputs that were not recorded are left out.
func Recorded(ctx context.Context, s *ort.Session, arrays []npz.Array, tolerance float64) (
	*Report, error) {
	r := &Report{Tolerance: tolerance}
	of := map[string]npz.Array{}
	for i, p := range append(s.Inputs(), s.Outputs()...) {
		for _, a := range arrays {
			if a.Name == p.Name || a.Name == fmt.Sprintf("arr_%d", i) {
				of[p.Name] = a
			}
		}
	}
	out, err := run(ctx, s, of)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range s.Outputs() {
		want, ok := of[p.Name]
		got, has := out[p.Name]
		if !ok || !has {
			continue
		}
		k := max(1, len(want.Data))
		if len(want.Shape) > 0 && want.Shape[0] > 0 {
			k = max(1, len(want.Data)/want.Shape[0])
		}
		if err := r.add(got.Data, want.Data, k); err != nil {
			return nil, fmt.Errorf("output %s: %w", p.Name, err)
		}
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no output is recorded: want an array called %s", list(s.Outputs()))
	}
	r.Values = strings.Join(names, ", ")
	r.judge()
	return r, nil
}

func list(ports []ort.Port) string {
	var names []string
	for _, p := range ports {
		names = append(names, p.Name)
	}
	return strings.Join(names, " or ")
}

// run feeds the recorded inputs.
func run(ctx context.Context, s *ort.Session, of map[string]npz.Array) (map[string]onnx.Tensor, error) {
	inputs := map[string]onnx.Tensor{}
	for _, p := range s.Inputs() {
		a, ok := of[p.Name]
		if !ok {
			return nil, fmt.Errorf("input %s is not recorded: want an array of that name", p.Name)
		}
		if p.Type == "uint8" && len(s.Inputs()) == 1 {
			pixels := make([]uint8, len(a.Data))
			for i, v := range a.Data {
				if v != float32(uint8(v)) {
					return nil, fmt.Errorf("input %s: got %v, want bytes", p.Name, v)
				}
				pixels[i] = uint8(v)
			}
			return s.RunBytes(ctx, pixels, a.Shape)
		}
		inputs[p.Name] = a.Tensor
	}
	return s.Run(ctx, inputs)
}
