package data

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// columns are which of a CSV list's columns are what; -1: none is.
type columns struct {
	comma              rune
	path, label, split int
	each               []int    // a label has each of these, with 0 and 1
	names              []string // the header; nil where there is none
}

// csv reads a list with commas, semicolons or tabs.
func (r *listReader) csv(text string) error {
	c, err := r.columns(text)
	if err != nil {
		return err
	}
	rows := csv.NewReader(strings.NewReader(text))
	rows.Comma, rows.ReuseRecord = c.comma, true
	for first := true; ; first = false {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var parse *csv.ParseError
		switch {
		case errors.As(err, &parse) && errors.Is(err, csv.ErrFieldCount):
			return r.wrong(parse.Line, "put a cell that has the separator into double quotes",
				"%d columns, want %d as in the first line", len(cells), rows.FieldsPerRecord)
		case errors.As(err, &parse):
			return r.wrong(parse.Line, "", "%v", parse.Err)
		case err != nil:
			return err
		case first && c.names != nil || strings.TrimSpace(strings.Join(cells, "")) == "":
			continue // Excel writes rows that had something once
		}
		line, _ := rows.FieldPos(0)
		row, err := r.row(c, cells, line)
		if err == nil {
			err = r.add(row)
		}
		if err != nil {
			return err
		}
	}
}

// row reads a line of cells.
func (r *listReader) row(c *columns, cells []string, line int) (row LabelRow, err error) {
	row = LabelRow{Line: line, Path: strings.TrimSpace(cells[c.path])}
	if c.split >= 0 {
		if row.Part, err = r.part(line, cells[c.split]); err != nil {
			return row, err
		}
	}
	if c.label >= 0 {
		row.Labels = several(cells[c.label], c.comma)
		return row, nil
	}
	for _, i := range c.each {
		switch value := strings.ToLower(strings.TrimSpace(cells[i])); value {
		case "1", "1.0", "true":
			row.Labels = append(row.Labels, c.names[i])
		case "0", "0.0", "false":
		default:
			return row, r.wrong(line, "name the column of the labels label; or leave out the columns "+
				"that are no label",
				"no column is called label, so each is a label with 0 and 1, and %s is %q", c.names[i],
				value)
		}
	}
	return row, nil
}

// columns finds what is in which column, by the first line that has something.
func (r *listReader) columns(text string) (*columns, error) {
	for _, comma := range ",;\t" {
		if names := firstRow(text, comma); columnNamed(names, pathNames) >= 0 {
			return r.header(names, comma)
		}
	}
	for _, comma := range ",;\t" {
		if cells := firstRow(text, comma); len(cells) > 1 && imageprep.ImageName(cells[0]) {
			return r.headless(cells, comma)
		}
	}
	names := firstRow(text, ',')
	return nil, r.wrong(1, listForms, "no column is called path, file, image or filename, and it is "+
		"no picture with its label: %.80q", strings.Join(names, ","))
}

// firstRow are the cells of the first line with something in it.
func firstRow(text string, comma rune) []string {
	rows := csv.NewReader(strings.NewReader(text))
	rows.Comma, rows.FieldsPerRecord = comma, -1
	cells, err := rows.Read()
	if err != nil {
		return nil
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// columnNamed is the first column that has one of the names, -1 for none.
func columnNamed(header, names []string) int {
	for _, name := range names { // path before image
		i := slices.IndexFunc(header, func(cell string) bool { return strings.EqualFold(cell, name) })
		if i >= 0 {
			return i
		}
	}
	return -1
}

// header reads the names of the columns.
func (r *listReader) header(names []string, comma rune) (*columns, error) {
	c := &columns{comma: comma, names: names, path: columnNamed(names, pathNames),
		label: columnNamed(names, labelNames), split: columnNamed(names, splitNames)}
	var unread []string
	seen := map[string]bool{}
	for i, name := range names {
		switch {
		case i == c.path || i == c.label || i == c.split:
		case c.label >= 0 && name != "" && slices.Contains(labelNames, strings.ToLower(name)):
			return nil, r.wrong(1, "leave one of them out", "the columns %s and %s both look like that "+
				"of the labels", names[c.label], name)
		case c.label >= 0 && name != "":
			unread = append(unread, name)
		case c.label >= 0:
		case name == "":
			unread = append(unread, "a column without a name")
		case seen[name]:
			return nil, r.wrong(1, "", "two columns are called %s", name)
		default:
			seen[name] = true
			c.each = append(c.each, i)
			r.list.Columns = append(r.list.Columns, name)
		}
	}
	if c.label < 0 && len(c.each) == 0 {
		return nil, r.wrong(1, listForms, "no column for the labels")
	}
	r.ignored(unread)
	return c, nil
}

// headless reads the columns of a list whose first line is a picture already.
func (r *listReader) headless(cells []string, comma rune) (*columns, error) {
	c := &columns{comma: comma, label: 1, split: -1}
	if len(cells) == 3 && partOf(cells[2]) != "" {
		c.split = 2
	} else if len(cells) > 2 {
		return nil, r.wrong(1, "a first line such as path,label says which is which",
			"%d columns without names", len(cells))
	}
	said := "the first column is taken for the picture, the second for its labels"
	if c.split == 2 {
		said += ", the third for the part it is in"
	}
	r.assume("%s: no names of columns: %s", r.list.File, said)
	return c, nil
}
