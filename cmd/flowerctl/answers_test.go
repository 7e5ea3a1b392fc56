package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/flowerctl/flowerctl/infer"
)

// Text has such a name quoted, in answers and errors; scripts get it as it is.
func TestAnswersForPeopleQuoteNames(t *testing.T) {
	const name = "a\n\x1b[31m.jpg"
	results := []infer.Result{
		{Picture: infer.Picture{Name: name}, Answer: infer.NewAnswers([]string{"rose"}, []float32{1})[0]},
		{Picture: infer.Picture{Name: name}, Err: errors.New(name + ": not an image (empty)")},
	}
	for _, c := range []struct {
		csv  bool
		want string
	}{
		{false, `a\n\x1b[31m.jpg: rose 100.0 %` + "\n" +
			`a\n\x1b[31m.jpg: error: not an image (empty)` + "\n"},
		{true, "file,label,probability,error\n\"" + name + "\",rose,1,\n\"" +
			name + "\",,,not an image (empty)\n"},
	} {
		var out bytes.Buffer
		written := newAnswers(&out, answerFlags{top: 1, csv: c.csv}, 1)
		for _, r := range results {
			if err := written.add(r); err != nil {
				t.Fatal(err)
			}
		}
		if out.String() != c.want {
			t.Errorf("got %q, want %q", out.String(), c.want)
		}
	}
}
