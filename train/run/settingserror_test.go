package run

import (
	"strings"
	"testing"
)

func TestErrorsOfSettingsAreInWordsOfTheFile(t *testing.T) {
	for text, want := range map[string]string{
		"{\n \"epochs\": \"3\"}":         `line 2: epochs is string, want a whole number`,
		`{"epochs": 3.5}`:                `line 1: epochs is number 3.5, want a whole number`,
		` [1]`:                           `line 1: all of it is array, want an object`,
		" ":                              `nothing is in it`,
		"{\"epochs\":\n3,":               `line 2: it ends there`,
		`{"strict": 1}`:                  `line 1: strict is number, want true or false`,
		`{"arch": ["tiny"]}`:             `line 1: arch is array, want a text in quotes`,
		"{\"epochs\": 3,\n\n}":           `line 3: not JSON: `,
		`{"epcohs": 3}`:                  `no setting is called "epcohs": did you mean epochs?`,
		`{"augmentation_strength": "x"}`: `no setting is called "augmentation_strength"`,
	} {
		s := Defaults()
		if err := s.decode([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) ||
			strings.Contains(err.Error(), "Go ") {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}
