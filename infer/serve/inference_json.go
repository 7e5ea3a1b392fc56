package serve

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// inferRequest is a request of the protocol as JSON.
type inferRequest struct {
	ID         string       `json:"id"`
	Parameters parameters   `json:"parameters"`
	Inputs     []jsonInput  `json:"inputs"`
	Outputs    []jsonOutput `json:"outputs"`
}

// jsonInput is an input. Data is nested or flat, row by row.
type jsonInput struct {
	Name       string          `json:"name"`
	Datatype   string          `json:"datatype"`
	Shape      json.RawMessage `json:"shape"`
	Parameters parameters      `json:"parameters"`
	Data       json.RawMessage `json:"data"`
}

// jsonOutput is an output that is asked for.
type jsonOutput struct {
	Name       string     `json:"name"`
	Parameters parameters `json:"parameters"`
}

// parameters are options of a request, an input or an output. Those that are not
// known count for nothing.
type parameters map[string]json.RawMessage

func (p parameters) flag(name string, otherwise bool) (value bool, err error) {
	text, ok := p[name]
	if !ok {
		return otherwise, nil
	}
	if json.Unmarshal(text, &value) != nil {
		return false, badf("parameter %s: want true or false", name)
	}
	return value, nil
}

func (p parameters) number(name string) (value int64, ok bool, err error) {
	text, ok := p[name]
	if !ok {
		return 0, false, nil
	}
	if json.Unmarshal(text, &value) != nil || value < 0 || value > math.MaxInt32 {
		return 0, false, badf("parameter %s: want a whole number from 0 to %d", name, math.MaxInt32)
	}
	return value, true, nil
}

// parseInfer reads a request: JSON, and behind it what the binary data extension puts
// there. It holds on to the body.
func parseInfer(head, rest []byte, most int) (*question, error) {
	var r inferRequest
	if n := commas(head, 2); n > mostFields {
		return nil, badf("got %d inputs, outputs and parameters, want one input, and %d of all at most",
			n, mostFields)
	}
	if err := json.Unmarshal(head, &r); err != nil {
		return nil, badf("not a request in JSON: %s", jsonProblem(err, "all of it"))
	}
	if len(r.Inputs) != 1 {
		return nil, badf("got %d inputs, want one", len(r.Inputs))
	}
	in := r.Inputs[0]
	if string(in.Data) == "null" {
		in.Data = nil
	}
	q := &question{id: r.ID, input: in.Name, datatype: in.Datatype}
	if err := q.setShape(in); err != nil {
		return nil, err
	}
	if err := q.setOutputs(r); err != nil {
		return nil, err
	}
	if err := in.Parameters.notShared(); err != nil {
		return nil, err
	}
	size, isBinary, err := in.Parameters.number("binary_data_size")
	switch {
	case err != nil:
		return nil, err
	case isBinary && in.Data != nil:
		return nil, badf("input %s: got data and binary_data_size, want one of them", oneLine(in.Name))
	case isBinary && size != int64(len(rest)):
		return nil, badf("input %s: got binary_data_size %d, but %d bytes follow the JSON",
			oneLine(in.Name), size, len(rest))
	case !isBinary && len(rest) > 0:
		return nil, badf("%d bytes follow the JSON, but no input has binary_data_size", len(rest))
	case isBinary && in.Datatype == typeBytes:
		q.elements, err = elementsOf(rest, most)
		return q, err
	case isBinary:
		q.pixels = rest
		return q, nil
	case in.Data == nil:
		return nil, badf("input %s: no data", oneLine(in.Name))
	}
	return q, q.setData(in, most)
}

// setData reads an input's values from JSON.
func (q *question) setData(in jsonInput, most int) (err error) {
	switch in.Datatype {
	case typeUint8:
		q.pixels, err = pixelsOf(in.Data)
	case typeBytes:
		q.elements, err = picturesIn(in.Data, most)
	}
	return err // other types are refused by whoever knows the model
}

// setOutputs reads which outputs are asked for, and in which form.
func (q *question) setOutputs(r inferRequest) error {
	all, err := r.Parameters.flag("binary_data_output", false)
	if err != nil {
		return err
	}
	if len(r.Outputs) == 0 {
		q.outputs = []wanted{{name: outputName, binary: all}}
	}
	for _, o := range r.Outputs {
		asked := wanted{name: o.Name}
		if err := o.Parameters.notShared(); err != nil {
			return err
		}
		if asked.binary, err = o.Parameters.flag("binary_data", all); err != nil {
			return err
		}
		classes, _, err := o.Parameters.number("classification")
		if err != nil {
			return err
		}
		asked.classes = int(classes)
		q.outputs = append(q.outputs, asked)
	}
	return nil
}

