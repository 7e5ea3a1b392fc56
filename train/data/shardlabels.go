package data

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/train/textfile"
)

// labels finds the labels of a picture.
func (sc *shardScanner) labels(s *shardFile, name string, row *LabelRow) error {
	key, _ := splitKey(name)
	class, hasClass := s.labels[key+".cls"]
	object, hasObject := s.labels[key+".json"]
	if hasClass && hasObject {
		sc.both = path.Join(s.file, key)
	}
	switch base := path.Base(key); {
	case hasClass:
		text, err := textfile.Decode(class)
		if text = strings.TrimSpace(text); err != nil || text == "" || strings.Contains(text, "\n") {
			return fmt.Errorf("%s.cls is not one class: left out", base)
		}
		row.Labels = []string{text}
	case hasObject:
		if err := jsonLabels(object, row); err != nil {
			return fmt.Errorf("%s.json: %v: left out", base, err)
		}
	default:
		return fmt.Errorf("no label: neither %s.cls nor %s.json is there: left out", base, base)
	}
	for i, label := range row.Labels {
		class, err := className(label)
		if err != nil {
			return fmt.Errorf("label %v", err)
		}
		row.Labels[i] = class
	}
	return nil
}

// jsonLabels reads what a JSON object says of its picture.
func jsonLabels(text []byte, row *LabelRow) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &object); err != nil {
		return errors.New("no JSON object")
	}
	keys := slices.Sorted(maps.Keys(object))
	i := columnNamed(keys, labelNames)
	if i < 0 {
		return errors.New("no key is called label or labels")
	}
	value := object[keys[i]]
	labels, err := new(listReader).labelsOf(value, 0)
	if err != nil {
		return errors.New("a label is neither a text nor a number")
	}
	// A picture of none says so by a list without anything in it; null and "" say nothing.
	if list := []json.RawMessage(nil); len(labels) == 0 &&
		(json.Unmarshal(value, &list) != nil || list == nil || len(list) > 0) {
		return fmt.Errorf("no label: %s is %.40s, and [] is none of the labels", keys[i], value)
	}
	row.Labels = labels
	if k := columnNamed(keys, splitNames); k >= 0 {
		var split string
		if json.Unmarshal(object[keys[k]], &split) != nil || partOf(split) == "" {
			return fmt.Errorf("its %s is %.40s, want train, val or test", keys[k], object[keys[k]])
		}
		row.Part = partOf(split)
	}
	return nil
}

// namesFiles are what a file is called that names classes, a line a class.
var namesFiles = []string{"classnames.txt", "classes.txt", "labels.txt"}

// nameNumbers gives classes that are numbers their names, where there is a file of them
// beside the shards.
func (sc *shardScanner) nameNumbers(rows []LabelRow) error {
	for _, row := range rows {
		for _, label := range row.Labels {
			if _, err := strconv.ParseUint(label, 10, 31); err != nil {
				return nil
			}
		}
	}
	for _, name := range namesFiles {
		data, err := os.ReadFile(filepath.Join(sc.shards.Root, name))
		if err != nil {
			continue
		}
		text, err := textfile.Decode(data)
		if err != nil {
			return fmt.Errorf("data %s: %s: %w", sc.shards.Name, name, err)
		}
		names := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r", "")), "\n")
		for _, row := range rows {
			for i, label := range row.Labels {
				n, _ := strconv.Atoi(label) // a number, see above
				if n >= len(names) {
					return fmt.Errorf("data %s: %s is of class %d, and %s names %d classes, from 0", sc.shards.Name,
						row.Path, n, name, len(names))
				}
				if row.Labels[i], err = className(strings.TrimSpace(names[n])); err != nil {
					return fmt.Errorf("data %s: %s: %w", sc.shards.Name, name, err)
				}
			}
		}
		sc.note("the names of the classes are from %s", name)
		return nil
	}
	if len(rows) > 0 {
		sc.note("classes are numbers: a file %s beside the shards, a name a line, names them", namesFiles[0])
	}
	return nil
}
