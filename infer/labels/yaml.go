package labels

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// looksYAML is a text with one of the nests as a key of its own line, as Ultralytics'
// data.yaml has names, or the mark at the start of a document.
var looksYAML = regexp.MustCompile(`(?m)\A---[ \t]*$|^(` + strings.Join(nests, "|") + `)[ \t]*:[ \t]*([\[{#\r]|$)`)

// unnamed is a data.yaml that says how many classes there are.
var unnamed = regexp.MustCompile(`(?m)^nc[ \t]*:[ \t]*\d+[ \t\r]*$`)

// ofYAML is the names in a text of YAML.
func ofYAML(text string) ([]string, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return nil, errNoNames
	}
	v, err := yamlValue(doc.Content[0], 0)
	if err != nil {
		return nil, err
	}
	return ofValue(v)
}

// yamlValue is a node as a value.
func yamlValue(n *yaml.Node, depth int) (v Value, err error) {
	if depth > maxDepth {
		return v, errors.New("too many lists in lists")
	}
	child := func(n *yaml.Node) (Value, error) { return yamlValue(n, depth+1) }
	switch n.Kind {
	case yaml.ScalarNode:
		return Value{Kind: '"', Text: n.Value, String: n.Tag == "!!str"}, nil
	case yaml.SequenceNode:
		v.Kind = '['
		for _, c := range n.Content {
			item, err := child(c)
			if err != nil {
				return v, err
			}
			v.List = append(v.List, item)
		}
		return v, nil
	case yaml.MappingNode:
		v.Kind = '{'
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, err := child(n.Content[i])
			if err != nil {
				return v, err
			}
			item, err := child(n.Content[i+1])
			if err != nil {
				return v, err
			}
			v.Keys, v.List = append(v.Keys, key), append(v.List, item)
		}
		return v, nil
	}
	return v, fmt.Errorf("line %d: an alias of YAML, which is not read", n.Line)
}
