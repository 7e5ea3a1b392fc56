package data

import (
	"encoding/json"
	"slices"
	"strings"
)

// json reads a list of one object a line.
func (r *listReader) json(text string) error {
	number, unread := 0, map[string]bool{}
	for line := range strings.Lines(text) {
		number++
		if strings.TrimSpace(line) == "" {
			continue
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			return r.wrong(number, listForms, "no object of JSON: %v", err)
		}
		row, err := r.object(object, number, unread)
		if err == nil {
			err = r.add(row)
		}
		if err != nil {
			return err
		}
	}
	names := make([]string, 0, len(unread))
	for name := range unread {
		names = append(names, name)
	}
	slices.Sort(names)
	r.ignored(names)
	return nil
}

// object reads what one line says.
func (r *listReader) object(object map[string]json.RawMessage, line int, unread map[string]bool) (
	row LabelRow, err error) {

	row.Line = line
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	find := func(names []string) string {
		if i := columnNamed(keys, names); i >= 0 {
			return keys[i]
		}
		return ""
	}
	path, label, split := find(pathNames), find(labelNames), find(splitNames)
	switch {
	case path == "":
		return row, r.wrong(line, listForms, "no key is called path, file, image or filename")
	case label == "":
		return row, r.wrong(line, `"labels": [] is a picture of none`, "no key is called label or labels")
	}
	var text string
	if err := json.Unmarshal(object[path], &text); err != nil {
		return row, r.wrong(line, "", "%s is no text: %.40s", path, object[path])
	}
	row.Path = text
	if row.Labels, err = r.labelsOf(object[label], line); err != nil {
		return row, err
	}
	if split != "" && string(object[split]) != "null" {
		if err := json.Unmarshal(object[split], &text); err != nil {
			return row, r.wrong(line, "", "%s is no text: %.40s", split, object[split])
		}
		if row.Part, err = r.part(line, text); err != nil {
			return row, err
		}
	}
	for _, key := range keys {
		if key == path || key == label || key == split {
			continue
		}
		if slices.Contains(labelNames, strings.ToLower(key)) {
			return row, r.wrong(line, "leave one of them out", "%s and %s both look like the labels", label,
				key)
		}
		unread[key] = true
	}
	return row, nil
}

// labelsOf is a text, a number, null, or a list of texts and numbers.
func (r *listReader) labelsOf(value json.RawMessage, line int) (labels []string, err error) {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		list = []json.RawMessage{value}
	}
	for _, one := range list {
		var text string
		var number json.Number
		switch {
		case string(one) == "null":
			continue
		case json.Unmarshal(one, &text) == nil:
		case json.Unmarshal(one, &number) == nil:
			text = number.String()
		default:
			return nil, r.wrong(line, listForms, "a label is neither a text nor a number: %.40s", one)
		}
		if text = strings.TrimSpace(text); text != "" && !slices.Contains(labels, text) {
			labels = append(labels, text)
		}
	}
	return labels, nil
}
