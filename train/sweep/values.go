package sweep

import (
	"math"

	"go.yaml.in/yaml/v3"

	"github.com/flowerctl/flowerctl/train/run"
)

// pair is a key of the file with what it has.
type pair struct{ key, value *yaml.Node }

// direct is the node that an alias stands for.
func direct(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// pairs are those of a mapping, each key once.
func pairs(n *yaml.Node, what string) (list []pair, err error) {
	if n = direct(n); n.Kind != yaml.MappingNode {
		return nil, wrong(n, "%s: want KEY: VALUE lines", what)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := direct(n.Content[i])
		if seen[key.Value] {
			return nil, wrong(key, "%s is there twice", key.Value)
		}
		seen[key.Value] = true
		list = append(list, pair{key, direct(n.Content[i+1])})
	}
	return list, nil
}

// number reads a number, or numbers.
func number[T any](p pair, to *T) error {
	if !wholeEnough(p.value, to) || p.value.Decode(to) != nil {
		return wrong(p.value, "%s: got %q, want %s", p.key.Value, p.value.Value, wanted(to))
	}
	return nil
}

// wholeEnough says whether no number has a fraction where there is no place for one: a
// decoder would cut it off.
func wholeEnough(n *yaml.Node, to any) bool {
	switch to.(type) {
	case *int, *uint64, *[]int, *[]uint64:
		for _, one := range append(n.Content[:len(n.Content):len(n.Content)], n) {
			if direct(one).ShortTag() == "!!float" {
				return false
			}
		}
	}
	return true
}

func wanted(to any) string {
	switch to.(type) {
	case *int:
		return "a whole number"
	case *uint64:
		return "a whole number, 0 or more"
	case *float64:
		return "a number"
	case *bool:
		return "true or false"
	case *[]float64:
		return "a number, or a list of them"
	}
	return "a list of whole numbers, as in [1, 2, 3]"
}

// value is a setting with the value that one of s has.
type value struct {
	field run.Field
	s     *run.Settings
}

func (v *value) text() string { return v.field.Value(v.s) }

// values are fixed settings.
func values(n *yaml.Node) (list []value, err error) {
	all, err := pairs(n, "settings")
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		field, err := fieldOf(p.key)
		if err != nil {
			return nil, err
		}
		v, err := valueOf(field, p.value)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// valueOf reads a value of a setting.
func valueOf(f run.Field, n *yaml.Node) (v value, err error) {
	n = direct(n)
	v = value{f, new(run.Settings)}
	p := pair{&yaml.Node{Value: f.Key}, n}
	if f.Floats != nil {
		if n.Kind == yaml.SequenceNode {
			return v, number(p, (*[]float64)(f.Floats(v.s)))
		}
		one := 0.0
		err = number(p, &one)
		*f.Floats(v.s) = run.Numbers{one}
		return v, err
	}
	if n.Kind != yaml.ScalarNode {
		return v, wrong(n, "%s: want one value here", f.Key)
	}
	switch {
	case f.Text != nil && n.Tag != "!!null":
		*f.Text(v.s) = n.Value
	case f.Int != nil && f.Auto != 0 && n.Tag == "!!str":
		if *f.Int(v.s), err = f.ParseInt(n.Value); err != nil {
			err = wrong(n, "%s: %w", f.Key, err)
		}
	case f.Int != nil:
		err = number(p, f.Int(v.s))
	case f.Uint != nil:
		err = number(p, f.Uint(v.s))
	case f.Float != nil:
		err = number(p, f.Float(v.s))
	case f.Bool != nil:
		err = number(p, f.Bool(v.s))
	}
	return v, err
}

// axis is a setting with the values that are tried: a list, or where there is none a range.
type axis struct {
	field    run.Field
	list     []value
	min, max float64
	log      bool
}

// axes are the settings that are tried.
func axes(n *yaml.Node, m Method) (list []axis, err error) {
	all, err := pairs(n, "settings")
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		a := axis{}
		if a.field, err = fieldOf(p.key); err != nil {
			return nil, err
		}
		if a.field.Name == "seed" {
			return nil, wrong(p.key, "seed: seeds has them, as a key of the file")
		}
		switch {
		case p.value.Kind == yaml.MappingNode && m == Grid:
			err = wrong(p.value, "%s: a grid wants a list of values; method random takes ranges",
				p.key.Value)
		case p.value.Kind == yaml.MappingNode:
			err = a.ranged(p.value)
		case p.value.Kind == yaml.SequenceNode:
			err = a.listed(p.value)
		default:
			err = wrong(p.value, "%s: want a list of values here, as in [1, 2]; base has fixed ones",
				p.key.Value)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	if len(list) == 0 {
		return nil, wrong(n, "settings: none is named")
	}
	return list, nil
}

func (a *axis) listed(n *yaml.Node) error {
	var texts []string
	for _, one := range n.Content {
		v, err := valueOf(a.field, one)
		if err != nil {
			return err
		}
		a.list, texts = append(a.list, v), append(texts, v.text())
	}
	if len(a.list) == 0 {
		return wrong(n, "%s: want a value or more", a.field.Key)
	}
	if err := different(a.field.Key, texts); err != nil {
		return wrong(n, "%w", err)
	}
	return nil
}

func (a *axis) ranged(n *yaml.Node) error {
	key := a.field.Key
	all, err := pairs(n, key)
	if err != nil {
		return err
	}
	if a.field.Int == nil && a.field.Uint == nil && a.field.Float == nil {
		return wrong(n, "%s: is no number: want a list of values", key)
	}
	given := map[string]bool{}
	for _, p := range all {
		switch given[p.key.Value] = true; p.key.Value {
		case "min":
			err = number(p, &a.min)
		case "max":
			err = number(p, &a.max)
		case "log":
			err = number(p, &a.log)
		default:
			err = wrongKey(p.key, "a range", []string{"min", "max", "log"})
		}
		if err != nil {
			return err
		}
	}
	whole := a.field.Float == nil
	switch {
	case !given["min"] || !given["max"]:
		return wrong(n, "%s: a range wants min and max", key)
	case !(a.min < a.max) || math.IsInf(a.max-a.min, 0):
		return wrong(n, "%s: got %g to %g, want min below max", key, a.min, a.max)
	case a.log && a.min <= 0:
		return wrong(n, "%s: got min %g, want one over 0 for log", key, a.min)
	case whole && (a.min != math.Trunc(a.min) || a.max != math.Trunc(a.max) ||
		max(-a.min, a.max) > 1<<53):
		return wrong(n, "%s: got %g to %g, want whole numbers", key, a.min, a.max)
	case a.field.Uint != nil && a.min < 0:
		return wrong(n, "%s: got min %g, want 0 or more", key, a.min)
	}
	return nil
}
