// Package labels reads the names of a network's classes as tools write them: a text of
// one name a line, numbered lines, one line with commas, lists and maps in JSON or in
// Python's notation. It never imports gorgonia or onnxruntime. Start at [Parse].
package labels

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
)

// Parse is the names of the classes in a text, by index. It takes
//
//	one name a line; empty lines do not count
//	a number and a name a line, in any order: 0: daisy, 0,daisy, daisy 0
//	one line with commas, semicolons or tabs between the names
//	["daisy", "rose"], {"0": "daisy"}, {"daisy": 0}, {"0": ["n11939491", "daisy"]}
//	[{"id": 0, "name": "daisy"}], and a config.json that has such a map as id2label
//	the same with Python's quotes: {0: 'daisy', 1: 'rose'}
//
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
	if text[0] == '{' || text[0] == '[' || text[0] == '(' {
		v, err := ParseValue(text)
		if err == nil {
			return ofValue(v)
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
	if len(lines) == 1 {
		return oneLine(lines[0])
	}
	return numbered(lines)
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
