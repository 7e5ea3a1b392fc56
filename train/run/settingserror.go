package run

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/nearest"
)

// plainJSON is an error of reading settings from a text, in words of the file and not of
// this program.
func plainJSON(text []byte, err error) error {
	var typ *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &typ):
		return fmt.Errorf("line %d: %s is %s, want %s", lineAt(text, typ.Offset),
			cmp.Or(typ.Field, "all of it"), typ.Value, kindOf(typ.Type))
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: not JSON: %w", lineAt(text, syntax.Offset), err)
	case errors.Is(err, io.EOF):
		return errors.New("nothing is in it, want an object of settings")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("line %d: it ends there, before its object of settings does",
			lineAt(text, int64(len(text))))
	}
	key, ok := strings.CutPrefix(err.Error(), "json: unknown field ")
	if !ok {
		return err
	}
	key = strings.Trim(key, `"`)
	if near := nearest.Word(key, settingKeys()); near != "" {
		return fmt.Errorf("no setting is called %q: did you mean %s?", key, near)
	}
	return fmt.Errorf("no setting is called %q", key)
}

func lineAt(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
}

// kindOf is what a value of a type is in a file.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text in quotes"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a whole number"
}

// settingKeys are the keys of a file of settings.
func settingKeys() (keys []string) {
	t := reflect.TypeFor[Settings]()
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" && !slices.Contains(keys, name) {
			keys = append(keys, name)
		}
	}
	return keys
}
