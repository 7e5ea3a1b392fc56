package labels

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Value is a value in JSON or in Python's notation, which other tools write into
// metadata: {0: 'daisy', 1: "black-eyed susan"}.
type Value struct {
	Text   string // of a string, a number or a word such as true or None
	String bool   // it was in quotes
	List   []Value
	Keys   []Value // of a map, whose values List has
	Kind   byte    // '"' for a text, '[' for a list, '{' for a map
}

// Int is the whole number that the value is, or has as its text.
func (v Value) Int() (int, bool) {
	n, err := strconv.Atoi(v.Text)
	return n, err == nil && v.Kind == '"'
}

// Of is the value of a map's key; ok is false where there is none.
func (v Value) Of(key string) (value Value, ok bool) {
	for i, k := range v.Keys {
		if k.Text == key {
			return v.List[i], true
		}
	}
	return Value{}, false
}

// Floats are the numbers of a list, or the one number that the value is.
func (v Value) Floats() ([]float64, bool) {
	items := v.List
	if v.Kind == '"' {
		items = []Value{v}
	}
	if v.Kind == '{' || len(items) == 0 {
		return nil, false
	}
	numbers := make([]float64, len(items))
	for i, item := range items {
		n, err := strconv.ParseFloat(item.Text, 64)
		if err != nil || item.Kind != '"' || item.String {
			return nil, false
		}
		numbers[i] = n
	}
	return numbers, true
}

// maxDepth bounds lists in lists, and maxValues all values together.
const (
	maxDepth  = 32
	maxValues = 1 << 20
)

// ParseValue reads one value. Trailing commas and comments of YAML are not read.
func ParseValue(text string) (Value, error) {
	p := &parser{text: text}
	v, err := p.value(0)
	if err == nil {
		if p.space(); p.at < len(p.text) {
			err = errors.New("more behind the end")
		}
	}
	if err != nil {
		line := 1 + strings.Count(text[:min(p.at, len(text))], "\n")
		return Value{}, fmt.Errorf("line %d: neither JSON nor a value of Python: %w", line, err)
	}
	return v, nil
}

type parser struct {
	text   string
	at     int
	values int
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// peek is the next byte that is no space, 0 at the end.
func (p *parser) peek() byte {
	if p.space(); p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) value(depth int) (Value, error) {
	if p.values++; p.values > maxValues || depth > maxDepth {
		return Value{}, errors.New("too many values")
	}
	switch p.peek() {
	case '[':
		return p.list(depth, ']')
	case '(':
		return p.list(depth, ')')
	case '{':
		return p.object(depth)
	case '"', '\'':
		text, err := p.quoted()
		return Value{Kind: '"', Text: text, String: true}, err
	}
	from := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n,:[](){}\"'", p.text[p.at]) < 0 {
		p.at++
	}
	if from == p.at {
		return Value{}, errors.New("a value is missing")
	}
	return Value{Kind: '"', Text: p.text[from:p.at]}, nil
}

// list reads up to the bracket that ends it.
func (p *parser) list(depth int, end byte) (Value, error) {
	v := Value{Kind: '['}
	p.at++
	for p.peek() != end {
		item, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.List = append(v.List, item)
		if err := p.comma(end); err != nil {
			return Value{}, err
		}
	}
	p.at++
	return v, nil
}

// comma skips the comma behind an item, if it is not the last one.
func (p *parser) comma(end byte) error {
	switch p.peek() {
	case ',':
		p.at++
	case end:
	default:
		return fmt.Errorf("want , or %c", end)
	}
	return nil
}

func (p *parser) object(depth int) (Value, error) {
	v := Value{Kind: '{'}
	p.at++
	for p.peek() != '}' {
		key, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		if p.peek() != ':' || key.Kind != '"' {
			return Value{}, errors.New("want a key and a colon")
		}
		p.at++
		value, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.Keys, v.List = append(v.Keys, key), append(v.List, value)
		if err := p.comma('}'); err != nil {
			return Value{}, err
		}
	}
	p.at++
	return v, nil
}

// escapes are the letters behind a backslash that stand for another one.
var escapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", 'b': "\b", 'f': "\f",
	'a': "\a", 'v': "\v", '0': "\x00", '\n': ""}

// quoted reads a string up to its quote.
func (p *parser) quoted() (string, error) {
	quote := p.text[p.at]
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		if c == quote {
			p.at++
			return b.String(), nil
		}
		if c != '\\' {
			b.WriteByte(c)
			continue
		}
		if p.at++; p.at == len(p.text) {
			break
		}
		c = p.text[p.at]
		if digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]; digits > 0 {
			letter, err := p.code(digits)
			if err != nil {
				return "", err
			}
			b.WriteRune(letter)
		} else if other, ok := escapes[c]; ok {
			b.WriteString(other)
		} else {
			b.WriteByte(c)
		}
	}
	return "", errors.New("a string without its end")
}

// code reads the number of a letter, of two units where it is half of a pair.
func (p *parser) code(digits int) (rune, error) {
	if p.at+digits >= len(p.text) {
		return 0, errors.New("a string without its end")
	}
	n, err := strconv.ParseUint(p.text[p.at+1:p.at+1+digits], 16, 32)
	if err != nil {
		return 0, fmt.Errorf("\\%c: want %d hexadecimal digits", p.text[p.at], digits)
	}
	p.at += digits
	letter := rune(n)
	if letter >= 0xd800 && letter < 0xdc00 && strings.HasPrefix(p.text[p.at+1:], `\u`) {
		p.at += 2
		low, err := p.code(4)
		if err != nil {
			return 0, err
		}
		letter = (letter-0xd800)<<10 | (low - 0xdc00) + 0x10000
	}
	if !utf8.ValidRune(letter) {
		return utf8.RuneError, nil
	}
	return letter, nil
}
