// Package extractor makes of an ONNX network a file that computes features of images:
// the network up to the value that a classifier reads, with all that turns pixels into
// what it takes before it, and with a mean over tokens or pixels after it.
//
// The result has one form, whatever the network: it takes "input", float32 [N 3 S S],
// RGB, 0 to 255, and gives "features", float32 [N D]. Package export puts it into a
// classifier's file. This package never imports gorgonia or onnxruntime: whoever has
// onnxruntime says which shape the value has, and compares. Start at [Prepare].
package extractor

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/foreign"
	"github.com/flowerctl/flowerctl/onnx"
)

// Options say how a network takes images and what of it is wanted.
type Options struct {
	// Cut is the value, or the node, whose value becomes the features; "" means what
	// the classifier reads, or the output of a network without one.
	Cut string
	// Size is the side of the images, pixels; 0 means that of the file.
	Size int
	// Mean and Std say how the network takes a byte x of the channels R, G and B: (x -
	// Mean) / Std. Std of zeros means that the file, or those beside it, say so.
	Mean, Std [3]float64
	// Beside reads files that are beside the network's; nil where it is in no folder.
	Beside foreign.Beside
}

// Errors of Prepare that a caller may want to tell apart.
var (
	// ErrNoSize means that the file takes images of any size, and that Options does not
	// say which.
	ErrNoSize = errors.New("it takes images of any size")
	// ErrNotNormalised means that neither the file nor Options say in which numbers it
	// takes pixels.
	ErrNotNormalised = errors.New("the file does not say how it takes pixels")
	// ErrNormalised means that Options say so for a file that says it itself.
	ErrNormalised = errors.New("the file says itself how it takes pixels")
)

// SizeError says that the file takes images of another size than was asked for.
type SizeError struct{ Got, Want int }

func (e *SizeError) Error() string {
	return fmt.Sprintf("got %d pixels, the file takes images of %d x %d", e.Got, e.Want, e.Want)
}

// Draft is the part of a network that computes features, in its own form.
type Draft struct {
	// Model has one input and one output. It takes images as the file does.
	Model *onnx.Model
	Input foreign.Input // of Model; the batch is 0 where any number of images may come
	Size  int           // of the images, pixels
	Why   string        // why this value: "what the classifier fc (Gemm) reads"

	value       string // of the features
	scale, move [3]float64
	swapped     bool // the channels are blue, green, red
	inside      bool // Model begins behind the steps of an exported file
}

// Prepare finds the features of a network, cuts it after them, and says what the result
// takes. m has to be tidy and is not changed. A cut that is not there is an
// [*onnx.NoValueError].
func Prepare(m *onnx.Model, o Options) (*Draft, error) {
	properties := map[string]string{}
	for _, p := range m.Metadata {
		properties[p.Key] = p.Value
	}
	facts, err := foreign.Read(properties, o.Beside)
	if err != nil {
		return nil, err
	}
	d := &Draft{}
	picked, err := d.pick(&m.Graph, o.Cut)
	if err != nil {
		return nil, err
	}
	d.value, d.Why = picked.value, picked.why
	var from []onnx.ValueInfo
	if own := imageSteps(m, facts); own != nil {
		from, d.inside = []onnx.ValueInfo{*own}, true
	}
	if d.Model, err = m.Cut(d.value, from...); err != nil {
		return nil, err
	}
	if err := d.readInput(m); err != nil {
		return nil, err
	}
	return d, d.settle(facts, o)
}

func (d *Draft) pick(g *onnx.Graph, cut string) (choice, error) {
	if cut == "" {
		return choose(g)
	}
	value, err := g.Value(cut)
	return choice{value, "as --cut says"}, err
}