// picturesIn reads the data of a BYTES tensor: pictures in base64.
func picturesIn(data json.RawMessage, most int) ([][]byte, error) {
	if n := commas(data, math.MaxInt) + 1; n > most {
		return nil, errorf(statusTooLarge, "got %d pictures in a request, at most %d are answered", n,
			most)
	}
	var texts []string
	if json.Unmarshal(data, &texts) != nil {
		var nested [][]string // [N, 1]
		if json.Unmarshal(data, &nested) != nil {
			return nil, badf("inputs[0].data: want a list of pictures in base64")
		}
		texts = slices.Concat(nested...)
	}
	elements := make([][]byte, len(texts))
	for i, text := range texts {
		var err error
		if elements[i], err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, badf("inputs[0].data[%d]: want a picture in base64, the bytes of a JPEG, "+
				"PNG, GIF, WebP, BMP or TIFF file", i)
		}
	}
	return elements, nil
}

// pixelsOf reads whole numbers from 0 to 255 out of a list that may be nested. The
// JSON was found to be well formed.
func pixelsOf(data json.RawMessage) ([]byte, error) {
	if len(data) == 0 || data[0] != '[' {
		return nil, badf("inputs[0].data: want a list of numbers")
	}
	pixels := make([]byte, 0, len(data)/4+1)
	for i := 0; i < len(data); {
		switch c := data[i]; c {
		case '[', ']', ',', ' ', '\t', '\n', '\r':
			i++
			continue
		}
		start := i
		value := 0
		for i < len(data) && data[i] >= '0' && data[i] <= '9' && value < 256 {
			value = 10*value + int(data[i]-'0')
			i++
		}
		if i == start || value > 255 || i == len(data) || data[i] != ',' && data[i] != ']' &&
			data[i] > ' ' {
			return nil, badf("inputs[0].data: value %d: want a whole number from 0 to 255", len(pixels))
		}
		pixels = append(pixels, byte(value))
	}
	return pixels, nil
}

// inferResponse is an answer of the protocol as JSON.
type inferResponse struct {
	Model   string       `json:"model_name"`
	Version string       `json:"model_version"`
	ID      string       `json:"id,omitempty"`
	Outputs []jsonTensor `json:"outputs"`
}

// jsonTensor is an output of an answer.
type jsonTensor struct {
	Name       string          `json:"name"`
	Datatype   string          `json:"datatype"`
	Shape      []int64         `json:"shape"`
	Parameters *binarySize     `json:"parameters,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
}

// binarySize says how many bytes of an output follow the JSON.
type binarySize struct {
	Size int `json:"binary_data_size"`
}

// encodeInfer writes an answer: its JSON, and what follows that.
func encodeInfer(v *version, id string, tensors []tensor) (head, rest []byte, err error) {
	r := inferResponse{Model: v.name, Version: v.number, ID: id}
	for _, t := range tensors {
		out := jsonTensor{Name: outputName, Datatype: t.datatype, Shape: t.shape}
		switch {
		case t.binary:
			raw := t.raw()
			rest = append(rest, raw...)
			out.Parameters = &binarySize{len(raw)}
		case t.texts != nil:
			out.Data, err = json.Marshal(t.texts)
		default:
			out.Data, err = json.Marshal(t.floats)
		}
		if err != nil {
			return nil, nil, err
		}
		r.Outputs = append(r.Outputs, out)
	}
	head, err = json.Marshal(r)
	return head, rest, err
}

// headLength is the header that says how long the JSON in front of binary data is.
const headLength = "Inference-Header-Content-Length"

// cutBody cuts a body into its JSON and what follows. isPicture says that all of it is
// one picture.
func cutBody(header string, body []byte) (head, rest []byte, isPicture bool, err error) {
	if header == "" {
		return body, nil, false, nil
	}
	n, err := strconv.ParseInt(header, 10, 64)
	if err != nil || n < 0 || n > int64(len(body)) {
		return nil, nil, false, badf("%s: got %q, want 0 to %d, the length of the body", headLength,
			oneLine(header), len(body))
	}
	return body[:n], body[n:], n == 0, nil
}

// pictureQuestion is the question that a body asks that is a picture.
func pictureQuestion(v *version, body []byte, asBinary bool) *question {
	return &question{input: v.Input, datatype: typeBytes, shape: []int64{1}, elements: [][]byte{body},
		outputs: []wanted{{name: outputName, binary: asBinary}}}
}
