package onnx

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// kind is a message of a file.
type kind uint8

const (
	otherMessage kind = iota // has no tensors
	modelMessage
	trainingMessage
	graphMessage
	functionMessage
	nodeMessage
	attributeMessage
	sparseMessage
	tensorMessage
)

// tensorPaths has for each message the fields that lead to tensors, also those that
// Decode refuses: other readers may not.
var tensorPaths = [...][32]kind{
	modelMessage: {modelGraph: graphMessage, modelTraining: trainingMessage,
		modelFunction: functionMessage},
	trainingMessage: {1: graphMessage, 2: graphMessage}, // initialization, algorithm
	graphMessage: {graphNode: nodeMessage, graphInitializer: tensorMessage,
		graphSparse: sparseMessage},
	functionMessage: {functionNode: nodeMessage, functionDefault: attributeMessage},
	nodeMessage:     {nodeAttribute: attributeMessage},
	attributeMessage: {attributeTensor: tensorMessage, attributeTensors: tensorMessage,
		attributeGraph: graphMessage, attributeGraphs: graphMessage,
		attributeSparseTensor: sparseMessage, attributeSparseTensors: sparseMessage},
	sparseMessage: {1: tensorMessage, 2: tensorMessage}, // values, indices
	tensorMessage: {},
}

// maxMessages is how many messages may be inside each other. Each graph in a graph is
// three of them, and protobuf's own limit is 100.
const maxMessages = 100

// maxEntries is how many pairs may say where a tensor's values are: three are known.
const maxEntries = 64

// piece is a part of the new file: bytes of the old one, or the values of the tensor
// with the index outside.
type piece struct {
	data    []byte
	outside int // -1 for data
}

// rope is a message in pieces.
type rope struct {
	pieces []piece
	size   int64
}

func (r *rope) bytes(b []byte) {
	if len(b) > 0 {
		r.pieces = append(r.pieces, piece{b, -1})
		r.size += int64(len(b))
	}
}

// header starts a field of n bytes.
func (r *rope) header(id protowire.Number, n int64) {
	b := protowire.AppendTag(nil, id, protowire.BytesType)
	r.bytes(protowire.AppendVarint(b, uint64(n)))
}

// message returns a message of a kind with the values of all its tensors inside, and
// whether any of them were not. If none were, the rope is empty.
func (in *inliner) message(b []byte, k kind, depth int) (out rope, changed bool, err error) {
	if k == tensorMessage {
		return in.tensor(b)
	}
	if depth > maxMessages {
		return out, false, &wireFault{fmt.Errorf("messages inside messages over %d deep", maxMessages)}
	}
	start := 0 // of the bytes that are not in the rope yet
	for rest := b; len(rest) > 0; {
		f, after, err := next(rest)
		if err != nil {
			return out, false, &wireFault{err}
		}
		if f.typ == protowire.BytesType && int(f.id) < len(tensorPaths[k]) {
			if inner := tensorPaths[k][f.id]; inner != otherMessage {
				sub, other, err := in.message(f.data, inner, depth+1)
				if err != nil {
					return out, false, err
				}
				if other {
					out.bytes(b[start : len(b)-len(rest)])
					out.header(f.id, sub.size)
					out.pieces, out.size = append(out.pieces, sub.pieces...), out.size+sub.size
					start, changed = len(b)-len(after), true
				}
			}
		}
		rest = after
	}
	if changed {
		out.bytes(b[start:])
	}
	return out, changed, nil
}

