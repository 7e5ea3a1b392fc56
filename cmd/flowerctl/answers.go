package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/pictures"
	"github.com/flowerctl/flowerctl/train/table"
)

// answerFlags say what answers look like.
type answerFlags struct {
	top           int
	minConfidence float64
	json, csv     bool
}

func (a *answerFlags) check() error {
	switch {
	case a.top < 1:
		return usagef("--top: got %d, want 1 or more", a.top)
	case !(a.minConfidence >= 0 && a.minConfidence <= 1):
		return usagef("--min-confidence: got %v, want 0 to 1", a.minConfidence)
	case a.json && a.csv:
		return usagef("--json and --csv: want one of them")
	}
	return nil
}

// answers writes results, each as soon as it is there, and counts them.
type answers struct {
	answerFlags
	w                 io.Writer
	all, failed, left int
	// first is the first result for people while it is the only one and an error: if
	// none follows, the error is the command's own.
	first  *infer.Result
	headed bool // the CSV's header is written
}

func newAnswers(w io.Writer, flags answerFlags, classes int) *answers {
	flags.top = min(flags.top, classes)
	return &answers{answerFlags: flags, w: w}
}

func (a *answers) forPeople() bool { return !a.json && !a.csv }

func (a *answers) add(r infer.Result) error {
	if pictures.LeftOut(r.Picture, r.Err) {
		a.left++
		return nil
	}
	if a.all++; r.Err != nil {
		a.failed++
	}
	if a.all == 1 && r.Err != nil && a.forPeople() {
		a.first = &r
		return nil
	}
	if a.first != nil {
		if err := a.write(*a.first); err != nil {
			return err
		}
		a.first = nil
	}
	return a.write(r)
}

// end is the command's error.
func (a *answers) end() error {
	switch {
	case a.all == 0:
		return errors.New("no images there")
	case a.first != nil:
		return a.first.Err
	case a.failed > 0:
		return fmt.Errorf("no answer for %d of %d images", a.failed, a.all)
	}
	return nil
}

// answer is a line of `predict --json`.
type answer struct {
	File        string        `json:"file"`
	Label       string        `json:"label,omitempty"`
	Probability float32       `json:"probability,omitempty"`
	Top         []infer.Class `json:"top,omitempty"`
	Error       string        `json:"error,omitempty"`
}

// unknown is the answer when the network is less confident than asked for.
const unknown = "unknown"

func (a *answers) write(r infer.Result) error {
	line := answer{File: r.Name}
	if r.Err != nil { // without the file's name, which is beside it
		line.Error = oneLine(errors.New(strings.TrimPrefix(r.Err.Error(), r.Name+": ")))
	} else {
		line.Top = r.Answer.Top(a.top)
		line.Label, line.Probability = line.Top[0].Label, line.Top[0].Probability
		if float64(line.Probability) < a.minConfidence {
			line.Label = unknown
		}
	}
	switch {
	case a.json:
		encoder := json.NewEncoder(a.w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(line)
	case a.csv:
		return a.writeCSV(line)
	}
	_, err := fmt.Fprintf(a.w, "%s: %s\n", table.Printable(line.File), line.text())
	return err
}

// text is "rose 97.3 %, tulip 1.8 %".
func (l *answer) text() string {
	if l.Error != "" {
		return "error: " + l.Error
	}
	var parts []string
	if l.Label == unknown {
		parts = append(parts, unknown)
	}
	for _, class := range l.Top {
		parts = append(parts, class.Label+" "+table.Percent(float64(class.Probability)))
	}
	return strings.Join(parts, ", ")
}

// writeCSV writes the columns file, label, probability, error, and those of the next
// most probable classes.
func (a *answers) writeCSV(l answer) error {
	header := []string{"file", "label", "probability", "error"}
	row := []any{l.File, l.Label, l.Probability, l.Error}
	if l.Error != "" {
		row[2] = ""
	}
	for k := 2; k <= a.top; k++ {
		header = append(header, fmt.Sprintf("label_%d", k), fmt.Sprintf("probability_%d", k))
		if k <= len(l.Top) {
			row = append(row, l.Top[k-1].Label, l.Top[k-1].Probability)
		} else {
			row = append(row, "", "")
		}
	}
	var t table.Table
	if !a.headed {
		a.headed, t.Header = true, header
	}
	t.Add(row...)
	return t.WriteCSV(a.w)
}
