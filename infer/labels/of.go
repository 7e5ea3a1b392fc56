package labels

import (
	"errors"
	"fmt"
)

var errNoNames = errors.New("no list of names, and no map of numbers and names")

// Of is the names in a value: a list, or a map of numbers and names. See [Parse].
func Of(v Value) ([]string, error) {
	names, err := ofValue(v)
	if err == nil && len(names) == 0 {
		err = errNoNames
	}
	return names, err
}

// nests are the keys under which other tools' files have the names, the surest first:
// Hugging Face, timm, Ultralytics, COCO.
var nests = []string{"id2label", "label_names", "names", "labels", "classes", "class_names",
	"categories", "label2id", "class_to_idx", "class_indices", "idx_to_class", "label_map"}

// names of an item's number and of its name, in a list of maps.
var (
	numberKeys = []string{"id", "index", "class_id", "label_id"}
	nameKeys   = []string{"name", "label", "class", "title", "display_name"}
)

func ofValue(v Value) ([]string, error) {
	switch v.Kind {
	case '[':
		return ofList(v)
	case '{':
		return ofMap(v)
	}
	return nil, errNoNames
}

func ofList(v Value) ([]string, error) {
	numbers, names := []int{}, make([]string, len(v.List))
	for i, item := range v.List {
		name, ok := nameOf(item)
		if !ok {
			return nil, fmt.Errorf("item %d: %w", i, errNoNames)
		}
		names[i] = name
		for _, key := range numberKeys {
			if n, ok := item.Of(key); ok {
				if k, ok := n.Int(); ok {
					numbers = append(numbers, k)
					break
				}
			}
		}
	}
	if len(numbers) == len(names) && len(names) > 0 {
		return order(numbers, names)
	}
	return names, nil
}

// nameOf is the name of a class: a text, the last of a list as in Keras'
// imagenet_class_index.json, or what a map has as its name.
func nameOf(v Value) (string, bool) {
	switch v.Kind {
	case '"':
		return v.Text, v.Text != ""
	case '[':
		if n := len(v.List); n > 0 && v.List[n-1].Kind == '"' {
			return v.List[n-1].Text, true
		}
		return "", false
	}
	for _, key := range nameKeys {
		if name, ok := v.Of(key); ok && name.Kind == '"' {
			return name.Text, true
		}
	}
	return "", false
}

func ofMap(v Value) ([]string, error) {
	byKey, byValue := len(v.Keys) > 0, len(v.Keys) > 0
	keys, values := make([]int, len(v.Keys)), make([]int, len(v.Keys))
	names, swapped := make([]string, len(v.Keys)), make([]string, len(v.Keys))
	for i, key := range v.Keys {
		var ok, named bool
		keys[i], ok = key.Int()
		names[i], named = nameOf(v.List[i])
		byKey = byKey && ok && named
		values[i], ok = v.List[i].Int()
		swapped[i] = key.Text
		byValue = byValue && ok && !v.List[i].String
	}
	switch {
	case byKey:
		return order(keys, names)
	case byValue:
		return order(values, swapped)
	}
	for _, key := range nests {
		if inner, ok := v.Of(key); ok && inner.Kind != '"' {
			return ofValue(inner)
		}
	}
	return nil, errNoNames
}
