package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer"
)

// answerWriter writes answers, each as soon as it is there.
type answerWriter struct {
	w             io.Writer
	top           int
	minConfidence float64
	format        func(*answerWriter, result) error
	forPeople     bool // text, not for scripts
	headed        bool // the CSV's header is written
}

// newAnswerWriter reads the flags that say how answers look.
func newAnswerWriter(c *cli.Context) (*answerWriter, error) {
	a := &answerWriter{w: c.App.Writer, top: c.Int("top"), minConfidence: c.Float64("min-confidence"),
		format: (*answerWriter).text}
	switch {
	case a.top < 1:
		return nil, usagef("--top: got %d, want 1 or more", a.top)
	case !(a.minConfidence >= 0 && a.minConfidence <= 1):
		return nil, usagef("--min-confidence: got %v, want 0 to 1", a.minConfidence)
	case c.Bool("json") && c.Bool("csv"):
		return nil, usagef("--json and --csv: want one of them")
	case c.Bool("json"):
		a.format = (*answerWriter).json
	case c.Bool("csv"):
		a.format = (*answerWriter).csv
	default:
		a.forPeople = true
	}
	return a, nil
}

func (a *answerWriter) write(r infer.Result) error {
	return a.format(a, newResult(r, a.top, a.minConfidence))
}

// text is "rose.jpg: rose 97.3 %, tulip 1.8 %".
func (a *answerWriter) text(r result) error {
	if r.Error != "" {
		_, err := fmt.Fprintf(a.w, "%s: error: %s\n", r.File, r.Error)
		return err
	}
	var parts []string
	if r.Label == unknown {
		parts = append(parts, unknown)
	}
	for _, class := range r.Top {
		parts = append(parts, fmt.Sprintf("%s %.1f %%", class.Label, 100*class.Probability))
	}
	_, err := fmt.Fprintf(a.w, "%s: %s\n", r.File, strings.Join(parts, ", "))
	return err
}

// json is one object a line.
func (a *answerWriter) json(r result) error {
	encoder := json.NewEncoder(a.w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// csv has the columns file, label, probability, error, and those of the other
// likeliest classes.
func (a *answerWriter) csv(r result) error {
	w := csv.NewWriter(a.w)
	if !a.headed {
		a.headed = true
		header := []string{"file", "label", "probability", "error"}
		for k := 2; k <= a.top; k++ {
			header = append(header, fmt.Sprintf("label_%d", k), fmt.Sprintf("probability_%d", k))
		}
		if err := w.Write(header); err != nil {
			return err
		}
	}
	row := []string{r.File, r.Label, "", r.Error}
	if r.Error == "" {
		row[2] = number(r.Probability)
	}
	for k := 1; k < a.top; k++ {
		if k < len(r.Top) {
			row = append(row, r.Top[k].Label, number(r.Top[k].Probability))
		} else {
			row = append(row, "", "")
		}
	}
	if err := w.Write(row); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

func number(p float32) string { return strconv.FormatFloat(float64(p), 'g', -1, 32) }
