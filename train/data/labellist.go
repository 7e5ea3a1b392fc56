package data

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/table"
	"github.com/flowerctl/flowerctl/train/textfile"
)

// LabelList is a file that names pictures with their labels, as half of the world's data
// sets have it in place of folders.
type LabelList struct {
	File string
	Rows []LabelRow
	// Columns are the labels that have a column each, whether a picture has them or not.
	Columns []string
	// Assumed says what was taken for what where the file does not say it, for people.
	Assumed []string
}

// LabelRow is what one line says of a picture.
type LabelRow struct {
	Line   int // in the file, from 1
	Path   string
	Labels []string // none, one or several
	Part   Part     // "" where there is no column for it
}

// ListError is about a list of pictures and their labels.
type ListError struct {
	File string
	Line int // 0: of the whole file
	Text string
	Help string // what mends it
}

func (e *ListError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s: line %d: %s", e.File, e.Line, e.Text)
}

// Hint says what mends it.
func (e *ListError) Hint() string { return e.Help }

// folder is what names the folder where the user asks for it.
func (sc *listScanner) folder() string { return cmp.Or(sc.opts.Folder, "--data") }

// from says where paths start from.
func (sc *listScanner) from() string {
	if sc.opts.Folder != "" {
		return "paths start from the folder that is " + strings.TrimSuffix(sc.opts.Folder, ",")
	}
	return "paths start from the folder of --data, or from that of the list"
}

// The names of columns, and of keys of JSON, in lower case.
var (
	pathNames = []string{"path", "file", "image", "filename", "file_name", "filepath", "file_path",
		"image_path", "image_file", "image_name", "img", "img_path"}
	labelNames = []string{"label", "labels", "class", "classes", "tag", "tags", "category",
		"categories", "class_name", "label_name", "target"}
	splitNames = []string{"split", "part", "subset", "partition", "set"}
)

const listForms = "want CSV with the columns path and label, or JSON lines such as " +
	`{"path": "1.jpg", "labels": ["rose"]}`

// ReadLabelList reads a list of pictures and labels: CSV, with commas, semicolons or tabs
// between the columns, or JSON lines. In CSV the labels are in one column, several of
// them with | or ; between them, as a list such as ['daisy', 'rose'] or in several rows of
// one picture, or every label has a column of 0 and 1. Rows without a word are left out.
// Without a header the first column is the picture and the second its labels. In JSON lines
// "label" is a text or a number and "labels" a list of those, which may be empty. A column
// or key "split" says train, val or test. The texts of package textfile are read.
func ReadLabelList(file string) (*LabelList, error) {
	r := &listReader{list: &LabelList{File: file}}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		help := "a run that goes on reads the list again: write it into a file"
		if info.IsDir() {
			help = listForms
		}
		return nil, r.wrong(0, help, "%s, want a file", kindOf(info.Mode()))
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	text, err := textfile.Decode(data)
	if err != nil {
		return nil, r.wrong(0, listForms, "%v", err)
	}
	switch start := strings.TrimSpace(text[:min(len(text), 4096)]); {
	case start == "":
		return nil, r.wrong(0, listForms, "nothing in it")
	case start[0] == '[':
		return nil, r.wrong(0, "one object a line: jq -c '.[]' FILE.json > FILE.jsonl",
			"one list of JSON, and not JSON lines")
	case start[0] == '{' || slices.Contains([]string{".jsonl", ".ndjson", ".json"},
		strings.ToLower(filepath.Ext(file))):
		err = r.json(text)
	default:
		err = r.csv(text)
	}
	if err == nil && len(r.list.Rows) == 0 {
		err = r.wrong(0, listForms, "no picture in it")
	}
	if err != nil {
		return nil, err
	}
	return r.list, nil
}

// ScanEither is [ScanList] with the list in a file, or [Scan] where that is "".
func ScanEither(ctx context.Context, dir, file string, multi bool, opts ScanOptions) (*Set, error) {
	if file == "" {
		return Scan(ctx, dir, opts)
	}
	list, err := ReadLabelList(file)
	if err != nil {
		return nil, err
	}
	return ScanList(ctx, dir, list, multi, opts)
}

// kindOf says what has such a mode and is no file with bytes of its own. Nothing ends the
// wait for one who writes into a named pipe, not even the first Ctrl-C.
func kindOf(mode os.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&os.ModeNamedPipe != 0:
		return "a pipe"
	case mode&os.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// listReader is the state of one ReadLabelList.
type listReader struct {
	list *LabelList
}

func (r *listReader) wrong(line int, help, format string, args ...any) error {
	return &ListError{File: r.list.File, Line: line, Text: fmt.Sprintf(format, args...), Help: help}
}

func (r *listReader) assume(format string, args ...any) {
	r.list.Assumed = append(r.list.Assumed, fmt.Sprintf(format, args...))
}

// add puts a row on the list.
func (r *listReader) add(row LabelRow) error {
	if row.Path == "" {
		return r.wrong(row.Line, "", "it names no picture")
	}
	for i, label := range row.Labels {
		name, err := className(label)
		if err != nil {
			return r.wrong(row.Line, "", "label %v", err)
		}
		row.Labels[i] = name
	}
	r.list.Rows = append(r.list.Rows, row)
	return nil
}

// part reads the part that a row is in.
func (r *listReader) part(line int, text string) (Part, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	part := partOf(text)
	if part == "" {
		return "", r.wrong(line, "the split of a picture is train, val or test; leave the column out "+
			"to have them divided", "its split is %q, want train, val or test", text)
	}
	return part, nil
}

// item is one of the labels in a cell that a list was written into, by pandas for one:
// ['daisy', 'rose'], ["daisy"] or [0, 3], and numpy's without commas.
var item = regexp.MustCompile(`^(?:'([^'\\]*)'|"([^"\\]*)"|(\d+))\s*(?:,\s*)?`)

// listCell has the labels in a cell that a list was written into; ok is false for others.
func listCell(cell string) (labels []string, ok bool) {
	cell = strings.TrimSpace(cell)
	if !strings.HasPrefix(cell, "[") || !strings.HasSuffix(cell, "]") {
		return nil, false
	}
	for rest := strings.TrimSpace(cell[1 : len(cell)-1]); rest != ""; {
		m := item.FindStringSubmatch(rest)
		if m == nil {
			return nil, false
		}
		rest = rest[len(m[0]):]
		if label := strings.TrimSpace(m[1] + m[2] + m[3]); label != "" && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	return labels, true
}

// several splits a cell with labels, of which one may be there twice.
func several(cell string, comma rune) (labels []string) {
	if labels, ok := listCell(cell); ok {
		return labels
	}
	for _, word := range strings.FieldsFunc(cell, func(c rune) bool {
		return c == '|' || c == ';' && comma != ';'
	}) {
		if word = strings.TrimSpace(word); word != "" && !slices.Contains(labels, word) {
			labels = append(labels, word)
		}
	}
	return labels
}

// ignored says which columns or keys were not read.
func (r *listReader) ignored(names []string) {
	if len(names) > 0 {
		r.assume("%s: not read: %s", r.list.File, table.Some(names))
	}
}
