package answers

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
		format Format
		want   string
	}{
		{Text, `a\n\x1b[31m.jpg: rose 100.0 %` + "\n" +
			`a\n\x1b[31m.jpg: error: not an image (empty)` + "\n"},
		{CSV, "file,label,probability,error\n\"" + name + "\",rose,1,\n\"" +
			name + "\",,,not an image (empty)\n"},
	} {
		var out bytes.Buffer
		w := Writer{W: &out, Top: 1, Format: c.format}
		for _, r := range results {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if out.String() != c.want {
			t.Errorf("got %q, want %q", out.String(), c.want)
		}
	}
}

func TestClassesBeyondTheFirst(t *testing.T) {
	rose := infer.Result{Picture: infer.Picture{Name: "a.jpg"},
		Answer: infer.NewAnswers([]string{"rose", "tulip"}, []float32{0.75, 0.25})[0]}
	for format, want := range map[Format]string{
		"":  "a.jpg: unknown, rose 75.0 %, tulip 25.0 %\n",
		CSV: "file,label,probability,error,label_2,probability_2,unknown\na.jpg,unknown,0.75,,tulip,0.25,true\n",
		JSON: `{"file":"a.jpg","label":"unknown","probability":0.75,"unknown":true,"top":[{"label":"rose","probability":0.75},` +
			`{"label":"tulip","probability":0.25}]}` + "\n",
	} {
		var out bytes.Buffer
		w := Writer{W: &out, Top: 2, Format: format, MinConfidence: 0.8}
		if err := w.Write(rose); err != nil || out.String() != want {
			t.Errorf("%q: got %s, %v, want %s", format, out.String(), err, want)
		}
	}
}

func TestSeveralLabelsAPicture(t *testing.T) {
	labels, thresholds := []string{"rose", "red", "cup"}, []float64{0.5, 0.3, 0.5}
	several := infer.NewLabelAnswers(labels, thresholds, []float32{0.5, 0.75, 0.25, 0.25, 0.25, 0.25})
	results := []infer.Result{{Picture: infer.Picture{Name: "a"}, Answer: several[0]},
		{Picture: infer.Picture{Name: "b"}, Answer: several[1]},
		{Picture: infer.Picture{Name: "c"}, Err: errors.New("c: empty")}}
	for format, want := range map[Format]string{
		Text: "a: red 75.0 %, rose 50.0 %\nb: no label\nc: error: empty\n",
		CSV:  "file,labels,probabilities,error\na,red|rose,0.75|0.5,\nb,,,\nc,,,empty\n",
		JSON: `{"file":"a","labels":[{"label":"red","probability":0.75},{"label":"rose","probability":0.5}]}` + "\n" +
			`{"file":"b","labels":[]}` + "\n" + `{"file":"c","error":"empty"}` + "\n",
	} {
		var out bytes.Buffer
		w := Writer{W: &out, Top: 3, Format: format, MultiLabel: true}
		for _, r := range results {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	}
	var out bytes.Buffer
	w := Writer{W: &out, Top: 1, MultiLabel: true, MinConfidence: 0.2}
	if err := w.Write(results[0]); err != nil || out.String() != "a: red 75.0 %\n" {
		t.Errorf("one at most: got %q, %v", out.String(), err)
	}
}
