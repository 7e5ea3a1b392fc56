package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/answers"
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
		return shell.Usagef("--top: got %d, want 1 or more", a.top)
	case !(a.minConfidence >= 0 && a.minConfidence <= 1):
		return shell.Usagef("--min-confidence: got %v, want 0 to 1", a.minConfidence)
	case a.json && a.csv:
		return shell.Usagef("--json and --csv: want one of them")
	}
	return nil
}

func (a *answerFlags) writer(w io.Writer, classes int) *answers.Writer {
	format := answers.Text
	switch {
	case a.json:
		format = answers.JSON
	case a.csv:
		format = answers.CSV
	}
	return &answers.Writer{W: w, Format: format, Top: min(a.top, classes),
		MinConfidence: a.minConfidence}
}

// tally writes results and counts them.
type tally struct {
	out               *answers.Writer
	all, failed, left int
	links             []string // to folders, left out
	none              pictures.NoneError
	// first is the first result for people while it is the only one and an error: if
	// none follows, the error is the command's own.
	first *infer.Result
}

func (t *tally) add(r infer.Result) error {
	if pictures.LeftOut(r.Picture, r.Err) {
		if errors.Is(r.Err, pictures.ErrFolderLink) {
			t.links = append(t.links, r.Picture.Name)
		} else {
			t.left++
			t.none.LeftOut(r.Picture.Name)
		}
		return nil
	}
	if t.all++; r.Err != nil {
		t.failed++
	}
	if t.all == 1 && r.Err != nil && t.out.Format == answers.Text {
		t.first = &r
		return nil
	}
	if t.first != nil {
		if err := t.out.Write(*t.first); err != nil {
			return err
		}
		t.first = nil
	}
	return t.out.Write(r)
}

// end is the command's error.
func (t *tally) end() error {
	switch {
	case t.all == 0:
		return &t.none
	case t.first != nil:
		return t.first.Err
	case t.failed > 0:
		return noAnswer(t.failed, t.all)
	}
	return nil
}

func noAnswer(failed, all int) error {
	return fmt.Errorf("no answer for %d of %s", failed, table.Count(all, "image"))
}
