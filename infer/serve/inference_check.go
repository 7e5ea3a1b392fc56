package serve

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// sharedMemory is the parameter by which Triton's clients name a piece of memory that
// they share with the server. Whoever does not know it would leave it as it was.
const sharedMemory = "shared_memory_region"

// errShared is the answer to a request for shared memory.
var errShared = badf("parameter %s: shared memory is neither read nor written, want the data "+
	"in the request", sharedMemory)

func (p parameters) notShared() error {
	if _, ok := p[sharedMemory]; ok {
		return errShared
	}
	return nil
}

// jsonProblem says what is wrong with JSON in words of JSON; all is what it calls the
// whole of it.
func jsonProblem(err error, all string) string {
	var e *json.UnmarshalTypeError
	if !errors.As(err, &e) || e.Type == nil {
		return err.Error()
	}
	wanted := "an object"
	switch e.Type.Kind() {
	case reflect.String:
		wanted = "a string"
	case reflect.Int64:
		wanted = "a whole number"
	case reflect.Slice:
		wanted = "a list"
	}
	return fmt.Sprintf("%s: got %s, want %s", cmp.Or(e.Field, all), e.Value, wanted)
}

// setShape reads an input's shape, unless it has more dimensions than any.
func (q *question) setShape(in jsonInput) error {
	const most = 64
	if n := commas(in.Shape, 1); n >= most {
		return badf("input %s: got a shape of %d dimensions, want 1, 2 or 4", oneLine(in.Name), n+1)
	}
	if len(in.Shape) == 0 {
		return nil
	}
	if err := json.Unmarshal(in.Shape, &q.shape); err != nil {
		return badf("not a request in JSON: %s", jsonProblem(err, "inputs.shape"))
	}
	return nil
}

// UnmarshalJSON reads parameters, unless they are more than any request has.
func (p *parameters) UnmarshalJSON(data []byte) error {
	if n := commas(data, 1) + 1; n > mostFields {
		return fmt.Errorf("got %d parameters, want %d at most", n, mostFields)
	}
	err := json.Unmarshal(data, (*map[string]json.RawMessage)(p))
	var e *json.UnmarshalTypeError
	if errors.As(err, &e) {
		e.Field = "parameters"
	}
	return err
}

// mostFields bounds the inputs, outputs and parameters of a request, and the parameters of
// each of its inputs and outputs. As structs, millions
// of empty ones take thirty times the memory of their JSON.
const mostFields = 10_000

// commas counts the commas of JSON outside its strings, down to a depth of lists and
// objects. What is no JSON gives some number.
func commas(data []byte, depth int) (n int) {
	at := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case ',':
			if at <= depth {
				n++
			}
		case '[', '{':
			at++
		case ']', '}':
			at--
		case '"':
			i = endOfString(data, i+1)
		}
	}
	return n
}

// endOfString is where a string that begins at i ends: at its quote, or the data's end.
func endOfString(data []byte, i int) int {
	for {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			return len(data)
		}
		text := data[i : i+n]
		i += n
		if slashes := len(text) - len(bytes.TrimRight(text, "\\")); slashes%2 == 0 {
			return i
		}
		i++ // the quote belongs to the string
	}
}
