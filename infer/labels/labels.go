// Package labels reads the names of a network's classes as tools write them: a text of
// one name a line, numbered lines, one line with commas, tables, lists and maps in JSON,
// YAML or Python's notation. It never imports gorgonia or onnxruntime. Start at [Parse].
package labels

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// Parse is the names of the classes in a text, by index. It takes
//
//	one name a line; empty lines do not count
//	a number and a name a line, in any order: 0: daisy, 0,daisy, daisy 0
//	one line with commas, semicolons or tabs between the names
//	["daisy", "rose"], {"0": "daisy"}, {"daisy": 0}, {"0": ["n11939491", "daisy"]}
//	[{"id": 0, "name": "daisy"}], and a config.json that has such a map as id2label
//	the same with Python's quotes: {0: 'daisy', 1: 'rose'}
//	JSON lines such as {"id": 0, "name": "daisy"}
//	the names of Ultralytics' data.yaml, and other such keys of YAML
//	item { id: 1 name: "daisy" }, a label map of TensorFlow
//	CSV with more columns, whose first line calls one name, label or class
//
// Around all names of a text there may be quotes, a dash in front, a comma behind.
// The numbers begin at 0 or 1 and each is there once. Two classes may have one name, as
// the two cranes of ImageNet.
func Parse(text string) ([]string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, errors.New("no labels in it, want one a line")
	}
	names, err := parse(text)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errNoNames
	}
	for i, name := range names {
		if name == "" {
			return nil, fmt.Errorf("class %d has no name", i)
		}
	}
	return names, nil
}

func parse(text string) ([]string, error) {
	if i := strings.IndexFunc(text, binary); i >= 0 {
		return nil, fmt.Errorf("it has the character %U, so it is no text: save it as text or CSV",
			[]rune(text[i:])[0])
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n") // of old Macs, and Excel's CSV for them
	}
	if starts := pbStart.FindAllStringIndex(text, -1); starts != nil {
		return ofItems(pbItem.FindAllStringSubmatch(text, -1), len(starts))
	}
	if looksYAML.MatchString(text) {
		return ofYAML(text)
	}
	if unnamed.MatchString(text) {
		return nil, errNoNames
	}
	if text[0] == '{' || text[0] == '[' || text[0] == '(' {
		v, err := ParseValue(text)
		if err == nil {
			return ofValue(v)
		}
		if list, ok := jsonLines(text); ok {
			return ofList(list)
		}
		if len(text) == 1 || strings.ContainsAny(text[1:2], "\"'{[0123456789 \r\n\t") {
			return nil, err // a list that is damaged, and no name in brackets
		}
	}
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines[0]) == 5 && strings.HasPrefix(lines[0], "sep=") {
		lines = lines[1:] // Excel's name of the separator
	}
	switch len(lines) {
	case 0:
		return nil, errNoNames
	case 1:
		return oneLine(lines[0])
	}
	lines = bare(lines)
	if !slices.ContainsFunc(lines, func(line string) bool { return !picture(line) }) {
		return nil, errPictures
	}
	if names, err := columns(lines); names != nil || err != nil {
		return names, err
	}
	return numbered(lines)
}

// binary says that a character is none of a text.
func binary(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' }

// picture says that a line begins with the name of a picture, as 1.jpg, 1.jpg 0 and 1.jpg,ash do.
func picture(line string) bool {
	if imageprep.ImageName(unquoted(line)) {
		return true
	}
	return slices.ContainsFunc([]string{",", ";", "\t", " "}, func(mark string) bool {
		first, _, found := strings.Cut(line, mark)
		return found && imageprep.ImageName(unquoted(first))
	})
}

// jsonLines is a text with one map a line as the list of them.
func jsonLines(text string) (list Value, ok bool) {
	list.Kind = '['
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		v, err := ParseValue(line)
		if err != nil || v.Kind != '{' {
			return list, false
		}
		list.List = append(list.List, v)
	}
	return list, len(list.List) > 0
}

// bare is lines without what all of them have around their names: a dash or an asterisk in
// front, as in a list of YAML or Markdown, a comma behind, quotes, as in a list of a program.
func bare(lines []string) []string {
	all := func(is func(string) bool) bool {
		return !slices.ContainsFunc(lines, func(line string) bool { return !is(line) })
	}
	each := func(change func(string) string) {
		lines = slices.Clone(lines)
		for i := range lines {
			lines[i] = strings.TrimSpace(change(lines[i]))
		}
	}
	for _, front := range []string{"- ", "* "} {
		if all(func(line string) bool { return strings.HasPrefix(line, front) }) {
			each(func(line string) string { return line[len(front):] })
		}
	}
	last := len(lines) - 1
	if all(func(line string) bool { return strings.HasSuffix(line, ",") || line == lines[last] }) {
		each(func(line string) string { return strings.TrimSuffix(line, ",") })
	}
	if all(func(line string) bool {
		name := unquoted(line)
		return name != line && !strings.ContainsRune(name, rune(line[0]))
	}) {
		each(unquoted)
	}
	return lines
}

// oneLine splits the names of a single line.
func oneLine(line string) ([]string, error) {
	for _, comma := range []rune{'\t', ';', ','} {
		if !strings.ContainsRune(line, comma) {
			continue
		}
		r := csv.NewReader(strings.NewReader(line))
		r.Comma, r.TrimLeadingSpace, r.LazyQuotes = comma, true, true
		fields, err := r.Read()
		if err != nil {
			return nil, err
		}
		var names []string
		for _, f := range fields {
			if f = unquoted(f); f != "" { // behind a last comma
				names = append(names, f)
			}
		}
		return names, nil
	}
	return []string{line}, nil
}

// unquoted is a name without the quotes around it.
func unquoted(name string) string {
	name = strings.TrimSpace(name)
	if n := len(name); n >= 2 && (name[0] == '"' || name[0] == '\'') && name[n-1] == name[0] {
		return name[1 : n-1]
	}
	return name
}
