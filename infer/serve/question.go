package serve

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// The types of tensors that are read and written.
const (
	typeBytes  = "BYTES" // each element a whole picture, or a text
	typeUint8  = "UINT8" // pixels, [N, H, W, 3]
	typeFloat  = "FP32"  // probabilities
	outputName = "probabilities"
)

// question is a request of the Open Inference Protocol, however it came.
type question struct {
	id       string
	input    string
	datatype string
	shape    []int64
	elements [][]byte // of type BYTES
	pixels   []byte   // of type UINT8
	outputs  []wanted // none: all
}

// wanted is an output that a client asks for.
type wanted struct {
	name    string
	binary  bool
	classes int // how many, most probable first, as BYTES; 0 for all as numbers
}

// pictures are the question's, within the limits.
func (s *Server) pictures(v *version, q *question) ([]picture, error) {
	if q.input != v.Input {
		return nil, badf("input %q: model %s takes %s", oneLine(q.input), v.name, v.Input)
	}
	switch q.datatype {
	case typeBytes:
		return s.encoded(q)
	case typeUint8:
		return s.decoded(q)
	}
	return nil, badf("input %s: got type %q, want BYTES of shape [N], each a whole picture, or "+
		"UINT8 of shape [N, H, W, 3]",
		q.input, oneLine(q.datatype))
}

// checkCount holds a number of pictures against the limit.
func (s *Server) checkCount(n int64) error {
	if limit := s.options.Limits.Pictures; n > int64(limit) {
		return errorf(statusTooLarge, "got %d pictures in a request, at most %d are answered", n, limit)
	}
	return nil
}

// encoded are pictures as files.
func (s *Server) encoded(q *question) ([]picture, error) {
	if len(q.shape) == 0 || len(q.shape) > 2 || q.shape[0] < 1 || len(q.shape) == 2 &&
		q.shape[1] != 1 {
		return nil, badf("input %s: got shape %s for BYTES, want [N] with N of 1 or more", q.input,
			shapeText(q.shape))
	}
	if err := s.checkCount(q.shape[0]); err != nil {
		return nil, err
	}
	if int64(len(q.elements)) != q.shape[0] {
		return nil, badf("input %s: got %d elements for shape %s", q.input, len(q.elements),
			shapeText(q.shape))
	}
	pictures := make([]picture, len(q.elements))
	for i, data := range q.elements {
		pictures[i].data = data
		if len(data) == 0 {
			return nil, badf("input %s: element %d is empty, want a whole picture", q.input, i)
		}
	}
	return pictures, nil
}

// decoded are pictures as pixels.
func (s *Server) decoded(q *question) ([]picture, error) {
	shape := q.shape
	if len(shape) != 4 || shape[3] != 3 || shape[0] < 1 || shape[1] < 1 || shape[2] < 1 {
		return nil, badf("input %s: got shape %s for UINT8, want [N, H, W, 3]", q.input, shapeText(shape))
	}
	n, h, w := shape[0], shape[1], shape[2]
	if err := s.checkCount(n); err != nil {
		return nil, err
	}
	if h > imageprep.MaxSide || w > imageprep.MaxSide || h*w > int64(s.options.Limits.Pixels) {
		return nil, errorf(statusTooLarge,
			"input %s: got shape %s, at most %d pixels a picture and %d a side",
			q.input, shapeText(shape), s.options.Limits.Pixels, imageprep.MaxSide)
	}
	size := h * w * 3
	if int64(len(q.pixels)) != n*size {
		return nil, badf("input %s: got %d values for shape %s, want %d", q.input, len(q.pixels),
			shapeText(shape), n*size)
	}
	pictures := make([]picture, n)
	for i := range pictures {
		pix := q.pixels[int64(i)*size : int64(i+1)*size]
		pictures[i].image = imageprep.Image{W: int(w), H: int(h), Pix: pix}
	}
	return pictures, nil
}

