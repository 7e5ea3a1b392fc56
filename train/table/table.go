// Package table holds a table of texts and writes it as aligned text, CSV,
// Markdown or HTML. It imports nothing of this module, so that every package may use it.
// Start at [Table].
package table

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"strings"
	"text/tabwriter"
)

// Table is a table of texts. The zero value is an empty table without a header.
type Table struct {
	Title  string   // above the HTML table; the other formats leave it out
	Header []string // nil: no header
	Rows   [][]string
	Right  bool // align the columns of the text right: a table of numbers
}

// New is an empty table with this header.
func New(header ...string) *Table { return &Table{Header: header} }

// Add appends a row. A value that is not a string is printed as by fmt.Sprint.
func (t *Table) Add(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = fmt.Sprint(c)
	}
	t.Rows = append(t.Rows, row)
}

// lines are the header, if there is one, and the rows.
func (t *Table) lines() [][]string {
	if t.Header == nil {
		return t.Rows
	}
	return append([][]string{t.Header}, t.Rows...)
}

// WriteText writes the table for a terminal: columns two spaces apart, the header
// in capitals where the columns are aligned left.
func (t *Table) WriteText(w io.Writer) error {
	flags, end := uint(0), "\n"
	if t.Right {
		flags, end = tabwriter.AlignRight, "\t\n" // a right-aligned cell ends with a tab
	}
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', flags)
	for i, cells := range t.lines() {
		line := strings.Join(cells, "\t")
		if i == 0 && t.Header != nil && !t.Right {
			line = strings.ToUpper(line)
		}
		if _, err := io.WriteString(tw, line+end); err != nil {
			return err
		}
	}
	return tw.Flush()
}

// WriteCSV writes the table as RFC 4180 has it, with \n at the end of a line.
func (t *Table) WriteCSV(w io.Writer) error {
	return csv.NewWriter(w).WriteAll(t.lines())
}

// WriteMarkdown writes the table as GitHub reads it. A table without a header gets
// an empty one, which the format wants.
func (t *Table) WriteMarkdown(w io.Writer) error {
	var b bytes.Buffer
	header := t.Header
	if header == nil && len(t.Rows) > 0 {
		header = make([]string, len(t.Rows[0]))
	}
	markdownLine(&b, header)
	b.WriteString("|" + strings.Repeat("---|", len(header)) + "\n")
	for _, row := range t.Rows {
		markdownLine(&b, row)
	}
	_, err := w.Write(b.Bytes())
	return err
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ")

func markdownLine(b *bytes.Buffer, cells []string) {
	b.WriteByte('|')
	for _, c := range cells {
		b.WriteString(" " + markdownEscapes.Replace(c) + " |")
	}
	b.WriteByte('\n')
}

// WriteHTML writes the title as a heading and the table as a table element, with
// every text escaped.
func (t *Table) WriteHTML(w io.Writer) error {
	var b bytes.Buffer
	if t.Title != "" {
		fmt.Fprintf(&b, "<h2>%s</h2>\n", html.EscapeString(t.Title))
	}
	b.WriteString("<table>\n")
	if t.Header != nil {
		htmlLine(&b, "th", t.Header)
	}
	for _, row := range t.Rows {
		htmlLine(&b, "td", row)
	}
	b.WriteString("</table>\n")
	_, err := w.Write(b.Bytes())
	return err
}

func htmlLine(b *bytes.Buffer, element string, cells []string) {
	b.WriteString("<tr>")
	for _, c := range cells {
		fmt.Fprintf(b, "<%s>%s</%s>", element, html.EscapeString(c), element)
	}
	b.WriteString("</tr>\n")
}
