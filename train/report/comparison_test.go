package report

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/table"
)

func contenders(t *testing.T) []Contender {
	h := sample(t, "tiny", 12).Outcome.History
	return []Contender{
		{Name: "a <b>", Loss: "crossentropy", History: h},
		{Name: "c", Style: 1, Loss: "crossentropy", History: h[:1]},
		{Name: "c", Style: 1, Loss: "crossentropy", History: h[:5]},
		{Name: "not begun", Style: 2, Loss: "crossentropy"},
	}
}

func TestComparisonDrawsEveryRun(t *testing.T) {
	runs := contenders(t)
	p, err := Comparison(runs)
	if err != nil {
		t.Fatal(err)
	}
	svg, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	text := string(svg)
	for _, want := range []string{"Validation accuracy", "Training accuracy", "Validation loss", "a &lt;b&gt;"} {
		if !strings.Contains(text, want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	if n := strings.Count(text, ">c</text>"); n != 1 {
		t.Errorf("the name of two seeds is there %d times, want once", n)
	}
	runs[1].Loss = "mse"
	if p, err = Comparison(runs); err != nil {
		t.Fatal(err)
	}
	if svg, _ = p.SVG(); strings.Contains(string(svg), "Validation loss") {
		t.Error("losses of two kinds are drawn together")
	}
	if err := p.PNG(io.Discard); err != nil {
		t.Error(err)
	}
	if _, err := Comparison(runs[3:]); err == nil {
		t.Error("a run without an epoch was drawn")
	}
}

func TestStylesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for i := range Styles() {
		p, err := Comparison([]Contender{{Name: "x", Style: i, History: []train.Epoch{{Epoch: 1}, {Epoch: 2}}}})
		if err != nil {
			t.Fatal(err)
		}
		svg, _ := p.SVG()
		if seen[string(svg)] {
			t.Errorf("style %d looks like another", i)
		}
		seen[string(svg)] = true
	}
}

// TestFirstStylesDifferInDashes: colours alone are not told apart by all people.
func TestFirstStylesDifferInDashes(t *testing.T) {
	const n = 7
	var runs []Contender
	for i := range n {
		runs = append(runs, Contender{Name: string(rune('a' + i)), Style: i, History: []train.Epoch{{Epoch: 1}, {Epoch: 2}}})
	}
	p, err := Comparison(runs)
	if err != nil {
		t.Fatal(err)
	}
	if got := dashes(t, p, "1.4"); len(got) != n {
		t.Errorf("%d runs are drawn with dashes %q, want as many", n, got)
	}
}

func TestComparisonPageStandsAlone(t *testing.T) {
	p, err := Comparison(contenders(t))
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	err = WriteComparison(&buf, []*table.Table{{Title: "Runs", Header: []string{"run", "best"}, Rows: [][]string{{"<i>r</i>", "71.3 %"}}}}, []string{"a note"}, p)
	if err != nil {
		t.Fatal(err)
	}
	page := buf.String()
	for _, want := range []string{"<svg", "a note", "&lt;i&gt;r&lt;/i&gt;", "71.3 %"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if strings.Contains(page, "<?xml") || strings.Contains(page, "<script") || strings.Contains(page, "src=") {
		t.Error("the page needs something else")
	}
}
