package table

import (
	"io"
	"strings"
	"testing"
)

func written(t *testing.T, f func(io.Writer) error) string {
	t.Helper()
	var b strings.Builder
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func sample() *Table {
	t := New("run", "best")
	t.Title = "Runs & seeds"
	t.Add("a|b", 0.5)
	t.Add("long, name", "<1>")
	return t
}

func TestTheFourFormats(t *testing.T) {
	s := sample()
	for _, one := range []struct {
		name  string
		write func(io.Writer) error
		want  string
	}{
		{"text", s.WriteText, "RUN         BEST\na|b         0.5\nlong, name  <1>\n"},
		{"CSV", s.WriteCSV, "run,best\na|b,0.5\n\"long, name\",<1>\n"},
		{"Markdown", s.WriteMarkdown, "| run | best |\n|---|---|\n| a\\|b | 0.5 |\n| long, name | <1> |\n"},
		{"HTML", s.WriteHTML, "<h2>Runs &amp; seeds</h2>\n<table>\n<tr><th>run</th><th>best</th></tr>\n" +
			"<tr><td>a|b</td><td>0.5</td></tr>\n<tr><td>long, name</td><td>&lt;1&gt;</td></tr>\n</table>\n"},
	} {
		if got := written(t, one.write); got != one.want {
			t.Errorf("%s: got\n%s\nwant\n%s", one.name, got, one.want)
		}
	}
}

func TestNumbersAreAlignedRight(t *testing.T) {
	s := New("batch", "ms")
	s.Right = true
	s.Add(1, "10.25")
	s.Add(128, "3")
	if got, want := written(t, s.WriteText), "  batch     ms\n      1  10.25\n    128      3\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMarkdownWithoutAHeader(t *testing.T) {
	s := &Table{}
	s.Add("key", "two\nlines")
	s.Add("empty", "")
	if got, want := written(t, s.WriteMarkdown), "|  |  |\n|---|---|\n| key | two lines |\n| empty |  |\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