// tensor is message for a tensor.
func (in *inliner) tensor(b []byte) (out rope, changed bool, err error) {
	c, err := scan(b, &tensorFields)
	if err != nil {
		return out, false, &wireFault{err}
	}
	if c[tensorExternal] == 0 && c[tensorLocation] == 0 {
		return out, false, nil
	}
	t, err := readOutside(b)
	if err != nil {
		return out, false, err
	}
	if c[tensorExternal] > maxEntries || c[tensorLocation] > 1 {
		return out, false, in.fail(t.outside, "want at most %d entries and one location", maxEntries)
	}
	if c[tensorExternal] == 0 && !t.elsewhere {
		return out, false, nil // it says that its values are here
	}
	values := c[tensorFloats] + c[tensorInt32s] + c[tensorStrings] + c[tensorInt64s] +
		c[tensorRaw] + c[tensorDoubles] + c[tensorUint64s] + c[tensorSegment]
	if !t.elsewhere || values > 0 {
		return out, false, in.fail(t.outside, "the tensor says as well that they are in it")
	}
	if err := t.measure(); err != nil {
		return out, false, in.fail(t.outside, "%w", err)
	}
	if len(in.tensors) == maxNodes {
		return out, false, in.fail(t.outside, "want at most %d such tensors", maxNodes)
	}
	start := 0
	for rest := b; len(rest) > 0; {
		f, after, err := next(rest)
		if err != nil {
			return out, false, &wireFault{err}
		}
		if f.id == tensorExternal || f.id == tensorLocation {
			out.bytes(b[start : len(b)-len(rest)])
			start = len(b) - len(after)
		}
		rest = after
	}
	out.bytes(b[start:])
	out.header(tensorRaw, t.size)
	out.pieces = append(out.pieces, piece{outside: len(in.tensors)})
	out.size += t.size
	in.tensors = append(in.tensors, t.outside)
	return out, true, nil
}

// reference is what a tensor says of its values.
type reference struct {
	outside
	elsewhere      bool
	shape          Initializer // its type and dimensions
	first, length  string      // "" where it does not say
	named          int         // how often it says a location
	otherwiseTwice bool        // it says an offset or length twice
}

// readOutside reads the type, the shape and the place.
func readOutside(b []byte) (t reference, err error) {
	d := &decoder{budget: structureBytes}
	err = d.each(b, &tensorFields, func(f field) (err error) {
		switch f.id {
		case tensorDims:
			t.shape.Dims, err = d.varintList(t.shape.Dims, f)
		case tensorElem:
			t.shape.Elem = ElemType(min(f.num, 1<<20))
		case tensorName:
			t.tensor, err = name(f.data)
		case tensorLocation:
			t.elsewhere = f.num != 0
		case tensorExternal:
			err = t.entry(d, f.data)
		}
		return err
	})
	if err != nil {
		return t, &wireFault{err}
	}
	return t, nil
}

// entry reads one of the pairs that say where the values are. Keys that are not known
// are left out, as other readers do.
func (t *reference) entry(d *decoder, b []byte) error {
	p, err := d.property(b)
	if err != nil {
		return err
	}
	if len(p.Value) > maxName {
		return fmt.Errorf("a value of %d bytes, want at most %d", len(p.Value), maxName)
	}
	switch p.Key {
	case "location":
		t.location = p.Value
		t.named++
	case "offset":
		t.otherwiseTwice = t.otherwiseTwice || t.first != ""
		t.first = p.Value
	case "length":
		t.otherwiseTwice = t.otherwiseTwice || t.length != ""
		t.length = p.Value
	}
	return nil
}

// measure sets the offset and the size, which must be those of the type and the shape.
func (t *reference) measure() error {
	if t.named != 1 || t.otherwiseTwice {
		return fmt.Errorf("want one location, offset and length")
	}
	if !t.shape.Elem.Valid() || t.shape.Elem == StringElem {
		return fmt.Errorf("values of type %s are not read from other files", t.shape.Elem)
	}
	n := t.shape.Elements()
	if n < 0 || n > 2*MaxFileBytes || len(t.shape.Dims) > MaxRank {
		return fmt.Errorf("dimensions %.100v, want none negative and a product of at most %d",
			fmt.Sprint(t.shape.Dims), int64(2*MaxFileBytes))
	}
	t.size = t.shape.Elem.rawBytes(n)
	var err error
	if t.offset, err = number("offset", t.first); err != nil {
		return err
	}
	length, err := number("length", t.length)
	if err != nil {
		return err
	}
	if length != 0 && length != t.size { // 0 means all that the shape wants
		return fmt.Errorf("length %d, but %s%v has %d bytes", length, t.shape.Elem,
			t.shape.Dims, t.size)
	}
	return nil
}

// number reads a length in decimal digits, 0 where there is none.
func number(what, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%s %.40q, want a number of bytes", what, text)
	}
	return int64(n), nil
}