// imageSteps is the value of an exported file behind the steps that make squares of its
// images, nil in other files.
func imageSteps(m *onnx.Model, facts *foreign.Facts) *onnx.ValueInfo {
	if !facts.Own || len(m.Graph.Inputs) != 1 || m.Graph.Inputs[0].Elem != onnx.Uint8 {
		return nil
	}
	for i := range m.Graph.Values {
		if v := m.Graph.Values[i]; v.Name == export.FloatInput && v.Elem == onnx.Float32 {
			return &v
		}
	}
	return nil
}

// readInput finds out how the one input takes images.
func (d *Draft) readInput(whole *onnx.Model) (err error) {
	g := &d.Model.Graph
	constant := map[string]bool{}
	for i := range g.Initializers {
		constant[g.Initializers[i].Name] = true
	}
	var inputs []onnx.ValueInfo
	for _, in := range g.Inputs {
		if !constant[in.Name] {
			inputs = append(inputs, in)
		}
	}
	switch len(inputs) {
	case 0:
		return fmt.Errorf("value %s does not depend on an image", d.value)
	case 1:
	default:
		return fmt.Errorf("the features need %d inputs, %s and %s: want one image",
			len(inputs), inputs[0].Name, inputs[1].Name)
	}
	g.Inputs = inputs
	in := inputs[0]
	if in.Kind != onnx.TensorKind {
		return fmt.Errorf("input %s is no tensor", in.Name)
	}
	var shape []int
	for _, dim := range in.Dims {
		shape = append(shape, int(dim.Value))
	}
	d.Input, err = foreign.ReadInput(in.Name, in.Elem.String(), shape, whole)
	if err == nil && d.Input.Batch > 1 {
		err = fmt.Errorf("input %s takes %d images at once: want one, or any number: export it again "+
			"with a free first axis", in.Name, d.Input.Batch)
	}
	return err
}

// settle decides on size and pixels.
func (d *Draft) settle(facts *foreign.Facts, o Options) error {
	if d.Size = cmp.Or(d.Input.Size, o.Size, facts.Says.Size); d.Size == 0 {
		return ErrNoSize
	}
	if o.Size != 0 && o.Size != d.Size {
		return &SizeError{o.Size, d.Size}
	}
	known := o.Std != [3]float64{}
	d.scale, d.move = [3]float64{1, 1, 1}, [3]float64{}
	if d.inside || d.Input.Bytes() {
		if known {
			return ErrNormalised
		}
		return nil
	}
	says := len(facts.Says.Mean)+len(facts.Says.Std) > 0
	r, err := facts.Resolve(foreign.Wish{}, d.Size, false)
	if err != nil {
		return err
	}
	d.swapped = r.Channels == foreign.BGR
	mean, std := o.Mean, o.Std
	switch {
	case known && says && !same(of3(r.Mean, 0), of3(r.Std, 1), mean, std):
		return ErrNormalised
	case !known && facts.Own && !says: // pixels of 0 to 255 as they are
		return nil
	case !known && !says && facts.ImpliedFrom == "":
		return ErrNotNormalised
	case !known:
		mean, std = of3(r.Mean, 0), of3(r.Std, 1)
	}
	for c := range 3 {
		if std[c] == 0 {
			return fmt.Errorf("std of 0 for channel %d", c)
		}
		d.scale[c], d.move[c] = 1/std[c], -mean[c]/std[c]
	}
	return nil
}

// of3 are numbers for pixels of 0 to 1 as those for bytes.
func of3(v []float32, otherwise float64) (three [3]float64) {
	for c := range three {
		three[c] = 255 * otherwise
		if len(v) > 0 {
			three[c] = 255 * float64(v[min(c, len(v)-1)])
		}
	}
	return three
}

// same compares means and deviations of bytes.
func same(mean, std, otherMean, otherStd [3]float64) bool {
	for c := range 3 {
		if max(mean[c]-otherMean[c], otherMean[c]-mean[c]) > 0.5 ||
			max(std[c]-otherStd[c], otherStd[c]-std[c]) > 0.5 {
			return false
		}
	}
	return true
}
