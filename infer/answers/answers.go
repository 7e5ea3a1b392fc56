// Package answers writes what a classifier answered as text, as JSON lines or as CSV,
// each answer as soon as it is there. It never imports training, export or gorgonia.
// Start at [Writer].
package answers

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/train/table"
)

// Format is a form of answers.
type Format string

// The formats.
const (
	Text Format = "text" // for people: "rose.jpg: rose 97.3 %, tulip 1.8 %"
	JSON Format = "json" // one object a line
	// CSV has a header, the columns file, label, probability and error, and those of
	// the next most probable classes; with MinConfidence the last one is unknown. Of several
	// labels a picture the columns are file, labels, probabilities and error, with | between
	// the labels.
	CSV Format = "csv"
)

// Unknown is the label of an answer that is less confident than MinConfidence. A
// class may be called so too: the field unknown, true or false, says which it is.
const Unknown = "unknown"

// NoLabel is the text for a picture to which no label is given.
const NoLabel = "no label"

// Writer writes answers to W.
type Writer struct {
	W             io.Writer
	Format        Format  // "" means Text
	Top           int     // how many classes, 1 or more
	MinConfidence float64 // a probability
	// MultiLabel says that a picture has any number of labels: those over their threshold are
	// written, or where MinConfidence is over 0 those from it on, and Top at most.
	MultiLabel bool
	Headed     bool // the CSV's header is written already
}

// line is an answer as JSON.
type line struct {
	File        string        `json:"file"`
	Label       string        `json:"label,omitempty"`
	Probability float32       `json:"probability,omitempty"`
	Unknown     bool          `json:"unknown,omitempty"`
	Top         []infer.Class `json:"top,omitempty"`
	Error       string        `json:"error,omitempty"`

	// Labels are those of a picture that may have several; nil elsewhere.
	Labels *[]infer.Class `json:"labels,omitempty"`
}

// Write writes a result, or the error that it has. In Text the file's name is on one
// line whatever it is.
func (w *Writer) Write(r infer.Result) error {
	l := line{File: r.Name}
	if r.Err != nil { // without the file's name, which is beside it
		l.Error = table.OneLine(strings.TrimPrefix(r.Err.Error(), r.Name+": "))
	} else if w.MultiLabel {
		present := r.Answer.Present(w.MinConfidence)
		present = present[:min(w.Top, len(present))]
		l.Labels = &present
	} else {
		l.Top = r.Answer.Top(w.Top)
		l.Label, l.Probability = l.Top[0].Label, l.Top[0].Probability
		if float64(l.Probability) < w.MinConfidence {
			l.Label, l.Unknown = Unknown, true
		}
	}
	switch w.Format {
	case JSON:
		encoder := json.NewEncoder(w.W)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(l)
	case CSV:
		return w.csv(l)
	}
	_, err := fmt.Fprintf(w.W, "%s: %s\n", table.Printable(l.File), l.text())
	return err
}

func (l *line) text() string {
	if l.Error != "" {
		return "error: " + l.Error
	}
	var parts []string
	if l.Labels != nil {
		if l.Top = *l.Labels; len(l.Top) == 0 {
			return NoLabel
		}
	}
	if l.Unknown {
		parts = append(parts, Unknown)
	}
	for _, class := range l.Top {
		parts = append(parts, class.Label+" "+table.Percent(float64(class.Probability)))
	}
	return strings.Join(parts, ", ")
}

func (w *Writer) csv(l line) error {
	if w.MultiLabel {
		return w.multiCSV(l)
	}
	header := []string{"file", "label", "probability", "error"}
	row := []any{l.File, l.Label, l.Probability, l.Error}
	if l.Error != "" {
		row[2] = ""
	}
	for k := 2; k <= w.Top; k++ {
		header = append(header, fmt.Sprintf("label_%d", k), fmt.Sprintf("probability_%d", k))
		if k <= len(l.Top) {
			row = append(row, l.Top[k-1].Label, l.Top[k-1].Probability)
		} else {
			row = append(row, "", "")
		}
	}
	if w.MinConfidence > 0 {
		header, row = append(header, "unknown"), append(row, l.Unknown)
	}
	var t table.Table
	if !w.Headed {
		w.Headed, t.Header = true, header
	}
	t.Add(row...)
	return t.WriteCSV(w.W)
}

func (w *Writer) multiCSV(l line) error {
	var names, probabilities []string
	if l.Labels != nil {
		for _, class := range *l.Labels {
			names = append(names, class.Label)
			probabilities = append(probabilities, fmt.Sprint(class.Probability))
		}
	}
	var t table.Table
	if !w.Headed {
		w.Headed, t.Header = true, []string{"file", "labels", "probabilities", "error"}
	}
	t.Add(l.File, strings.Join(names, "|"), strings.Join(probabilities, "|"), l.Error)
	return t.WriteCSV(w.W)
}
