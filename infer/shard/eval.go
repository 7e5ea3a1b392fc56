package shard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/answers"
	"github.com/flowerctl/flowerctl/infer/evaluate"
	"github.com/flowerctl/flowerctl/train/permanent"
)

// NewWriter makes what writes results into a part; begun says that the part has some.
type NewWriter func(w io.Writer, begun bool) func(Entry, infer.Result) error

// Answers writes predictions.
func Answers(how answers.Writer) NewWriter {
	return func(w io.Writer, begun bool) func(Entry, infer.Result) error {
		out := how
		out.W, out.Headed = w, begun
		return func(_ Entry, r infer.Result) error { return out.Write(r) }
	}
}

// judged is a picture of an evaluation in a part.
type judged struct {
	File        string  `json:"file"`
	Class       int     `json:"class"`     // what it shows, by index of the model's labels
	Predicted   int     `json:"predicted"` // the most probable class
	Probability float32 `json:"probability"`
	Error       string  `json:"error,omitempty"`
}

// Judged writes the answers of an evaluation by a model with these labels. A class of the
// manifest that is none of the model's is an error.
func Judged(m *Manifest, labels []string) (NewWriter, error) {
	if len(m.Classes) == 0 {
		return nil, permanent.Errorf("flowerctl list --data DIR > manifest.jsonl",
			"%s: does not say what the pictures show", m.Path)
	}
	match, err := evaluate.Match(m.Classes, labels)
	if err != nil {
		return nil, &permanent.Error{Err: err}
	}
	classes := map[string]int{}
	for i, name := range m.Classes {
		classes[name] = match[i]
	}
	return func(w io.Writer, _ bool) func(Entry, infer.Result) error {
		out := json.NewEncoder(w)
		out.SetEscapeHTML(false)
		return func(e Entry, r infer.Result) error {
			class, ok := classes[e.Class]
			if !ok {
				return permanent.Errorf(listAgain, "%s: %s: got class %q, want one of the first line's",
					m.Path, e.called(), e.Class)
			}
			line := judged{File: e.called(), Class: class}
			if r.Err != nil {
				line.Error = reason(r)
				return out.Encode(line)
			}
			line.Predicted = r.Answer.Best()
			line.Probability = r.Answer.Probabilities[line.Predicted]
			return out.Encode(line)
		}
	}, nil
}

// count adds the lines of a part to an evaluation.
func count(r io.Reader, c *evaluate.Counter, labels int) error {
	for lines := json.NewDecoder(r); ; {
		var j judged
		if err := lines.Decode(&j); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if j.Error != "" {
			c.Unreadable(j.File)
			continue
		}
		if min(j.Class, j.Predicted) < 0 || max(j.Class, j.Predicted) >= labels {
			return fmt.Errorf("%s: got classes %d and %d of %d", j.File, j.Class, j.Predicted, labels)
		}
		c.Add(evaluate.Picture{Path: j.File, Class: j.Class}, j.Predicted, j.Probability)
	}
}