// shapeText is a shape of bounded length.
func shapeText(shape []int64) string {
	if len(shape) > 8 {
		return fmt.Sprintf("of %d dimensions", len(shape))
	}
	return fmt.Sprint(shape)
}

// checkOutputs refuses outputs that the model does not have.
func (q *question) checkOutputs(v *version) error {
	for _, o := range q.outputs {
		if o.name != outputName {
			return badf("output %q: model %s has %s", oneLine(o.name), v.name, outputName)
		}
		if o.classes < 0 {
			return badf("output %s: got classification %d, want 0 or more", o.name, o.classes)
		}
	}
	if len(q.outputs) > 2 {
		return badf("got %d outputs, want %s once", len(q.outputs), outputName)
	}
	return nil
}

// inferred answers a question, whose pictures it takes, with what the request holds.
func (s *Server) inferred(ctx context.Context, v *version, q *question, o order) ([]tensor, error) {
	var err error
	o.pictures, err = s.pictures(v, q)
	q.elements, q.pixels = nil, nil
	if err == nil {
		err = q.checkOutputs(v)
	}
	if err == nil {
		e := exchangeOf(ctx)
		e.pictures = len(o.pictures)
		err = s.rates.allow(e.client, len(o.pictures))
	}
	if err != nil {
		o.release()
		return nil, err
	}
	j, err := s.answer(ctx, v, o)
	if err != nil {
		return nil, err
	}
	for i, o := range j.out {
		if o.err != nil {
			told := *asError(o.err)
			if len(j.out) > 1 {
				told.Text = fmt.Sprintf("picture %d: %s", i, told.Text)
			}
			return nil, &told
		}
	}
	return q.tensors(v, j.out), nil
}

// tensor is an output.
type tensor struct {
	datatype string
	shape    []int64
	floats   []float32
	texts    []string
	binary   bool
}

// tensors are the outputs that the question wants, or all of them.
func (q *question) tensors(v *version, out []outcome) []tensor {
	outputs := q.outputs
	if len(outputs) == 0 {
		outputs = []wanted{{name: outputName}}
	}
	tensors := make([]tensor, len(outputs))
	for i, o := range outputs {
		t := tensor{datatype: typeFloat, shape: []int64{int64(len(out)), int64(len(v.labels))},
			binary: o.binary}
		if o.classes > 0 {
			t.datatype, t.shape[1] = typeBytes, int64(min(o.classes, len(v.labels)))
		}
		for _, picture := range out {
			if o.classes > 0 {
				t.texts = append(t.texts, classTexts(picture.answer.Probabilities, v.labels, o.classes)...)
			} else {
				t.floats = append(t.floats, picture.answer.Probabilities...)
			}
		}
		tensors[i] = t
	}
	return tensors
}

// raw is a tensor's values in the protocol's binary form: little-endian, texts with
// their length.
func (t tensor) raw() []byte {
	var out []byte
	for _, f := range t.floats {
		out, _ = binary.Append(out, binary.LittleEndian, f) // a float32 has a size
	}
	for _, s := range t.texts {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(s)))
		out = append(out, s...)
	}
	return out
}

// elementsOf cuts the binary form of BYTES into its elements, at most so many.
func elementsOf(raw []byte, most int) ([][]byte, error) {
	var elements [][]byte
	for len(raw) > 0 {
		if len(raw) < 4 {
			return nil, badf("BYTES: %d bytes are left, want the 4 of a length", len(raw))
		}
		n := int64(binary.LittleEndian.Uint32(raw))
		if raw = raw[4:]; n > int64(len(raw)) {
			return nil, badf("BYTES: element %d has a length of %d, but %d bytes are left", len(elements),
				n, len(raw))
		}
		if len(elements) == most {
			return nil, errorf(http.StatusRequestEntityTooLarge, "got more than %d pictures in a request",
				most)
		}
		elements, raw = append(elements, raw[:n]), raw[n:]
	}
	return elements, nil
}
